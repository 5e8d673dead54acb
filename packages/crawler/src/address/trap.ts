/** Addresses that a site can make without end: calendars, paths that contain themselves, queries that grow.
 *
 *  Guarantees: pure; an address alone is judged, and for dated ones how many of their shape there were before. */

/** What a trap looks like. */
export type TrapReason = "too-long" | "too-deep" | "repeating-path" | "growing-query" | "calendar";

/** From where on an address is taken for a trap. */
export interface TrapLimits {
  /** Characters. @default 2000 */
  readonly maxLength: number;
  /** Parts of the path. @default 20 */
  readonly maxSegments: number;
  /** How often a part of the path, or several, may follow upon itself. @default 2 */
  readonly maxRepeats: number;
  /** Query parameters. @default 20 */
  readonly maxParameters: number;
  /** Months after the present one. @default 12 */
  readonly maxMonthsAhead: number;
  /** Addresses with a date that are otherwise the same. @default 1000 */
  readonly maxDated: number;
}

export const TRAP_LIMITS: TrapLimits = {
  maxLength: 2000,
  maxSegments: 20,
  maxRepeats: 2,
  maxParameters: 20,
  maxMonthsAhead: 12,
  maxDated: 1000,
};

/** Whether `address` is a trap, and which.
 *  @param now ms since 1970
 *  @param alike how many addresses of the same {@link datedShape} were found before */
export function trapIn(address: string, limits: TrapLimits, now: number, alike: number): TrapReason | undefined {
  if (address.length > limits.maxLength) return "too-long";
  const url = new URL(address);
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  if (segments.length > limits.maxSegments) return "too-deep";
  if (repeats(segments, limits.maxRepeats + 1)) return "repeating-path";
  if (grows(url.search, limits)) return "growing-query";
  const month = monthIn(url);
  if (month === undefined) return undefined;
  const ahead = month - monthOf(new Date(now));
  return ahead > limits.maxMonthsAhead || alike >= limits.maxDated ? "calendar" : undefined;
}

/** What dated addresses of one calendar have in common; `undefined` for an address without a date. */
export function datedShape(address: string): string | undefined {
  const url = new URL(address);
  if (monthIn(url) === undefined) return undefined;
  return `${url.host}${url.pathname}${url.search}`.replace(/\d+/g, "#");
}

/** Whether a run of segments follows upon itself so many times: `/a/b/a/b/a/b`. */
function repeats(segments: readonly string[], times: number): boolean {
  for (let length = 1; length * times <= segments.length; length++) {
    // How many segments in a row equal the one that is `length` before.
    let equal = 0;
    for (let at = length; at < segments.length; at++) {
      equal = segments[at] === segments[at - length] ? equal + 1 : 0;
      if (equal === length * (times - 1)) return true;
    }
  }
  return false;
}

function grows(search: string, { maxParameters, maxRepeats }: TrapLimits): boolean {
  if (search === "") return false;
  const pairs = search.slice(1).split("&");
  if (pairs.length > maxParameters) return true;
  const counts = new Map<string, number>();
  for (const pair of pairs) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  return Math.max(...counts.values()) > maxRepeats;
}

const monthOf = (date: Date): number => date.getUTCFullYear() * 12 + date.getUTCMonth();

const IN_PATH = /(?:^|[^\d])(\d{4})[-/](\d{1,2})(?![\d])/;

/** The month that an address names, counted from year 0; `undefined` when it names none. */
function monthIn(url: URL): number | undefined {
  const query = url.searchParams;
  const [year, month] = [query.get("year") ?? query.get("y"), query.get("month") ?? query.get("m") ?? "1"];
  if (year !== null && /^\d{4}$/.test(year) && /^\d{1,2}$/.test(month)) return monthNumber(year, month);
  const [, inPathYear, inPathMonth] = IN_PATH.exec(url.pathname) ?? IN_PATH.exec(url.search) ?? [];
  return inPathYear === undefined || inPathMonth === undefined ? undefined : monthNumber(inPathYear, inPathMonth);
}

function monthNumber(year: string, month: string): number | undefined {
  const [y, m] = [Number(year), Number(month)];
  // Below 1000 and above 12 it is a number of something else.
  return y >= 1000 && m >= 1 && m <= 12 ? y * 12 + m - 1 : undefined;
}
