/** Whether a failed call runs again, and when. A pure decision. */

export interface RetryPolicy {
  readonly limit: number;
  readonly delay: number;
  readonly factor: number;
  readonly spread: "none" | "jitter";
  readonly when: (error: unknown) => boolean;
}

export type AfterFailure = { readonly do: "fail" } | { readonly do: "retry"; readonly after: number };

/** Decides after attempt number `attempt` (from 1) has failed. What the policy's own `when` throws is thrown here.
 *
 *  @param random in [0, 1). With jitter a pause is 50–100 % of its full length ("equal jitter", Brooker, *Exponential
 *  Backoff And Jitter*, 2015): spread enough to part calls that failed together, and never so short that it is none. */
export function afterFailure(
  policy: RetryPolicy | undefined,
  attempt: number,
  error: unknown,
  random: () => number = Math.random,
): AfterFailure {
  if (policy === undefined || attempt > policy.limit || !policy.when(error)) return { do: "fail" };
  const full = policy.delay * policy.factor ** (attempt - 1);
  return { do: "retry", after: policy.spread === "jitter" ? full * (0.5 + random() / 2) : full };
}

/** A call that asks to be run again when its worker dies under it may do so this often, if `retries` says nothing:
 *  a call that kills every worker it meets must not go on for ever. */
const LOSSES = 3;

/** Decides after the worker has died under attempt number `attempt`. */
export function afterLoss(
  onWorkerLoss: "fail" | "retry",
  policy: RetryPolicy | undefined,
  attempt: number,
): AfterFailure {
  if (onWorkerLoss === "fail" || attempt > (policy?.limit ?? LOSSES)) return { do: "fail" };
  return { do: "retry", after: policy === undefined ? 0 : policy.delay * policy.factor ** (attempt - 1) };
}
