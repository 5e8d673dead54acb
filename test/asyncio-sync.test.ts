/** Locks and queues of tasks: cases of group M, and what SEMANTICS says of them. */

import { inspect } from "node:util";
import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  CancelledError,
  Condition,
  createTask,
  Empty,
  Event,
  Full,
  gather,
  InvalidStateError,
  LifoQueue,
  Lock,
  NotLockedError,
  OverReleaseError,
  PriorityQueue,
  Queue,
  QueueEmpty,
  Semaphore,
  ShutDown,
  sleep,
  TimeoutError,
  UnorderableError,
} from "manyhands/asyncio";
import { Lock as ThreadLock } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { errorOf } from "./conformance/support.js";
import { runVirtually } from "./virtual-clock.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([
  ["Lock", () => new Lock(), "Lock.acquire()"],
  ["Semaphore", () => new Semaphore(1), "Semaphore.acquire()"],
  ["BoundedSemaphore", () => new BoundedSemaphore(1), "Semaphore.acquire()"],
  ["Condition", () => new Condition(), "Lock.acquire()"],
] as const)("%s", (_name, make, waits) => {
  test("M02: is held by one of all; those who wait are served in the order in which they came", async () => {
    const it = make();
    const order: number[] = [];
    const permit = await it.acquire();
    expect([it.locked(), it.tryAcquire()]).toEqual([true, undefined]);
    const tasks = [1, 2, 3].map((number) =>
      createTask(() =>
        it.with(async () => {
          order.push(number);
          await sleep(0);
        }),
      ),
    );
    await turn();
    expect(tasks[0]?.waitingFor).toEqual([waits]);
    permit.release();
    // From hand to hand: nobody comes in between.
    expect([it.locked(), it.tryAcquire()]).toEqual([true, undefined]);
    await gather(...tasks);
    expect([order, it.locked()]).toEqual([[1, 2, 3], false]);
  });

  test("gives it back however the function ends, and once however often its permit is released", async () => {
    const it = make();
    await errorOf(
      RangeError,
      it.with(() => {
        throw new RangeError();
      }),
    );
    {
      using permit = await it.acquire();
      permit.release();
    }
    expect(it.locked()).toBe(false);
  });

  test("who is cancelled, aborted, or out of time leaves the line as if never there", async () => {
    await runVirtually(async () => {
      const it = make();
      const held = await it.acquire();
      const cancelled = createTask(() => it.acquire());
      const controller = new AbortController();
      const aborted = errorOf(CancelledError, it.acquire({ signal: controller.signal }));
      const late = errorOf(TimeoutError, it.acquire({ timeout: 5 }));
      const served = createTask(() => it.acquire());
      await turn();
      cancelled.cancel();
      controller.abort("enough");
      expect((await aborted).cause).toBe("enough");
      await errorOf(CancelledError, cancelled);
      await late;
      await errorOf(TimeoutError, it.acquire({ timeout: 0 }));
      await errorOf(CancelledError, it.acquire({ signal: AbortSignal.abort() }));
      await expect(it.acquire({ timeout: -1 })).rejects.toThrow(/at least 0/);
      await expect(it.acquire(5 as never)).rejects.toThrow(/limits of a wait/);
      held.release();
      (await served).release();
      expect(it.locked()).toBe(false);
    });
  });

  test("M04: when who was handed it is cancelled in that very turn, it is not lost", async () => {
    const it = make();
    const held = await it.acquire();
    const first = createTask(async () => {
      using _ = await it.acquire();
      await sleep(0);
    });
    const second = createTask(() => it.with(() => "served"));
    await turn();
    held.release();
    first.cancel();
    await errorOf(CancelledError, first);
    expect(await second).toBe("served");
    expect(it.locked()).toBe(false);
  });
});

describe("Lock", () => {
  test("M02: releasing one that is free is an error, and a permit of an earlier holding releases nothing", async () => {
    const lock = new Lock();
    expect(() => lock.release()).toThrow(NotLockedError);
    const old = await lock.acquire();
    lock.release();
    using _ = await lock.acquire();
    old.release();
    expect(lock.locked()).toBe(true);
  });
});

describe("Semaphore", () => {
  test("hands out so many at a time, and release(n) serves exactly n", async () => {
    const semaphore = new Semaphore(0);
    let served = 0;
    const tasks = [1, 2, 3].map(() =>
      createTask(async () => {
        await semaphore.acquire();
        served += 1;
      }),
    );
    await turn();
    semaphore.release(2);
    await turn();
    expect(served).toBe(2);
    semaphore.release(3);
    await gather(...tasks);
    expect([served, semaphore.value]).toEqual([3, 2]);
  });

  test("never more than there are, whoever comes and goes", async () => {
    await runVirtually(async () => {
      const semaphore = new Semaphore(3);
      let [now, most] = [0, 0];
      await gather(
        ...Array.from(
          { length: 20 },
          (_, n) => () =>
            semaphore.with(async () => {
              now += 1;
              most = Math.max(most, now);
              await sleep(n % 4);
              now -= 1;
            }),
        ),
      );
      expect([most, now, semaphore.value]).toEqual([3, 0, 3]);
    });
  });

  test("refuses a wrong number of permits, and a bounded one more than it had", async () => {
    expect(() => new Semaphore(-1)).toThrow(/at least 0/);
    expect(() => new Semaphore(1).release(0)).toThrow(/at least 1/);
    const bounded = new BoundedSemaphore(2);
    expect(() => bounded.release()).toThrow(OverReleaseError);
    await bounded.acquire();
    expect(() => bounded.release(2)).toThrow(OverReleaseError);
    expect(bounded.value).toBe(1);
  });
});

describe("Event", () => {
  test("who waits when it is set goes on, even if it is cleared at once", async () => {
    const event = new Event();
    const waiting = [event.wait(), event.wait()];
    event.set();
    event.clear();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect([event.isSet(), await event.wait({ timeout: 0 })]).toEqual([false, false]);
    event.set();
    expect(await event.wait()).toBe(true);
    await errorOf(CancelledError, event.wait({ signal: AbortSignal.abort() }));
  });
});

describe("Condition", () => {
  test("waiting releases the lock, and holds it again by the same permit", async () => {
    const changed = new Condition();
    const items: number[] = [];
    const consumer = createTask(async () => {
      using permit = await changed.acquire();
      const found = await changed.waitFor(() => items.length > 0);
      expect([found, changed.locked()]).toEqual([true, true]);
      permit.release();
      expect(changed.locked()).toBe(false);
      return items.pop();
    });
    await turn();
    expect(changed.locked()).toBe(false);
    await changed.with(() => {
      items.push(7);
      changed.notify();
    });
    expect(await consumer).toBe(7);
  });

  test("holds the lock again when it was cancelled or its time is over", async () => {
    await runVirtually(async () => {
      const changed = new Condition();
      const log: unknown[] = [];
      const task = createTask(async () => {
        await changed.acquire();
        log.push(await changed.wait({ timeout: 5 }), changed.locked());
        try {
          await changed.wait();
        } catch (error) {
          log.push((error as Error).name, changed.locked());
        }
        changed.release();
      });
      await sleep(10);
      const other = await changed.acquire();
      task.cancel();
      await sleep(1);
      // It cannot end before it has got the lock back.
      expect(task.done()).toBe(false);
      other.release();
      await task;
      expect(log).toEqual([false, true, "CancelledError", true]);
    });
  });

  test("M06: a time-out inside a held condition does not disturb leaving it; waitFor has one time for all", async () => {
    await runVirtually(async () => {
      const changed = new Condition();
      let looked = 0;
      const found = changed.with(() =>
        changed.waitFor(
          () => {
            looked += 1;
            return false;
          },
          { timeout: 10 },
        ),
      );
      for (let n = 0; n < 3; n += 1) {
        await sleep(3);
        await changed.with(() => changed.notifyAll());
      }
      expect(await found).toBe(false);
      expect([looked, changed.locked()]).toEqual([5, false]);
    });
  });

  test("a notification goes to who waits and has not been cancelled", async () => {
    const changed = new Condition();
    const wait = async (): Promise<boolean> => changed.with(() => changed.wait());
    const [first, second] = [createTask(wait), createTask(wait)];
    await turn();
    first.cancel();
    await turn();
    await changed.with(() => changed.notify());
    expect(await second).toBe(true);
    await errorOf(CancelledError, first);
  });

  test("needs its lock, and a lock of tasks", async () => {
    const changed = new Condition();
    await errorOf(NotLockedError, changed.wait());
    expect(() => changed.notify()).toThrow(NotLockedError);
    expect(() => new Condition(new ThreadLock() as never)).toThrow(/Lock of tasks/);
  });
});

describe("Barrier", () => {
  test("lets so many go on together, each with a number of its own, again and again", async () => {
    let rounds = 0;
    const barrier = new Barrier(3, {
      action: async () => {
        await sleep(0);
        rounds += 1;
      },
    });
    const wait = async (): Promise<number[]> => [await barrier.wait(), await barrier.wait()];
    const all = await gather(...[1, 2, 3].map(() => () => wait()));
    expect(all.map(([first]) => first).sort()).toEqual([0, 1, 2]);
    expect(all.map(([, second]) => second).sort()).toEqual([0, 1, 2]);
    expect([rounds, barrier.nWaiting, barrier.broken]).toEqual([2, 0, false]);
  });

  test("a party that is cancelled leaves, and another takes its place", async () => {
    const barrier = new Barrier(2);
    const leaving = createTask(() => barrier.wait());
    await turn();
    leaving.cancel();
    await errorOf(CancelledError, leaving);
    expect([barrier.nWaiting, barrier.broken]).toEqual([0, false]);
    expect(
      (
        await gather(
          () => barrier.wait(),
          () => barrier.wait(),
        )
      ).sort(),
    ).toEqual([0, 1]);
  });

  test("a time-out, abort or failing action breaks it, until reset", async () => {
    await runVirtually(async () => {
      const late = new Barrier(2, { timeout: 5 });
      const waiting = errorOf(BrokenBarrierError, late.wait({ timeout: 100 }));
      await errorOf(BrokenBarrierError, new Barrier(2).wait({ timeout: 0 }));
      await sleep(100);
      await waiting;
      await errorOf(BrokenBarrierError, late.wait());
      late.reset();
      expect(
        (
          await gather(
            () => late.wait(),
            () => late.wait(),
          )
        ).length,
      ).toBe(2);

      const failing = new Barrier(2, {
        action: () => {
          throw new RangeError();
        },
      });
      const ends = await Promise.allSettled([failing.wait(), failing.wait()]);
      const names = ends.map((end) => (end.status === "rejected" ? (end.reason as Error).name : end.status));
      expect([names, failing.broken]).toEqual([["BrokenBarrierError", "RangeError"], true]);
    });
  });

  test("abort and reset while the action runs break that round", async () => {
    for (const step of ["abort", "reset"] as const) {
      const gate = new Event();
      const barrier = new Barrier(2, { action: () => gate.wait() });
      const round = [barrier.wait(), barrier.wait()];
      await turn();
      barrier[step]();
      for (const party of round) await errorOf(BrokenBarrierError, party);
      gate.set();
      await turn();
      expect(barrier.broken).toBe(step === "abort");
      barrier.reset();
      expect(
        (
          await gather(
            () => barrier.wait(),
            () => barrier.wait(),
          )
        ).length,
      ).toBe(2);
    }
  });

  test("who comes last does not wait, and has time enough with none", async () => {
    expect(await new Barrier(1).wait({ timeout: 0 })).toBe(0);
    const barrier = new Barrier(2, { timeout: 0 });
    const first = barrier.wait({ timeout: 1e6 });
    expect([await barrier.wait(), await first].sort()).toEqual([0, 1]);
    await errorOf(CancelledError, new Barrier(1).wait({ signal: AbortSignal.abort() }));
  });

  test("whoever finds it broken by an action is told by what", async () => {
    const failure = new RangeError("no room");
    const barrier = new Barrier(2, { action: () => Promise.reject(failure) });
    const first = errorOf(BrokenBarrierError, barrier.wait());
    await errorOf(RangeError, barrier.wait());
    expect((await first).cause).toBe(failure);
  });

  test("refuses what is no number of parties", () => {
    for (const parties of [0, -1, 1.5, undefined]) expect(() => new Barrier(parties as number)).toThrow(/parties/);
  });
});

describe.each([
  ["Queue", Queue],
  ["LifoQueue", LifoQueue],
  ["PriorityQueue", PriorityQueue],
] as const)("%s", (_name, Kind) => {
  test("waits for room and for items, and says when it will not wait", async () => {
    const queue = new Kind<number>(1);
    expect([queue.empty(), queue.maxsize]).toEqual([true, 1]);
    expect(() => queue.getNowait()).toThrow(Empty);
    const got = queue.get();
    await queue.put(1);
    expect(await got).toBe(1);
    queue.putNowait(2);
    expect([queue.full(), queue.qsize()]).toEqual([true, 1]);
    expect(() => queue.putNowait(3)).toThrow(Full);
    await errorOf(Full, queue.put(3, { timeout: 0 }));
    const put = queue.put(4);
    expect(await queue.get()).toBe(2);
    await put;
    expect(queue.getNowait()).toBe(4);
    await errorOf(QueueEmpty, queue.get({ timeout: 0 }));
    await expect(queue.get({ timeout: -1 })).rejects.toThrow(/at least 0/);
  });

  test("M08: a cancelled put never appears, the next is served, and a cancelled get loses nothing", async () => {
    const queue = new Kind<number>(1);
    await queue.put(0);
    const cancelled = createTask(() => queue.put(1));
    const served = createTask(() => queue.put(2));
    await turn();
    cancelled.cancel();
    await errorOf(CancelledError, cancelled);
    expect([await queue.get(), await served, await queue.get(), queue.empty()]).toEqual([0, undefined, 2, true]);

    const getter = createTask(() => queue.get());
    const other = createTask(() => queue.get());
    await turn();
    getter.cancel();
    await turn();
    await queue.put(3);
    expect(await other).toBe(3);
  });

  test("an item that is handed over in the turn of a cancellation is not lost", async () => {
    const queue = new Kind<number>();
    const taken: number[] = [];
    const getter = createTask(async () => {
      taken.push(await queue.get());
      await sleep(0);
    });
    await turn();
    queue.putNowait(1);
    getter.cancel();
    await errorOf(CancelledError, getter);
    expect([taken, queue.qsize()]).toEqual([[1], 0]);
  });

  test("counts what is not done, and join waits for it", async () => {
    const queue = new Kind<number>();
    await queue.join();
    for (const item of [1, 2]) await queue.put(item);
    const joined = createTask(() => queue.join());
    await queue.get();
    queue.taskDone();
    await turn();
    expect([joined.done(), joined.waitingFor]).toEqual([false, ["Queue.join()"]]);
    await errorOf(TimeoutError, queue.join({ timeout: 0 }));
    await queue.get();
    queue.taskDone();
    await joined;
    expect(() => queue.taskDone()).toThrow(InvalidStateError);
  });

  test("shut down: nothing goes in, what is in comes out, then iteration ends", async () => {
    const queue = new Kind<number>(2);
    await queue.put(1);
    await queue.put(2);
    const late = queue.put(3);
    queue.shutdown();
    await errorOf(ShutDown, late);
    expect(() => queue.putNowait(4)).toThrow(ShutDown);
    const items: number[] = [];
    for await (const item of queue) items.push(item);
    expect(items.sort()).toEqual([1, 2]);
    await errorOf(ShutDown, queue.get());
    expect(() => queue.getNowait()).toThrow(ShutDown);
  });

  test("shut down at once: what is in is dropped and counts as done; who waits is told", async () => {
    const queue = new Kind<number>();
    await queue.put(1);
    await queue.put(2);
    await queue.get();
    const joined = queue.join();
    queue.shutdown({ immediate: true });
    expect(queue.empty()).toBe(true);
    queue.taskDone();
    await joined;
    expect(() => queue.taskDone()).toThrow(InvalidStateError);
    const waiting = new Kind<number>();
    const got = waiting.get();
    waiting.shutdown();
    await errorOf(ShutDown, got);
    waiting.shutdown({ immediate: true });
  });
});

describe("the order of items", () => {
  test("last in first out, smallest first, and of equal ones the oldest", async () => {
    const lifo = new LifoQueue<number>();
    for (const item of [1, 2, 3]) lifo.putNowait(item);
    expect([lifo.getNowait(), lifo.getNowait(), lifo.getNowait()]).toEqual([3, 2, 1]);
    const priority = new PriorityQueue<unknown[]>();
    for (const item of [[2, "a"], [1, "z"], [1, "b"], [1], [2, "a", { x: 1 }]]) priority.putNowait(item);
    const taken: unknown[] = [];
    while (!priority.empty()) taken.push(priority.getNowait());
    expect(taken).toEqual([[1], [1, "b"], [1, "z"], [2, "a"], [2, "a", { x: 1 }]]);
    const mixed = new PriorityQueue<unknown>();
    for (const item of [2n, 1.5, true, 10, -1n]) mixed.putNowait(item);
    expect(Array.from({ length: 5 }, () => mixed.getNowait())).toEqual([-1n, true, 1.5, 2n, 10]);
    const texts = new PriorityQueue<string>();
    for (const item of ["\u{1F600}", "\uFFFD", "b", "a"]) texts.putNowait(item);
    expect(Array.from({ length: 4 }, () => texts.getNowait())).toEqual(["a", "b", "\uFFFD", "\u{1F600}"]);
  });

  test("what has no order is refused where it is put, and changes nothing", async () => {
    const queue = new PriorityQueue<unknown>();
    queue.putNowait(1);
    for (const item of ["a", {}, Number.NaN, null]) {
      expect(() => queue.putNowait(item)).toThrow(UnorderableError);
      await errorOf(UnorderableError, queue.put(item));
    }
    expect(queue.qsize()).toBe(1);
    const full = new PriorityQueue<unknown>(1);
    full.putNowait(1);
    const [refused, served] = [full.put("text"), full.put(5)];
    expect(full.getNowait()).toBe(1);
    // It came first, and was put: nothing was there to compare it with.
    await refused;
    expect(full.getNowait()).toBe("text");
    await served;
  });

  test("is that of a sort, for many items", () => {
    const queue = new PriorityQueue<number>();
    let seed = 1;
    const items = Array.from({ length: 500 }, () => {
      seed = (seed * 48271) % 2147483647;
      return seed % 100;
    });
    for (const item of items) queue.putNowait(item);
    expect(items.map(() => queue.getNowait())).toEqual([...items].sort((a, b) => a - b));
  });

  test("sizes are whole numbers", () => {
    expect(() => new Queue(1.5)).toThrow(/whole number/);
    expect(new Queue(-1).maxsize).toBe(0);
  });
});

test("locks and queues print what state they are in", async () => {
  const shown = (one: unknown): string => inspect(one);
  const lock = new Lock();
  expect(shown(lock)).toBe("Lock <free>");
  using _ = await lock.acquire();
  const waiting = createTask(() => lock.acquire());
  const queue = new LifoQueue<number>(1);
  queue.putNowait(1);
  const putting = createTask(() => queue.put(2));
  const condition = new Condition();
  const notified = createTask(() => condition.with(() => condition.wait()));
  const barrier = new Barrier(3);
  const party = createTask(() => barrier.wait());
  await turn();
  expect([lock, new Semaphore(3), new BoundedSemaphore(0), queue, new Event(), condition, barrier].map(shown)).toEqual([
    "Lock <held, 1 wait>",
    "Semaphore <3 free, 0 wait>",
    "BoundedSemaphore <0 free, 0 wait>",
    "LifoQueue <1 of 1 items, 1 wait to put>",
    "Event <not set, 0 wait>",
    "Condition <free, 1 wait>",
    "Barrier <1 of 3>",
  ]);
  expect(waiting.toString()).toMatch(/^Task Task-\d+ <running, waits for Lock.acquire\(\)>$/);
  queue.shutdown({ immediate: true });
  barrier.abort();
  expect([queue, barrier].map(shown)).toEqual(["LifoQueue <0 of 1 items, shut down>", "Barrier <broken>"]);
  for (const task of [waiting, putting, notified, party]) {
    task.cancel();
    await task.exception().catch(() => undefined);
  }
});
