/** How far an executor's life has got, and what that means for calls. Pure. */
import { BrokenExecutorError, CancelledError, ShutdownError } from "../base/errors.js";

/** `draining`: what was taken is finished. `broken`: no worker can live. */
export type Phase =
  | { readonly kind: "open" }
  | { readonly kind: "draining" }
  | { readonly kind: "broken"; readonly error: BrokenExecutorError }
  | { readonly kind: "closed" };

/** Why no call is taken any more: an error of its own for each call. `undefined` while calls are taken. */
export function refusalOf(phase: Phase, name: string): Error | undefined {
  switch (phase.kind) {
    case "open":
      return undefined;
    case "broken":
      return new BrokenExecutorError(phase.error.message, { cause: phase.error.cause });
    case "draining":
    case "closed":
      return new ShutdownError(`Cannot submit: the executor ${name} was shut down`);
  }
}

/** The error of a call that was cancelled for `reason`. */
export function cancellation(reason: unknown): CancelledError {
  return new CancelledError(undefined, reason === undefined ? undefined : { cause: reason });
}
