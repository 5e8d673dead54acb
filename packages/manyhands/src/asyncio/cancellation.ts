/** Which errors are a cancellation of a task: its own, and what others make of it who were told by the task's signal. */
import { CancelledError } from "../base/errors.js";

/** Of Node's own functions: they reject with an AbortError of their own, and have the signal's reason as its cause.
 *  @returns the cancellation, if it is one. */
export function cancellationIn(reason: unknown): CancelledError | undefined {
  if (reason instanceof CancelledError) return reason;
  if (!(reason instanceof Error) || reason.name !== "AbortError") return undefined;
  return reason.cause instanceof CancelledError ? reason.cause : undefined;
}
