/** A thread that uses what is shared with it. Started with the name of what it does and the objects as they travel. */
import { parentPort, threadId, Worker, workerData } from "node:worker_threads";
import "manyhands/threading";
import type { Barrier, Condition, Event, Lock, Semaphore } from "manyhands/threading";
import { type Parcels, revived } from "../tasks/reviving.js";

export interface Sharing {
  readonly job: keyof typeof JOBS;
  readonly parcels: Parcels;
  readonly numbers: Int32Array;
}

const tell = (word: unknown): void => parentPort?.postMessage(word);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Shared = readonly object[];

/** Reads, lets go, writes: only whoever is alone gets it right. */
async function addSlowly(numbers: Int32Array): Promise<void> {
  const before = numbers[0] ?? 0;
  await turn();
  numbers[0] = before + 1;
}

const JOBS = {
  /** 200 times in the event loop, by four tasks. */
  async count([lock]: Shared, numbers: Int32Array): Promise<void> {
    const task = async (): Promise<void> => {
      for (let n = 0; n < 50; n += 1) await (lock as Lock).with(() => addSlowly(numbers));
    };
    await Promise.all([task(), task(), task(), task()]);
  },
  /** 2000 times parked. */
  countParked([lock]: Shared, numbers: Int32Array): void {
    for (let n = 0; n < 2000; n += 1) {
      const permit = (lock as Lock).acquireSync();
      numbers[0] = (numbers[0] ?? 0) + 1;
      permit.release();
    }
  },
  async holdAndExit([lock]: Shared): Promise<void> {
    await (lock as Lock).acquire();
    process.exit(3);
  },
  async holdAndThrow([lock]: Shared): Promise<void> {
    await (lock as Lock).acquire();
    throw new Error("on purpose");
  },
  /** Holds until it is killed. */
  async hold([lock, begun]: Shared): Promise<void> {
    await (lock as Lock).acquire();
    (begun as Event | undefined)?.set();
    tell("holds");
    await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
  },
  /** Holds, and counts as fast as it can, until it is ended. */
  async holdAndCount([lock]: Shared, numbers: Int32Array): Promise<void> {
    await (lock as Lock).acquire();
    for (;;) Atomics.add(numbers, 0, 1);
  },
  /** Starts a thread that counts, and ends: slowly, for it waits in an exit handler of its own until it is let go. */
  async startAndExit(_shared: Shared, numbers: Int32Array): Promise<void> {
    new Worker(new URL(import.meta.url), { workerData: { job: "holdAndCount", parcels, numbers } satisfies Sharing });
    while (Atomics.load(numbers, 0) === 0) await turn();
    process.once("exit", () => Atomics.wait(numbers, 1, 0));
    process.exit(0);
  },
  /** Parks until it is killed. */
  wait([lock]: Shared): void {
    tell("waits");
    (lock as Lock).acquireSync();
  },
  async take([lock]: Shared): Promise<void> {
    await (lock as Lock).acquire().then(
      (permit) => {
        permit.release();
        tell("taken");
      },
      (error: Error & { code: string }) => tell(error.code),
    );
  },
  releaseForeign([lock]: Shared): void {
    try {
      (lock as Lock).release();
    } catch (error) {
      tell((error as { code: string }).code);
    }
  },
  async awaitEvent([event]: Shared): Promise<void> {
    tell("waits");
    tell(await (event as Event).wait());
  },
  awaitEventParked([event, begun]: Shared): void {
    (begun as Event).set();
    tell((event as Event).waitSync());
  },
  setEvent([event]: Shared): void {
    (event as Event).set();
  },
  async consume([condition]: Shared, numbers: Int32Array): Promise<void> {
    const it = condition as Condition;
    await it.with(async () => {
      await it.waitFor(() => (numbers[0] ?? 0) > 0);
      numbers[0] = (numbers[0] ?? 0) - 1;
    });
    tell(threadId);
  },
  consumeParked([condition]: Shared, numbers: Int32Array): void {
    const it = condition as Condition;
    const permit = it.acquireSync();
    while (numbers[0] === 0) it.waitSync();
    numbers[0] = (numbers[0] ?? 0) - 1;
    permit.release();
    tell(threadId);
  },
  async meet([barrier]: Shared): Promise<void> {
    for (let round = 0; round < 50; round += 1) tell(await (barrier as Barrier).wait());
  },
  meetParked([barrier]: Shared): void {
    for (let round = 0; round < 50; round += 1) tell((barrier as Barrier).waitSync());
  },
  async comeOnce([barrier]: Shared): Promise<void> {
    tell("comes");
    await (barrier as Barrier).wait();
  },
  async crowd([semaphore]: Shared, numbers: Int32Array): Promise<void> {
    // At most so many are inside: each notes how many it saw.
    for (let n = 0; n < 100; n += 1) {
      const permit = await (semaphore as Semaphore).acquire();
      tell(Atomics.add(numbers, 0, 1) + 1);
      await turn();
      Atomics.sub(numbers, 0, 1);
      permit.release();
    }
  },
} as const;

const { job, parcels, numbers } = workerData as Sharing;
await JOBS[job](revived(parcels), numbers);
