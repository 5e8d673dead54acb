/** What a child process does when its parent is gone: whoever waits for that is told, and the process ends.
 *
 *  Guarantees: nothing outlives its parent for long, daemon or not, however the parent ended. A process that waits for its
 *  parent's end, or handles SIGTERM, gets time to clean up; all others end at once. */

/** What a process may take that cleans up, in ms. Less than the guard (`process-guard.ts`)
 *  waits. */
const PARTING = 1000;

const watchers = new Set<() => void>();
let parent: "there" | "gone" = "there";

export function parentIsGone(): boolean {
  return parent === "gone";
}

/** Tells once when the parent is gone, or never: in the main thread of a child only. */
export function watchParent(tell: () => void): Disposable {
  watchers.add(tell);
  return { [Symbol.dispose]: () => watchers.delete(tell) };
}

/** The parent is gone. Called by the program of the process, which holds the pipe that has closed. */
export function leaveWithParent(): void {
  if (parent === "gone") return;
  parent = "gone";
  // A parent that ends in good order has sent SIGTERM to its daemons just before: what they do about it takes its time.
  if (watchers.size === 0 && process.listenerCount("SIGTERM") === 0) process.exit(1);
  setTimeout(() => process.exit(1), PARTING);
  for (const tell of [...watchers]) tell();
}
