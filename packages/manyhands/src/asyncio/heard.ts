/** Whether anybody would notice that a signal aborts: then a cancellation has reached its task by it, and must not be thrown
 *  a second time.
 *
 *  Listeners can be counted. Signals that depend on it, made by `AbortSignal.any`, are known to Node alone: it keeps weak
 *  references to them in a set under a symbol. Where a later version keeps them otherwise they are not seen, and the task's
 *  next wait throws, too: the safe side. */
import { getEventListeners } from "node:events";
import { types } from "node:util";

const DEPENDANTS: symbol | undefined = (() => {
  const { signal } = new AbortController();
  // Only a signal that has a dependant has the set.
  AbortSignal.any([signal]);
  return Object.getOwnPropertySymbols(signal).find((symbol) => symbol.description === "kDependantSignals");
})();

export function isHeard(signal: AbortSignal): boolean {
  if (getEventListeners(signal, "abort").length > 0) return true;
  return dependantsOf(signal).some((each) => isHeard(each));
}

/** Node's own sets and references are not those of the program by class, but they are by nature. */
function dependantsOf(signal: AbortSignal): AbortSignal[] {
  const set: unknown = DEPENDANTS === undefined ? undefined : Reflect.get(signal, DEPENDANTS);
  if (!types.isSet(set)) return [];
  const found: unknown[] = [...Set.prototype.values.call(set)].map((each: unknown) =>
    typeof each === "object" && each !== null && "deref" in each ? WeakRef.prototype.deref.call(each) : undefined,
  );
  return found.filter((each): each is AbortSignal => each instanceof AbortSignal);
}
