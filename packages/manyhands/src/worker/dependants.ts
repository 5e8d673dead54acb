/** The threads and processes that this thread has started and must not leave behind: those that are not daemons.
 *
 *  In the main program Node itself waits for them, for their handles are referenced. A thread or process that runs one
 *  function is ended by us, and asks here first. */

const dependants = new Set<object>();
const watchers = new Set<(how: "some" | "none") => void>();

/** It has begun, and this thread waits for it. */
export function addDependant(dependant: object): void {
  const first = dependants.size === 0;
  dependants.add(dependant);
  if (first) for (const tell of watchers) tell("some");
}

/** It has ended. Telling it again changes nothing. */
export function removeDependant(dependant: object): void {
  if (!dependants.delete(dependant) || dependants.size > 0) return;
  for (const tell of [...watchers]) tell("none");
}

export function hasDependants(): boolean {
  return dependants.size > 0;
}

/** Tells of the first one there is and of the last one that has ended. */
export function watchDependants(tell: (how: "some" | "none") => void): Disposable {
  watchers.add(tell);
  return { [Symbol.dispose]: () => watchers.delete(tell) };
}

/** Waits until nothing is left to wait for. */
export function whenIndependent(): Promise<void> {
  if (!hasDependants()) return Promise.resolve();
  return new Promise((resolve) => {
    const watch = watchDependants((how) => {
      if (how === "some") return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
}
