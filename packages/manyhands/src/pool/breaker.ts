/** Tells a worker that died from workers that cannot live: after a few that died of their own, not under a call, before
 *  any had finished one, the executor is broken, instead of starting worker after worker for ever (CPython's Pool: 165 in two seconds).
 *
 *  Pure: states and events in, state out. Deaths under a call do not count: each is settled by that call's error. */

export type Breaker = { readonly kind: "closed"; readonly deaths: number } | { readonly kind: "open" };
export type BreakerEvent = "worked" | "died-useless";

export const CLOSED: Breaker = { kind: "closed", deaths: 0 };
/** One death may be an accident, two may be; three in a row, with no call finished between, are a rule. */
const LIMIT = 3;

export function nextBreaker(breaker: Breaker, event: BreakerEvent): Breaker {
  if (breaker.kind === "open" || event === "worked") return breaker.kind === "open" ? breaker : CLOSED;
  const deaths = breaker.deaths + 1;
  return deaths >= LIMIT ? { kind: "open" } : { kind: "closed", deaths };
}
