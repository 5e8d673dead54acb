/** What can be asked of a download, with what holds when nothing is said. */
import { InvalidOptionError } from "manyhands";
import type { Dispatcher } from "undici";
import { type Clock, systemClock } from "../clock.js";
import type { Lookup } from "../safety/mod.js";
import type { Checksum } from "./checksum.js";
import { parseChecksum } from "./checksum.js";
import type { Existing } from "./placing.js";

/** A URL, or one with what is known of its file. */
export type DownloadRequest =
  | string
  | URL
  | {
      readonly url: string | URL;
      /** The name to save it by; made safe. @default what the server says, else the URL's last part */
      readonly name?: string;
      /** `sha256:HEX`; md5, sha1, sha384 and sha512 are known too. */
      readonly checksum?: string;
    };

/** Options of {@link download}. Times are in ms, sizes in bytes. */
export interface DownloadOptions {
  /** The folder to save in; it is made when it is missing. @default "." */
  readonly dir?: string;
  /** Files at once. @default 4 */
  readonly concurrency?: number;
  /** Files at once from one host. @default 2 */
  readonly perHost?: number;
  /** What to do when there is a file of the name. @default "skip" with `resume`, else "fail" */
  readonly existing?: Existing;
  /** Goes on with the unfinished files of an earlier run. @default false */
  readonly resume?: boolean;
  /** Checksums by file name; a file that is not in it fails. */
  readonly checksums?: ReadonlyMap<string, Checksum>;
  /** Bytes per second, for all files together. @default any number */
  readonly limitRate?: number;
  /** The largest file. @default any size */
  readonly maxBytes?: number;
  /** The longest silence of a server. @default 30000 */
  readonly timeout?: number;
  /** Further attempts after a failure that may pass. @default 3 */
  readonly retries?: number;
  /** Pause before the first of them; each is twice the one before. @default 500 */
  readonly backoff?: number;
  /** The longest pause, also when a host asks for one by Retry-After; then the file is given up. @default 120000 */
  readonly maxPause?: number;
  /** Headers of each request; credentials stay with the origin of the URL. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Lets requests go to private addresses. @default false */
  readonly allowPrivate?: boolean;
  /** Ends all downloads; unfinished files are kept for `resume`. */
  readonly signal?: AbortSignal;
  /** Finds the addresses of a name. @default the system's resolver */
  readonly lookup?: Lookup;
  /** What requests go through instead of connections that are checked; then their safety is yours. */
  readonly dispatcher?: Dispatcher;
  /** Time, for tests. @default the machine's */
  readonly clock?: Clock;
  /** A number from 0 to 1 by which pauses are spread. @default Math.random */
  readonly random?: () => number;
  /** Free bytes on a folder's volume. @default the system's answer */
  readonly freeSpace?: (folder: string) => Promise<number>;
}

type Defaulted =
  | ("dir" | "concurrency" | "perHost" | "resume" | "limitRate" | "maxBytes" | "timeout" | "retries" | "backoff")
  | ("maxPause" | "headers" | "allowPrivate" | "clock" | "random");

const DEFAULTS: Required<Pick<DownloadOptions, Defaulted>> = {
  dir: ".",
  concurrency: 4,
  perHost: 2,
  resume: false,
  limitRate: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  timeout: 30_000,
  retries: 3,
  backoff: 500,
  maxPause: 120_000,
  headers: {},
  allowPrivate: false,
  clock: systemClock,
  random: Math.random,
};

/** Options with what holds when nothing was said. */
export type DownloadPlan = Omit<DownloadOptions, Defaulted | "existing"> &
  Required<Pick<DownloadOptions, Defaulted | "existing">>;

const NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(DEFAULTS),
  ...["existing", "checksums", "signal", "lookup", "dispatcher", "freeSpace"],
]);

/** @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the one that makes no sense. */
export function planOf(options: DownloadOptions): DownloadPlan {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw new InvalidOptionError(name, `download has no option ${name}`);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const existing = options.existing ?? (options.resume === true ? "skip" : "fail");
  const plan: DownloadPlan = { ...DEFAULTS, ...given, existing };
  for (const name of ["concurrency", "perHost"] as const) {
    if (Number.isInteger(plan[name]) && plan[name] >= 1) continue;
    throw new InvalidOptionError(name, `${name} must be a whole number of at least 1, got ${plan[name]}`);
  }
  for (const name of ["retries", "backoff", "maxPause"] as const) {
    if (plan[name] >= 0) continue;
    throw new InvalidOptionError(name, `${name} must be a number of at least 0, got ${plan[name]}`);
  }
  for (const name of ["limitRate", "maxBytes", "timeout"] as const) {
    if (plan[name] > 0) continue;
    throw new InvalidOptionError(name, `${name} must be a number above 0, got ${plan[name]}`);
  }
  if (["fail", "overwrite", "skip", "rename"].includes(plan.existing)) return plan;
  throw new InvalidOptionError("existing", `existing must be fail, overwrite, skip or rename, got ${plan.existing}`);
}

/** A request in one form. */
export interface NamedRequest {
  readonly url: string;
  readonly name: string | undefined;
  readonly checksum: Checksum | undefined;
}

/** @throws ChecksumError (`ERR_CHECKSUM`) when the checksum is none. */
export function namedRequest(request: DownloadRequest): NamedRequest {
  if (typeof request === "string" || request instanceof URL) {
    return { url: String(request), name: undefined, checksum: undefined };
  }
  const checksum = request.checksum === undefined ? undefined : parseChecksum(request.checksum);
  return { url: String(request.url), name: request.name, checksum };
}
