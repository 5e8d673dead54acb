/** When a host may be asked next. Decides only; who acts is the {@link HostLines}.
 *
 *  Guarantees: pure; never more than `perHost` requests at once; never two starts closer together than `delay`; none before a
 *  pause is over. */

/** How a host stands. */
export interface Pace {
  /** Requests under way. */
  readonly inFlight: number;
  /** No request starts before this time, in ms. */
  readonly notBefore: number;
}

/** What a host is spared. */
export interface PaceLimits {
  /** Requests at once. */
  readonly perHost: number;
  /** Ms between two starts. */
  readonly delay: number;
}

/** What can be done for a host now. */
export type Turn =
  | { readonly do: "start" }
  /** Nothing before this time, in ms. */
  | { readonly do: "wait"; readonly until: number }
  /** Nothing before a request ends. */
  | { readonly do: "hold" };

export const AT_REST: Pace = { inFlight: 0, notBefore: Number.NEGATIVE_INFINITY };

/** Whether a request may start at `now`. */
export function turnOf(pace: Pace, limits: PaceLimits, now: number): Turn {
  if (pace.inFlight >= limits.perHost) return { do: "hold" };
  return now >= pace.notBefore ? { do: "start" } : { do: "wait", until: pace.notBefore };
}

/** After a request has started. */
export function started(pace: Pace, limits: PaceLimits, now: number): Pace {
  return { inFlight: pace.inFlight + 1, notBefore: Math.max(pace.notBefore, now + limits.delay) };
}

/** After a request has ended. */
export const ended = (pace: Pace): Pace => ({ ...pace, inFlight: pace.inFlight - 1 });

/** After the host has asked for a pause. A shorter one does not take a longer one back. */
export const paused = (pace: Pace, until: number): Pace => ({ ...pace, notBefore: Math.max(pace.notBefore, until) });
