/** Objects of other processes that this thread has: one core for each, however often it arrives, and for as long as this
 *  thread holds something of it. */
import type { Place } from "./site.js";

/** What the other side knows at once of any object. */
export interface Facts {
  /** Names the object among all of all processes. */
  readonly id: string;
}

export const factsOf = ({ bell, object }: Place): Facts => ({ id: `${bell.world.id}:${object}` });

const cores = new Map<string, WeakRef<object>>();
const forget = new FinalizationRegistry((id: string) => {
  if (cores.get(id)?.deref() === undefined) cores.delete(id);
});

/** What stands for an object that has arrived from another process: what there is already, or else what `make` makes. */
export function remoteCoreAt<C extends object>(facts: unknown, make: () => C): C {
  const { id } = facts as Facts;
  const known = cores.get(id)?.deref();
  if (known !== undefined) return known as C;
  const core = make();
  cores.set(id, new WeakRef(core));
  forget.register(core, id);
  return core;
}

/** Cores by which this thread holds a lock or permits. */
const holding = new Set<object>();

/** Says whether this thread holds something by the core. What is held ends with its release or with the thread: without
 *  this also when nobody has the core any more, for its owner is told then that it is not used. */
export function noteHeld(core: object, held: "something" | "nothing"): void {
  if (held === "something") holding.add(core);
  else holding.delete(core);
}
