/** Whether and when an address is asked again.
 *
 *  Guarantees: pure, with the chance handed in; as many attempts as allowed and no more; a host that names a time is not
 *  asked earlier; one that names an absurd time is given up. */

/** How often to try, and how long to wait in between. */
export interface RetryRules {
  /** Further attempts after the first. */
  readonly retries: number;
  /** The first pause, in ms; each further one is twice as long. */
  readonly backoff: number;
  /** The longest pause that is made, in ms, also when a host asks for one. */
  readonly maxPause: number;
}

/** One attempt that failed. */
export interface Failure {
  /** Counted from 1. */
  readonly attempt: number;
  /** What the host asked for, in ms from now. */
  readonly retryAfter: number | undefined;
}

export type Retry = { readonly do: "again"; readonly after: number } | { readonly do: "give-up" };

/** What to do after a failure.
 *  @param chance a number from 0 to 1: pauses are spread, so that what failed together does not come back together */
export function retryOf({ attempt, retryAfter }: Failure, rules: RetryRules, chance: number): Retry {
  if (attempt > rules.retries) return { do: "give-up" };
  if (retryAfter !== undefined && retryAfter > rules.maxPause) return { do: "give-up" };
  const pause = Math.min(rules.backoff * 2 ** (attempt - 1), rules.maxPause);
  return { do: "again", after: Math.max(retryAfter ?? 0, pause * (0.5 + chance / 2)) };
}

/** Answers that another attempt may change. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export const isPassing = (status: number): boolean => PASSING.has(status);

/** Answers by which a host asks to be spared for a while; it concerns all its addresses. */
export const asksForPause = (status: number): boolean => status === 429 || status === 503;

/** `Retry-After` as ms from `now`: seconds or an HTTP date; `undefined` when it says neither. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse takes far more than HTTP does, such as "-1" for a year.
  if (!/^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  const time = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}
