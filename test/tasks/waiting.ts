/** Tasks of `manyhands/asyncio` inside a worker: each waits for something of its owner's, and is cancelled. */
import { CancelledError, createTask, run, sleep } from "manyhands/asyncio";
import type { Connection } from "manyhands/multiprocessing";
import type { Queue } from "manyhands/queue";
import type { Barrier, Event, Lock, RLock, Semaphore } from "manyhands/threading";

/** What a task waits for in vain. */
export interface Things {
  readonly lock: Lock;
  readonly rlock: RLock;
  readonly semaphore: Semaphore;
  readonly event: Event;
  readonly barrier: Barrier;
  readonly empty: Queue<number>;
  readonly full: Queue<number>;
  readonly end: Connection;
}

/** The waits, by name. */
export const WAITS: Record<string, (things: Things) => Promise<unknown>> = {
  "Lock.acquire": ({ lock }) => lock.acquire(),
  "RLock.acquire": ({ rlock }) => rlock.acquire(),
  "Semaphore.acquire": ({ semaphore }) => semaphore.acquire(),
  "Event.wait": ({ event }) => event.wait(),
  "Barrier.wait": ({ barrier }) => barrier.wait(),
  "Queue.get": ({ empty }) => empty.get(),
  "Queue.put": ({ full }) => full.put(1),
  "Queue.join": ({ full }) => full.join(),
  "Connection.recv": ({ end }) => end.recv(),
};

/** @returns for each wait how it ended when its task was cancelled. */
export function cancelAll(things: Things): Promise<string[]> {
  return run(async () => {
    const ends: string[] = [];
    for (const [name, wait] of Object.entries(WAITS)) {
      const task = createTask(() => wait(things), { name });
      // Not before it waits: two turns, for some look first whether they have to.
      while (task.waitingFor.length === 0) await sleep(0);
      task.cancel();
      const error = await task.exception().catch((reason: unknown) => reason);
      ends.push(error instanceof CancelledError ? name : `${name}: ${String(error)}`);
    }
    return ends;
  });
}

/** Many tasks wait under one signal, as those of a service do.
 *  @returns how many of them it ended, and what Node warned of meanwhile. */
export async function crowd(empty: Queue<number>, count: number): Promise<{ ended: number; warnings: string[] }> {
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", warned);
  const controller = new AbortController();
  const ended = await run(async () => {
    const tasks = Array.from({ length: count }, () => createTask(() => empty.get({ signal: controller.signal })));
    while (tasks.some((task) => task.waitingFor.length === 0)) await sleep(0);
    controller.abort();
    const ends = await Promise.all(tasks.map((task) => task.exception().catch((reason: unknown) => reason)));
    // A warning is told in a later turn.
    await sleep(0);
    return ends.filter((end) => end instanceof CancelledError).length;
  });
  process.off("warning", warned);
  return { ended, warnings };
}
