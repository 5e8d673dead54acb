/** Numbers, times and sizes as texts for people: short, of nearly constant width, the same everywhere on the page. */

/** What stands where nothing is known. */
export const UNKNOWN = "–";

const UNITS = ["", "k", "M", "G"] as const;

/** `7`, `1 234`, `56.1k`, `7.2M`. */
export function count(value: number): string {
  if (value < 10_000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${threeDigits(rest)}${UNITS[unit]}`;
}

/** A rate or another number that need not be whole: `0`, `0.25`, `3.1`, `120`. */
export function decimal(value: number): string {
  return value >= 1000 ? count(value) : threeDigits(value);
}

function threeDigits(value: number): string {
  if (value === 0) return "0";
  if (value >= 99.5) return String(Math.round(value));
  return value >= 9.95 ? value.toFixed(1) : value.toFixed(2);
}

/** A duration in ms: `850 µs`, `12.3 ms`, `4.20 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 0.0005) return "0 ms";
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 59_950) return `${threeDigits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number that is round already, at an axis: `0`, `0.5`, `40`, `1.5k`. */
export function roundNumber(value: number): string {
  return value >= 10_000 ? count(value) : String(Number(value.toPrecision(6)));
}

/** A duration in ms that is round already, at an axis: `250 µs`, `40 ms`, `1.5 s`. */
export function roundDuration(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1) return `${roundNumber(ms * 1000)} µs`;
  return ms < 1000 ? `${roundNumber(ms)} ms` : `${roundNumber(ms / 1000)} s`;
}

/** An age in ms, by whole seconds behind the first one, so that it does not flicker. */
export function age(ms: number): string {
  return ms < 1000 ? duration(Math.max(0, Math.round(ms / 100) * 100)) : duration(Math.floor(ms / 1000) * 1000);
}

/** Bytes: `512 B`, `12.3 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let rest = value / 1000;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${threeDigits(rest)} ${units[unit]}`;
}

/** A share from 0 to 1: `37 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}\u202f%`;
}

/** A time of day at this computer: `14:03:27`. */
export function clock(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString("en-GB", { hour12: false });
}

/** The same with ms: `14:03:27.045`. */
export function preciseClock(epochMs: number): string {
  return `${clock(epochMs)}.${String(Math.floor(((epochMs % 1000) + 1000) % 1000)).padStart(3, "0")}`;
}

/** `1 call`, `3 calls`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
