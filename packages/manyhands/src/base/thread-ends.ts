/** Which threads have ended, told by whoever sees it to whoever has to make good what they left.
 *
 *  They do not know each other: those that start threads need not load what they share, nor the other way round. */

const listeners = new Set<(threadId: number) => void>();

/** Calls `listener` with each thread that is seen to have ended from now on; perhaps twice with the same. */
export function whenEnded(listener: (threadId: number) => void): void {
  listeners.add(listener);
}

/** A thread has ended, and with it all the threads it had started. */
export function hasEnded(threadId: number): void {
  for (const listener of listeners) listener(threadId);
}
