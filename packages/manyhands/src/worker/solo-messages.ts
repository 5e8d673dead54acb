/** The messages between a thread or process that runs one function and whoever started it: two closed unions, the same for
 *  both kinds. The arguments are not among them: they leave when it is started. */
import type { WireError } from "../wire/errors.js";
import type { WireFunction } from "../wire/function-ref.js";
import type { Parcel } from "../wire/tickets.js";
import type { Takes } from "./messages.js";

export type ToSolo =
  /** The function to run. */
  | { readonly type: "target"; readonly target: WireFunction }
  /** The function cannot travel: fail with this. */
  | { readonly type: "refused"; readonly error: WireError }
  /** What Ctrl-C is to a program; sent to processes. */
  | { readonly type: "interrupt" };

/** What it is called with; first of all. */
export interface SoloArguments {
  readonly args: readonly unknown[];
  readonly takes: Takes;
}

export type FromSolo =
  | { readonly type: "returned"; readonly value: unknown }
  /** It returned something with shared objects in it. */
  | { readonly type: "returned-parcel"; readonly parcel: Parcel }
  /** It returned something that cannot travel; whether anybody wants it is not known here. */
  | { readonly type: "returned-unsendable"; readonly error: WireError }
  /** The function threw; or something else did that no task caught, perhaps after the function had ended. */
  | { readonly type: "threw"; readonly error: WireError }
  /** The function has ended; the thread only waits for threads and processes that it has started. */
  | { readonly type: "lingers" }
  /** Whether the thread has started something that keeps the program alive. */
  | { readonly type: "depended-on"; readonly by: "some" | "none" };
