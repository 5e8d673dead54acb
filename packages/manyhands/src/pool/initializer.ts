/** What runs in each worker before its first call, made ready to travel. */
import { type AnyTask, inspectValue, reference, snapshotOf } from "../wire/mod.js";
import type { Initializer } from "../worker/mod.js";

/** @throws SerializationError when an argument cannot travel. */
export function planInitializer(initializer: AnyTask, initargs: readonly unknown[]): Promise<Initializer> {
  inspectValue(initargs, "initargs", "process");
  // Copied now, as the arguments of a call are: each worker gets them as they are here.
  const args = snapshotOf(initargs, "process") as readonly unknown[];
  const planned = reference(initializer).then((target) => ({ target, args }));
  // The first worker tells of the failure.
  planned.catch(() => undefined);
  return planned;
}
