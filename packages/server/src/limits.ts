/** What this server allows, checked. */
import { InvalidOptionError } from "manyhands";

/** How much clients may ask for. Durations in ms, sizes in bytes. */
export interface Limits {
  /** Largest body, line of a map, or WebSocket message. @default 1048576 */
  readonly maxBody: number;
  /** Calls that wait for a worker; one more is refused with 503. @default 1000 */
  readonly maxQueue: number;
  /** Calls of one client (by its address) that have not ended; one more is refused with 429. @default 100 */
  readonly maxPerClient: number;
  /** Longest time in the queue, and longest running time of a call, after which it is stopped and 504 answered.
   *  @default 30000 */
  readonly timeout: number;
  /** How long a call that is asked to stop may take to do so. @default 1000 */
  readonly grace: number;
  /** Calls that one client may begin in any `per` ms; more are refused with 429. @default none */
  readonly rate: { readonly limit: number; readonly per: number } | undefined;
  /** Jobs whose outcome is kept. @default 1000 */
  readonly maxJobs: number;
  /** How long the outcome of a job is kept. @default 600000 */
  readonly jobLifetime: number;
  /** Progress reports that are kept of a job, for those who come later. @default 1000 */
  readonly maxEvents: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxBody: 1 << 20,
  maxQueue: 1000,
  maxPerClient: 100,
  timeout: 30_000,
  grace: 1000,
  rate: undefined,
  maxJobs: 1000,
  jobLifetime: 600_000,
  maxEvents: 1000,
};

const LEAST: Readonly<Record<Exclude<keyof Limits, "rate">, number>> = {
  maxBody: 1,
  maxQueue: 1,
  maxPerClient: 1,
  timeout: 1,
  grace: 0,
  maxJobs: 1,
  jobLifetime: 0,
  maxEvents: 1,
};

/** The limits in force. @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the one that makes no sense. */
export function limitsOf(given: Partial<Limits>): Limits {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const limits: Limits = { ...DEFAULT_LIMITS, ...Object.fromEntries(known) };
  for (const [name, least] of Object.entries(LEAST)) checkNumber(name, Reflect.get(limits, name), least);
  if (limits.rate !== undefined) {
    checkNumber("rate.limit", limits.rate.limit, 1);
    checkNumber("rate.per", limits.rate.per, 1);
  }
  return limits;
}

function checkNumber(name: string, value: unknown, least: number): void {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return;
  throw new InvalidOptionError(name, `${name} must be a number of at least ${least}, not ${String(value)}`);
}
