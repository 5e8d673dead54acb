/** A recursive function under an RLock, in several threads at once: whoever holds it may acquire it again. The same with a Lock
 *  would wait for itself for ever; it ends with an error instead, because it waits no longer than it is told to.
 *
 *      node examples/built/rlock.js */
import { isMain } from "manyhands";
import { Lock, RLock, Thread } from "manyhands/threading";

/** In ms. */
const PATIENCE = 200;

/** Adds up 1 to `n`, one more in each level, and holds the lock in all of them. */
export async function sumTo(n: number, lock: Lock | RLock, patience = PATIENCE): Promise<number> {
  if (n === 0) return 0;
  return await lock.with(async () => n + (await sumTo(n - 1, lock, patience)), { timeout: patience });
}

/** So many threads add up at once, under one lock. @returns what each came to: its sum, or the name of its error. */
export async function inThreads(count: number, n: number, lock: Lock | RLock, patience?: number): Promise<string[]> {
  const threads = Array.from({ length: count }, () => new Thread(sumTo, [n, lock, patience]));
  for (const thread of threads) thread.start();
  const ends = await Promise.allSettled(threads.map((thread) => thread.result()));
  return ends.map((end) => (end.status === "fulfilled" ? String(end.value) : end.reason.name));
}

async function main(): Promise<void> {
  // Patient: another thread may hold it for as long as it takes to boot one.
  console.log(`with an RLock, three threads: ${(await inThreads(3, 10, new RLock(), 60_000)).join(", ")}`);
  console.log(`with a Lock: ${(await inThreads(1, 10, new Lock())).join(", ")}`);
}

if (isMain(import.meta)) await main();
