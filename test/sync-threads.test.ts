/** The primitives between threads: shared by several, and left behind by those that die. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AbandonedError, BrokenBarrierError, ThreadPoolExecutor, WorkerExitedError } from "manyhands";
import { Barrier, Condition, Event, Lock, RLock, Semaphore } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { addLocked, dieWith } from "#tasks/locking.js";
import { parcelsOf } from "#tasks/reviving.js";
import { errorOf, within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";
import type { Sharing } from "./programs/sharing.js";

const PROGRAM = new URL("./built/programs/sharing.js", import.meta.url);

/** A thread that does a job with shared objects. */
class Other {
  readonly said: unknown[] = [];
  readonly worker: Worker;
  readonly #ended: Promise<unknown>;

  constructor(job: Sharing["job"], objects: Parameters<typeof parcelsOf>[0], numbers: Int32Array = fresh()) {
    this.worker = new Worker(PROGRAM, { workerData: { job, parcels: parcelsOf(objects), numbers } satisfies Sharing });
    this.worker.on("message", (word) => this.said.push(word));
    this.worker.on("error", (error) => this.said.push(error));
    this.#ended = new Promise((resolve) => this.worker.once("exit", resolve));
    later(() => this.worker.terminate());
  }

  /** Until it has ended by itself; then all it said. */
  async ended(): Promise<readonly unknown[]> {
    await within(this.#ended, "the thread's end", 20_000);
    return this.said;
  }

  /** Until it says something. */
  async says(): Promise<unknown> {
    if (this.said.length > 0) return this.said[0];
    const [word] = await within(once(this.worker, "message"), "a word of the thread", 20_000);
    return word;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const fresh = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

describe.each([
  ["Lock", () => new Lock()],
  ["RLock", () => new RLock()],
  ["a semaphore of one", () => new Semaphore(1)],
])("%s", (_name, make) => {
  test("is held by one task of all threads, parked or not", async () => {
    const [lock, numbers] = [make(), fresh()];
    const others = [
      new Other("count", [lock], numbers),
      new Other("countParked", [lock], numbers),
      new Other("countParked", [lock], numbers),
    ];
    for (let n = 0; n < 200; n += 1) {
      await lock.with(async () => {
        const before = numbers[0] ?? 0;
        await new Promise((resolve) => setImmediate(resolve));
        numbers[0] = before + 1;
      });
    }
    for (const other of others) await other.ended();
    expect([numbers[0], lock.locked()]).toEqual([200 + 200 + 4000, false]);
  });
});

describe.each([
  ["Lock", () => new Lock()],
  ["RLock", () => new RLock()],
])("%s whose holder dies", (_name, make) => {
  test.each(["holdAndExit", "holdAndThrow"] as const)(
    "(%s) is abandoned: the next is told, and it is usable",
    async (how) => {
      const lock = make();
      const holder = new Other(how, [lock]);
      await holder.ended();
      await errorOf(AbandonedError, lock.acquire());
      expect(lock.locked()).toBe(false);
      (await within(lock.acquire(), "the lock")).release();
    },
  );

  test("(terminate) tells exactly one of those that wait, and serves the others", async () => {
    const lock = make();
    const holder = new Other("hold", [lock]);
    await holder.says();
    const others = [new Other("take", [lock]), new Other("take", [lock])];
    const mine = lock.acquire().then(
      (permit) => {
        permit.release();
        return "taken";
      },
      (error) => error.code,
    );
    await holder.worker.terminate();
    const ends = [await within(mine, "mine"), ...(await Promise.all(others.map((other) => other.says())))];
    expect(ends.filter((end) => end === "ERR_ABANDONED").length).toBe(1);
    expect(ends.filter((end) => end === "taken").length).toBe(2);
    expect(lock.locked()).toBe(false);
  });

  test("a thread that dies while it waits takes no wake with it", async () => {
    const lock = make();
    const permit = await lock.acquire();
    const waiter = new Other("wait", [lock]);
    await waiter.says();
    const next = new Other("take", [lock]);
    await waiter.worker.terminate();
    permit.release();
    expect(await next.says()).toBe("taken");
  });
});

test("the workers of an executor share a lock, and one that dies with it is found out", async () => {
  const [lock, numbers] = [new Lock(), fresh()];
  const pool = keep(new ThreadPoolExecutor({ maxWorkers: 3, tasksPerWorker: 4 }));
  const parcels = parcelsOf([lock]);
  await within(Promise.all(Array.from({ length: 100 }, () => pool.submit(addLocked, parcels, numbers))), "the calls");
  expect([numbers[0], lock.locked()]).toEqual([100, false]);
  await errorOf(WorkerExitedError, pool.submit(dieWith, parcels));
  await errorOf(AbandonedError, lock.acquire());
  await within(pool.submit(addLocked, parcels, numbers), "a call after that");
  expect([numbers[0], lock.locked()]).toEqual([101, false]);
});

test("a lock is not released by a thread that does not hold it", async () => {
  const lock = new Lock();
  const permit = await lock.acquire();
  expect(await new Other("releaseForeign", [lock]).says()).toBe("ERR_NOT_OWNER");
  expect(lock.locked()).toBe(true);
  permit.release();
});

test("a thread waits for many locks at once", async () => {
  const locks = Array.from({ length: 100 }, () => new Lock());
  const holders = [0, 1].map((half) => locks.filter((_, n) => n % 2 === half));
  for (const lock of locks) lock.acquireSync();
  const waits = locks.map((lock) => lock.acquire());
  expect(holders.flat().length).toBe(100);
  for (const lock of locks.toReversed()) lock.release();
  for (const permit of await within(Promise.all(waits), "the locks")) permit.release();
  expect(locks.some((lock) => lock.locked())).toBe(false);
});

test("a semaphore lets so many in, of all threads", async () => {
  const [semaphore, numbers] = [new Semaphore(2), fresh()];
  const others = [1, 2, 3].map(() => new Other("crowd", [semaphore], numbers));
  const seen = (await Promise.all(others.map((other) => other.ended()))).flat();
  expect(seen.length).toBe(300);
  expect(Math.max(...(seen as number[]))).toBeLessThanOrEqual(2);
  expect(semaphore.value).toBe(2);
});

test("an event reaches every thread, parked or not, and back", async () => {
  const [event, begun, back] = [new Event(), new Event(), new Event()];
  const awake = new Other("awaitEvent", [event]);
  const parked = new Other("awaitEventParked", [event, begun]);
  await awake.says();
  await within(begun.wait(), "the parked thread");
  event.set();
  expect([(await awake.ended()).at(-1), (await parked.ended()).at(-1)]).toEqual([true, true]);
  const waiting = back.wait();
  new Other("setEvent", [back]);
  expect(await within(waiting, "the event")).toBe(true);
});

test("a thread that is parked is woken by another", async () => {
  const event = new Event();
  new Other("setEvent", [event]);
  expect(event.waitSync()).toBe(true);
});

test("a parked parent hears of a child's exit", async () => {
  const lock = new Lock();
  const begun = new Event();
  new Other("holdAndExit", [lock, begun]);
  // Parked until the child holds the lock and is gone: its own words of farewell are all that can reach us.
  for (;;) {
    try {
      lock.acquireSync().release();
    } catch (error) {
      expect(error).toBeInstanceOf(AbandonedError);
      break;
    }
  }
});

test("a thread whose parent exits does not go on once what it held is given to others", async () => {
  const [lock, numbers] = [new Lock(), fresh()];
  const parent = new Other("startAndExit", [lock], numbers);
  while (Atomics.load(numbers, 0) === 0) await turn();
  await within(errorOf(AbandonedError, lock.acquire()), "the end of the holder", 20_000);
  // Long enough for it to notice, even where it gets no processor for a while.
  for (let n = 0; n < 100; n += 1) await turn();
  const counted = Atomics.load(numbers, 0);
  Atomics.store(numbers, 1, 1);
  Atomics.notify(numbers, 1);
  await parent.ended();
  // One addition may have been under way.
  expect(Atomics.load(numbers, 0) - counted).toBeLessThanOrEqual(1);
});

test.each([
  ["a Lock", () => new Condition(new Lock())],
  ["an RLock", () => new Condition()],
])("a condition with %s passes items to whoever waits, parked or not", async (_name, make) => {
  const [condition, numbers] = [make(), fresh()];
  const others = (["consume", "consumeParked", "consume", "consumeParked"] as const).map(
    (job) => new Other(job, [condition], numbers),
  );
  for (const _ of others) {
    await condition.with(() => {
      numbers[0] = (numbers[0] ?? 0) + 1;
      condition.notify();
    });
  }
  const ids = await Promise.all(others.map((other) => other.says()));
  expect(new Set(ids).size).toBe(4);
  expect(numbers[0]).toBe(0);
});

test("the lock of a condition that travels is one with the lock that travels by itself", async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  const [again, its] = [parcelsOf([lock]), parcelsOf([condition])];
  const parcel = its[0]?.parcel as { readonly lock: unknown };
  expect(parcel.lock).toEqual(again[0]);
});

test("a barrier has threads go on together, round after round", async () => {
  const barrier = new Barrier(3);
  const others = [new Other("meet", [barrier]), new Other("meetParked", [barrier])];
  const mine: unknown[] = [];
  for (let round = 0; round < 50; round += 1) mine.push(await within(barrier.wait(), "a round"));
  const numbers = [mine, ...(await Promise.all(others.map((other) => other.ended())))];
  for (let round = 0; round < 50; round += 1) {
    expect(numbers.map((each) => each[round]).sort()).toEqual([0, 1, 2]);
  }
});

test("a party that dies breaks the barrier for the others", async () => {
  const barrier = new Barrier(3);
  const party = new Other("comeOnce", [barrier]);
  await party.says();
  const waiting = barrier.wait();
  await until(() => barrier.nWaiting === 2);
  await party.worker.terminate();
  await errorOf(BrokenBarrierError, waiting);
  barrier.reset();
  expect(barrier.broken).toBe(false);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
