/** What a port is given to run: the function itself on the event loop, its wire form elsewhere. */
import type { ExecutorKind } from "../futures/mod.js";
import { type AnyTask, knownReference, reference, resolveFunction } from "../wire/mod.js";
import type { PortFunction } from "../worker/mod.js";

/** The target of a task: at once when it is known, else when it has been worked out.
 *  Rejects with `ClosureError` or `FunctionRefError`. */
export function targetOf(kind: ExecutorKind, task: AnyTask): PortFunction | Promise<PortFunction> {
  if (kind !== "event-loop") return knownReference(task) ?? reference(task);
  if (typeof task === "function") return task;
  return reference(task).then(resolveFunction);
}
