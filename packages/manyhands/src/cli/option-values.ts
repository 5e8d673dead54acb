/** Option values with units: durations, sizes, rates, counts.
 *
 *  Guarantees: pure; a value that does not parse is refused with what would be right, never guessed. */
import { InvalidArgumentError } from "commander";

const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const BYTES_PER: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** A duration in ms: a plain number, or a number with `ms`, `s`, `m`, `h`. */
export function parseDuration(text: string): number {
  const [, amount, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const factor = MS_PER[unit];
  if (amount === undefined || factor === undefined) {
    throw new InvalidArgumentError("A duration is a number of milliseconds, or 500ms, 10s, 2m, 1h.");
  }
  return Number(amount) * factor;
}

/** A duration longer than nothing. */
export function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms <= 0) throw new InvalidArgumentError("It must be longer than 0.");
  return ms;
}

/** A size in bytes: a plain number, or a number with `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`. */
export function parseSize(text: string): number {
  const [, amount, unit = "b"] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/.exec(text.trim().toLowerCase()) ?? [];
  const factor = BYTES_PER[unit];
  const bytes = amount === undefined || factor === undefined ? 0 : Math.round(Number(amount) * factor);
  if (bytes < 1) throw new InvalidArgumentError("A size is a number of bytes, or 512KB, 512MB, 2GB, 512MiB.");
  return bytes;
}

/** A number of calls in a time. */
export interface Rate {
  readonly limit: number;
  /** In ms. */
  readonly per: number;
}

/** `10/s`, `600/m`, `5/h`, or a plain number for "per second". */
function readRate(text: string): Rate {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(text.trim()) ?? [];
  const [limit, per] = [Number(amount), MS_PER[unit]];
  if (amount === undefined || per === undefined || limit <= 0) {
    throw new InvalidArgumentError("A rate is a number of calls per time, such as 10/s, 600/m or 5/h.");
  }
  return { limit, per };
}

/** A rate as the ms between two starts. */
export function parseRate(text: string): number {
  const { limit, per } = readRate(text);
  return per / limit;
}

/** A rate as so many calls in any such time. */
export function parseWindow(text: string): Rate {
  const rate = readRate(text);
  if (!Number.isInteger(rate.limit)) throw new InvalidArgumentError("It must be a whole number of calls per time.");
  return rate;
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) >= 1) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

/** A whole number of at least 0. */
export function parseRetries(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of at least 0.");
}

/** A chunk size: a whole number of at least 1, or `auto`. */
export function parseChunk(text: string): number | "auto" {
  return text === "auto" ? "auto" : parseCount(text);
}

/** A port to listen on; 0: any that is free. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}
