/** Many calls of `square` at once, their results checked: what several measures have in common. */
import type { Subject } from "./subject.js";

/** One window: all its calls are pending before the first is awaited. */
export async function runWindow(subject: Subject, first: number, size: number): Promise<void> {
  const calls = new Array<PromiseLike<unknown>>(size);
  for (let i = 0; i < size; i++) calls[i] = subject.call(first + i);
  check(await Promise.all(calls), first, size);
}

/** A subject that answers wrongly, or in another order, has no speed worth knowing.
 *  @throws Error naming the first wrong result. */
export function check(results: readonly unknown[], first: number, size: number): void {
  for (let i = 0; i < size; i++) {
    if (results[i] !== (first + i) ** 2) throw new Error(`square(${first + i}) is not ${results[i]}`);
  }
}

/** Starting is a measure of its own: for the others all workers are there, and have answered, when the clock starts. */
export const warmUp = (subject: Subject, workers: number): Promise<void> => runWindow(subject, 0, 10 * workers);

/** How long `work` takes, in ms. */
export async function timed(work: () => PromiseLike<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
