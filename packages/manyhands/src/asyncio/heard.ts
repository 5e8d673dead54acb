/** Whether anybody would notice that a signal aborts: then a cancellation has reached its task by it, and must not be thrown
 *  a second time.
 *
 *  Listeners can be counted. Signals that depend on it, made by `AbortSignal.any`, are known to Node alone: it keeps weak
 *  references to them in a set under a symbol. Where a later version keeps them otherwise they are not seen, and the task's
 *  next wait throws, too: the safe side. */
import { getEventListeners } from "node:events";

const DEPENDANTS: symbol | undefined = (() => {
  const { signal } = new AbortController();
  // Only a signal that has a dependant has the set.
  AbortSignal.any([signal]);
  return Object.getOwnPropertySymbols(signal).find((symbol) => symbol.description === "kDependantSignals");
})();

export function isHeard(signal: AbortSignal): boolean {
  if (getEventListeners(signal, "abort").length > 0) return true;
  const dependants: unknown = DEPENDANTS === undefined ? undefined : Reflect.get(signal, DEPENDANTS);
  return dependants instanceof Set && [...dependants].some((each: unknown) => isHeardThrough(each));
}

function isHeardThrough(reference: unknown): boolean {
  const signal: unknown = reference instanceof WeakRef ? reference.deref() : undefined;
  return signal instanceof AbortSignal && isHeard(signal);
}
