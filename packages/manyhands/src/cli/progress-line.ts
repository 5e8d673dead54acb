/** What the progress line says.
 *
 *  Guarantees: pure; as wide as it is told to be, never wider. */

export interface ProgressView {
  /** Calls that have ended, those of an earlier run included. */
  readonly done: number;
  readonly failed: number;
  /** How many there will be, when known. */
  readonly total: number | undefined;
  /** Calls ended by this run, and its running time in ms. */
  readonly ownDone: number;
  readonly elapsed: number;
}

/** Calls per second of this run. */
export function rateOf(view: ProgressView): number {
  return view.elapsed <= 0 ? 0 : (view.ownDone / view.elapsed) * 1000;
}

/** ms until the end at the present rate; `undefined` when nobody can say. */
export function etaOf(view: ProgressView): number | undefined {
  const rate = rateOf(view);
  if (view.total === undefined || rate === 0 || view.done > view.total) return undefined;
  return ((view.total - view.done) / rate) * 1000;
}

/** A duration as people say it: `0.4 s`, `12 s`, `3 m 05 s`, `2 h 03 m`. */
export function shownDuration(ms: number): string {
  if (ms < 1000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** A rate with three significant digits. */
export function shownRate(perSecond: number): string {
  const digits = perSecond >= 100 ? 0 : perSecond >= 10 ? 1 : 2;
  return `${perSecond.toFixed(digits)}/s`;
}

/** The whole line in words. */
export function progressText(view: ProgressView): string {
  const known = view.total !== undefined && view.done <= view.total;
  const count = known ? `${view.done}/${view.total}` : `${view.done}`;
  const share = known && view.total > 0 ? ` ${Math.floor((view.done / view.total) * 100)} %` : "";
  const failed = view.failed === 0 ? "" : `, ${view.failed} failed`;
  const eta = etaOf(view);
  const rest = eta === undefined ? "" : `, ETA ${shownDuration(eta)}`;
  return `${count}${share}${failed}, ${shownRate(rateOf(view))}${rest}`;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `width` cells, filled to `share` (0 to 1) in eighths of a cell. What is more than nothing shows. */
export function bar(share: number, width: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(Math.min(1, Math.max(0, share)) * width * 8));
  const filled = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return filled.padEnd(width);
}

/** The bar and the words, cut to `columns`. */
export function progressLine(view: ProgressView, columns: number): string {
  const text = progressText(view);
  const width = Math.min(30, columns - text.length - 3);
  if (view.total === undefined || view.total === 0 || width < 5) return text.slice(0, Math.max(0, columns - 1));
  return `${bar(view.done / view.total, width)} ${text}`;
}
