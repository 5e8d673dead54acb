/** What a port is given to run: the function itself on the event loop, its wire form elsewhere. */
import { type Around, type Carrier, runAround } from "../base/carriers.js";
import type { ExecutorKind } from "../futures/mod.js";
import { type AnyTask, knownReference, reference, resolveFunction, type WireFunction } from "../wire/mod.js";
import type { PortFunction } from "../worker/mod.js";

/** A function by itself, with nothing that goes along. */
export type OwnTarget = WireFunction | ((...args: never[]) => unknown);

/** The target of a task: at once when it is known, else when it has been worked out.
 *  Rejects with `ClosureError` or `FunctionRefError`. */
export function targetOf(kind: ExecutorKind, task: AnyTask): OwnTarget | Promise<OwnTarget> {
  if (kind !== "event-loop") return knownReference(task) ?? reference(task);
  if (typeof task === "function") return task;
  return reference(task).then(resolveFunction);
}

/** By target and list of carriers: workers number functions by the object, and what is learnt of one hangs on it. */
const carryingTargets = new WeakMap<PortFunction, WeakMap<readonly Carrier[], PortFunction>>();

/** The target that takes, behind its own arguments, the values of these carriers, and runs with them in force. */
export function carrying(target: OwnTarget, carriers: readonly Carrier[]): PortFunction {
  let known = carryingTargets.get(target);
  if (known === undefined) {
    known = new WeakMap();
    carryingTargets.set(target, known);
  }
  let found = known.get(carriers);
  if (found === undefined) {
    found =
      typeof target === "function" ? inForce(target, carriers) : { type: "carrying", target, carriers: refs(carriers) };
    known.set(carriers, found);
  }
  return found;
}

function refs(carriers: readonly Carrier[]): readonly { readonly module: string; readonly name: string }[] {
  return carriers.map(({ module, name }) => ({ module, name }));
}

function inForce(run: (...args: never[]) => unknown, arounds: readonly Around[]): PortFunction {
  return (...all: unknown[]) => {
    const args = all.slice(0, -1);
    return runAround(arounds, all.at(-1) as readonly unknown[], () => run(...(args as never[])));
  };
}
