/** Objects of other processes that this thread has: one core for each, however often it arrives. */
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
