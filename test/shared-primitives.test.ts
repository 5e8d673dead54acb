/** The library's own locks, queues and their like in calls: used by threads and processes, whoever made them. */
import {
  AbandonedError,
  CancelledError,
  type Executor,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
  TimeoutError,
  WorkerExitedError,
} from "manyhands";
import { Manager } from "manyhands/multiprocessing";
import { Empty, Queue } from "manyhands/queue";
import { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import {
  acquireAndForget,
  addUnder,
  holdAndDie,
  lockSync,
  makeOneOfEach,
  moveAll,
  passTogether,
  releaseSemaphore,
  waitAndTell,
  waitUntilTold,
  withinLimit,
} from "#tasks/primitives.js";
import { closed, Tally } from "#tasks/tally.js";
import { collect, useAndForget } from "#tasks/tally-owner.js";
import { giveBack, keepIt } from "#tasks/tallying.js";
import type * as Given from "../packages/manyhands/dist/share/given.js";
import { errorOf, until, within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";
import { keptModule } from "./kept.js";

const { givenCount } = keptModule<typeof Given>("share/given.js");

const LONG = 20_000;

function newManager(): Manager {
  const manager = new Manager();
  later(() => within(manager.shutdown(), "shutdown()"));
  return manager;
}

/** Where the primitives are made. */
const makers = {
  "made here": {
    Lock: async () => new Lock(),
    RLock: async () => new RLock(),
    Event: async () => new Event(),
    Barrier: async (parties: number) => new Barrier(parties),
    Condition: async () => new Condition(),
    Semaphore: async (value: number) => new Semaphore(value),
    Queue: async <T>() => new Queue<T>(),
  },
  "made by a manager": {
    Lock: () => newManager().Lock(),
    RLock: () => newManager().RLock(),
    Event: () => newManager().Event(),
    Barrier: (parties: number) => newManager().Barrier(parties),
    Condition: () => newManager().Condition(),
    Semaphore: (value: number) => newManager().Semaphore(value),
    Queue: <T>() => newManager().Queue<T>(),
  },
};

const pools = {
  threads: (): Executor => keep(new ThreadPoolExecutor({ maxWorkers: 2 })),
  processes: (): Executor => keep(new ProcessPoolExecutor({ maxWorkers: 2 })),
};

for (const [where, make] of Object.entries(makers)) {
  for (const [kind, newPool] of Object.entries(pools)) {
    describe(`${where}, used by ${kind}`, () => {
      for (const which of ["Lock", "RLock"] as const) {
        test(`a ${which} keeps two steps together`, async () => {
          const value = await within(newManager().Value(0), "the value", LONG);
          const lock = await within(make[which](), "the lock", LONG);
          const pool = newPool();
          const calls = [addUnder(lock, value, 20), pool.submit(addUnder, lock, value, 20)];
          await within(Promise.all([...calls, pool.submit(addUnder, lock, value, 20)]), "the calls", LONG);
          expect(await value.get()).toBe(60);
        });
      }

      test("an Event wakes those who wait for it", async () => {
        const event = await within(make.Event(), "the event", LONG);
        const pool = newPool();
        const calls = [pool.submit(waitAndTell, event), pool.submit(waitAndTell, event)];
        await until(() => calls.every((call) => call.running()), "the calls should run");
        event.set();
        expect(await within(Promise.all(calls), "the calls", LONG)).toEqual(["set", "set"]);
      });

      test("a Barrier lets its parties go together", async () => {
        const barrier = await within(make.Barrier(3), "the barrier", LONG);
        const pool = newPool();
        const all = [pool.submit(passTogether, barrier), pool.submit(passTogether, barrier), barrier.wait()];
        expect((await within(Promise.all(all), "the calls", LONG)).sort()).toEqual([0, 1, 2]);
      });

      test("a Condition wakes as many as it is told to", async () => {
        const condition = await within(make.Condition(), "the condition", LONG);
        const ready = new Queue<string>();
        const pool = newPool();
        const calls = [pool.submit(waitUntilTold, condition, ready), pool.submit(waitUntilTold, condition, ready)];
        await within(Promise.all([ready.get(), ready.get()]), "the waiters", LONG);
        await within(
          condition.with(() => condition.notifyAll()),
          "notifyAll()",
          LONG,
        );
        expect(await within(Promise.all(calls), "the calls", LONG)).toEqual([true, true]);
      });

      test("a Semaphore lets in no more than its value", async () => {
        const semaphore = await within(make.Semaphore(1), "the semaphore", LONG);
        const inside = await within(newManager().Value(0), "the value", LONG);
        const pool = newPool();
        const most = await within(
          Promise.all(Array.from({ length: 20 }, () => pool.submit(withinLimit, semaphore, inside))),
          "the calls",
          LONG,
        );
        expect(Math.max(...most)).toBe(1);
      });

      test("a Queue hands each item on once, until it is shut down", async () => {
        const [from, to] = await within(Promise.all([make.Queue<number>(), make.Queue<number>()]), "queues", LONG);
        const pool = newPool();
        const movers = [pool.submit(moveAll, from, to), pool.submit(moveAll, from, to)];
        for (let item = 0; item < 50; item += 1) await from.put(item);
        from.shutdown();
        await within(Promise.all(movers), "the movers", LONG);
        const moved: number[] = [];
        while (moved.length < 50) moved.push(await within(to.get(), "an item"));
        expect(moved.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, item) => item * 2));
      });

      test("a Lock is taken by a thread that parks", async () => {
        const lock = await within(make.Lock(), "the lock", LONG);
        expect(await within(newPool().submit(lockSync, lock), "the call", LONG)).toBe(true);
        expect(lock.locked()).toBe(false);
      });

      test("every kind comes back as what it was", async () => {
        const pool = newPool();
        for (const one of [await make.Lock(), await make.Event(), await make.Queue<number>()]) {
          const same = await within(pool.submit(giveBack<object>, one), "the call", LONG);
          expect(same).toBeInstanceOf(one.constructor);
        }
      });
    });
  }
}

test("a Lock whose holder's process is killed is abandoned, and usable afterwards", async () => {
  const [lock, held] = [new Lock(), new Event()];
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const call = pool.submit(holdAndDie, lock, held);
  const waiting = errorOf(
    AbandonedError,
    held.wait().then(() => lock.acquire()),
  );
  await errorOf(WorkerExitedError, call);
  await waiting;
  expect(
    await within(
      lock.with(() => "usable"),
      "the lock",
    ),
  ).toBe("usable");
});

test("a Lock of a manager whose holder's process is killed is abandoned as well", async () => {
  const manager = newManager();
  const [lock, held] = await within(Promise.all([manager.Lock(), manager.Event()]), "the lock", LONG);
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const call = pool.submit(holdAndDie, lock, held);
  const waiting = errorOf(
    AbandonedError,
    held.wait().then(() => lock.acquire()),
  );
  await errorOf(WorkerExitedError, call);
  await waiting;
  expect(
    await within(
      lock.with(() => "usable"),
      "the lock",
    ),
  ).toBe("usable");
});

test("what a process holds it holds until it is released or the process ends, also when nothing of it is left there", async () => {
  const [semaphore, lock, sign] = [new Semaphore(2), new Lock(), new Tally()];
  const user = keep(new ProcessPoolExecutor({ maxWorkers: 1, execArgv: ["--expose-gc"] }));
  const collected = async (): Promise<void> => {
    const count = closed.length;
    await within(user.submit(useAndForget, sign, 1), "the call");
    // What was forgotten before is collected before.
    while (closed.length === count) await within(user.submit(collect), "the call");
    await within(user.submit(collect), "the call");
  };
  const before = givenCount();
  await within(user.submit(acquireAndForget, semaphore, lock), "the call", LONG);
  await collected();
  expect([semaphore.value, lock.locked(), givenCount()]).toEqual([1, true, before + 2]);
  await within(user.submit(releaseSemaphore, semaphore), "the call");
  expect(semaphore.value).toBe(2);
  // Nothing is held any more, and nothing kept for it.
  await collected();
  await until(() => givenCount() === before + 1, "the semaphore should have been let go of");
  await within(user.submit(acquireAndForget, semaphore), "the call");
  const waiting = errorOf(AbandonedError, lock.acquire());
  await within(user.terminate(), "the end");
  await within(waiting, "AbandonedError");
  await until(() => semaphore.value === 2, "the permit should have come back");
});

test("a wait ends with its time or its signal also while the owner does not answer, and takes nothing", async () => {
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const all = await within(pool.submit(makeOneOfEach), "one of each");
  const { pid, lock, semaphore, event, barrier, queue, receiver } = all;
  later(() => process.kill(pid, "SIGCONT"));
  process.kill(pid, "SIGSTOP");
  const limits = { timeout: 1 };
  const ends = Promise.all([
    errorOf(TimeoutError, lock.acquire(limits), "lock.acquire()"),
    errorOf(TimeoutError, semaphore.acquire(limits), "semaphore.acquire()"),
    errorOf(TimeoutError, barrier.wait(limits), "barrier.wait()"),
    errorOf(Empty, queue.get(limits), "queue.get()"),
    errorOf(TimeoutError, queue.join(limits), "queue.join()"),
    errorOf(TimeoutError, receiver.recv(limits), "recv()"),
    errorOf(CancelledError, lock.acquire({ signal: AbortSignal.timeout(1) }), "the aborted acquire()"),
    errorOf(CancelledError, queue.get({ signal: AbortSignal.timeout(1) }), "the aborted get()"),
    within(event.wait(limits), "event.wait()"),
    within(receiver.poll(limits), "poll()"),
  ]);
  expect((await ends).slice(-2)).toEqual([false, false]);
  process.kill(pid, "SIGCONT");
  // What the owner had given meanwhile comes back.
  const permits = await within(Promise.all([lock.acquire(), semaphore.acquire()]), "the permits");
  for (const permit of permits) permit.release();
  expect(await within(queue.get(), "the item")).toBe("an item");
  expect(await within(receiver.recv(), "the message")).toBe("a message");
});

test("none of them is copied into an empty object", () => {
  for (const one of [
    new Lock(),
    new RLock(),
    new Event(),
    new Barrier(1),
    new Condition(),
    new Semaphore(),
    new BoundedSemaphore(),
    new Queue(),
  ]) {
    expect(() => structuredClone(one), one.constructor.name).toThrow(/shared/);
  }
});

test("primitives may be given to initializers of threads and processes", async () => {
  const event = new Event();
  for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
    const pool = keep(new Pool({ maxWorkers: 1, initializer: keepIt as never, initargs: [event] }));
    expect(await within(pool.submit(giveBack<number>, 1), "the call", LONG)).toBe(1);
  }
});
