/** How the call of a `Thread` or `Process` leaves: its arguments as those of an executor's calls do, checked and copied when
 *  it is started. */

import type { Transferable } from "../futures/mod.js";
import { discard, mustBeDiscarded, parcelOf } from "../share/travel.js";
import type { Route } from "../wire/clonable.js";
import { encodeError } from "../wire/errors.js";
import type { WireFunction } from "../wire/function-ref.js";
import { type AnyTask, taskName } from "../wire/task-name.js";
import { isParcelled } from "../wire/tickets.js";
import { transferListOf } from "../wire/transfer.js";
import { allPrimitive, inspectValue, serializationError } from "../wire/values.js";
import type { Takes } from "./messages.js";
import type { ToSolo } from "./solo-messages.js";
import type { SoloCall } from "./solo-port.js";

/** Checks the arguments, puts them into a parcel when they hold shared objects, and begins to work out how the function
 *  travels.
 *  @throws SerializationError naming the part that cannot take this route. */
export function planSoloCall(task: AnyTask, args: readonly unknown[], route: Route): SoloCall {
  const sent = checked(args, route);
  const target = lookUp?.knownReference(task) ?? reference(task);
  // Its failure is the worker's, as soon as there is one; a timer may make that much later.
  if (target instanceof Promise) target.catch(() => undefined);
  return { task: taskName(task), target, args: sent };
}

function checked(args: readonly unknown[], route: Route): readonly unknown[] {
  if (allPrimitive(args)) return args;
  const { shareables } = inspectValue(args, "args", route, new Set(route === "thread" ? movedWith(args) : []));
  return shareables === 0 ? args : [parcelOf(args, route, "until-revoked")];
}

/** In which form the arguments of the call travel. */
export const takesOf = ({ args }: SoloCall): Takes => (isParcelled(args) ? "parcel" : "args");

/** The call is over, or never began: what it was given is given back. */
export function discardArguments({ args }: SoloCall): void {
  if (isParcelled(args) && mustBeDiscarded(args[0])) discard(args[0]);
}

/** Most of the code, and not needed before the worker boots: it is loaded meanwhile. */
let lookUp: typeof import("../wire/function-ref.js") | undefined;

async function reference(task: AnyTask): Promise<WireFunction> {
  lookUp ??= await import("../wire/function-ref.js");
  return await lookUp.reference(task);
}

/** What to throw when arguments that passed the check are refused by the copy itself. Other errors are passed on. */
export function refusedCopy({ args }: SoloCall, route: Route, cause: unknown): unknown {
  // A thread's arguments are copied when its worker is made, which can fail for other reasons.
  if (route === "thread" && !(cause instanceof DOMException && cause.name === "DataCloneError")) return cause;
  const error = serializationError(args, "args", route);
  if (error.cause === undefined) error.cause = cause;
  return error;
}

/** What moves with the arguments: what was marked with `transfer`. */
export function movedWith(args: readonly unknown[]): readonly Transferable[] {
  return args.flatMap((arg) => transferListOf(arg));
}

/** Posts the function as soon as it is known how it travels, or why it cannot. */
export function postTarget({ target }: SoloCall, post: (message: ToSolo) => void): void {
  if (!(target instanceof Promise)) return post({ type: "target", target });
  target.then(
    (known) => post({ type: "target", target: known }),
    (error: unknown) => post({ type: "refused", error: encodeError(error) }),
  );
}
