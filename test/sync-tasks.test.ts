/** The primitives among tasks of one thread: what Python's own tests ask of them, and what bad input does. */
import { AsyncResource } from "node:async_hooks";
import {
  BrokenBarrierError,
  CancelledError,
  InvalidOptionError,
  NotLockedError,
  NotOwnerError,
  OverReleaseError,
  TimeoutError,
} from "manyhands";
import { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { Bell, type Rung } from "../packages/manyhands/dist/memory/bell.js";
import { sharedCells } from "../packages/manyhands/dist/memory/cells.js";
import { type Gate, Line } from "../packages/manyhands/dist/memory/line.js";
import { WORLD_BYTES, World } from "../packages/manyhands/dist/memory/world.js";
import { errorOf, within } from "./conformance/support.js";

/** A context that bears no mark of any task. */
const elsewhere = new AsyncResource("elsewhere");
const outside = <R>(fn: () => R): R => elsewhere.runInAsyncScope(fn);

/** Until everything has run that can run now. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How many tasks are at once in what `acquirable` protects. */
async function crowd(acquirable: Lock | RLock | Semaphore, tasks: number): Promise<number> {
  let [inside, most] = [0, 0];
  const enter = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await turn();
    inside -= 1;
  };
  await within(Promise.all(Array.from({ length: tasks }, () => acquirable.with(enter))), "the tasks", 20_000);
  return most;
}

describe.each([
  ["Lock", () => new Lock()],
  ["RLock", () => new RLock()],
  ["a semaphore of one", () => new Semaphore(1)],
])("%s", (_name, make) => {
  test("is held by one task at a time", async () => {
    expect(await crowd(make(), 20)).toBe(1);
  });

  test("goes to tasks in the order in which they asked", async () => {
    const lock = make();
    const order: number[] = [];
    const note = (n: number): Promise<void> => lock.with(() => void order.push(n));
    const permit = await outside(() => lock.acquire());
    const waiting = [0, 1, 2, 3, 4].map(note);
    permit.release();
    // Whoever comes now comes behind those that wait.
    await within(Promise.all([...waiting, note(5)]), "the tasks");
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("has 10 000 tasks wait, and serves them all", async () => {
    const lock = make();
    const permit = await outside(() => lock.acquire());
    let served = 0;
    const serve = (): void => {
      served += 1;
    };
    const tasks = Array.from({ length: 10_000 }, () => lock.with(serve));
    permit.release();
    await within(Promise.all(tasks), "the tasks", 20_000);
    expect([served, lock.locked()]).toEqual([10_000, false]);
  });

  test("is free when its body throws", async () => {
    const lock = make();
    await expect(lock.with(() => Promise.reject(new Error("body")))).rejects.toThrow("body");
    expect(lock.locked()).toBe(false);
  });

  test("is free and usable after an acquire that timed out, once the holder releases (G02)", async () => {
    const lock = make();
    await lock.with(async () => {
      // The context of the holder re-enters an RLock, so the other asks from outside of it.
      await errorOf(
        TimeoutError,
        outside(() => lock.acquire({ timeout: 1 })),
      );
    });
    expect(lock.locked()).toBe(false);
    const permit = lock.tryAcquire();
    expect(permit).toBeDefined();
    permit?.release();
  });

  test("forgets a waiter that was cancelled: the next one is served", async () => {
    const lock = make();
    const permit = await lock.acquire();
    const controller = new AbortController();
    const [gone, next] = outside(() => [lock.acquire({ signal: controller.signal }), lock.acquire()] as const);
    controller.abort("enough");
    const error = await errorOf(CancelledError, gone);
    expect(error.cause).toBe("enough");
    permit.release();
    (await within(next, "the next"))[Symbol.dispose]();
    expect(lock.locked()).toBe(false);
  });

  test("an aborted signal takes nothing", async () => {
    const lock = make();
    await errorOf(CancelledError, lock.acquire({ signal: AbortSignal.abort() }));
    expect(lock.locked()).toBe(false);
  });

  test("a permit gives back once", async () => {
    const lock = make();
    const first = await lock.acquire();
    first.release();
    first.release();
    const second = await lock.acquire();
    first[Symbol.dispose]();
    expect(lock.locked()).toBe(true);
    second.release();
    expect(lock.locked()).toBe(false);
  });

  test("acquireSync takes what is free, and gives up in time what is not", async () => {
    const lock = make();
    const permit = lock.acquireSync();
    outside(() => expect(() => lock.acquireSync(1)).toThrow(TimeoutError));
    permit.release();
    lock.acquireSync(0).release();
    expect(lock.locked()).toBe(false);
  });

  test("a negative time is an error that changes nothing", async () => {
    const lock = make();
    await errorOf(InvalidOptionError, lock.acquire({ timeout: -1 }));
    await errorOf(InvalidOptionError, lock.acquire({ timeout: Number.NaN }));
    expect(() => lock.acquireSync(-1)).toThrow(InvalidOptionError);
    expect(lock.locked()).toBe(false);
  });
});

describe("Lock", () => {
  test("a release of what nobody holds is an error (M02)", () => {
    const lock = new Lock();
    expect(() => lock.release()).toThrow(NotLockedError);
    lock.acquireSync().release();
    expect(() => lock.release()).toThrow(NotLockedError);
    expect(lock.tryAcquire()).toBeDefined();
  });

  test("may be released by another task of its thread", async () => {
    const lock = new Lock();
    const permit = await lock.acquire();
    lock.release();
    const other = await lock.acquire();
    permit.release();
    expect(lock.locked()).toBe(true);
    other.release();
  });
});

describe("RLock", () => {
  test("lets a recursive function in again, asynchronous or not", async () => {
    const lock = new RLock();
    const dive = (depth: number): Promise<number> =>
      lock.with(async () => {
        await turn();
        return depth === 0 ? 0 : 1 + (await dive(depth - 1));
      });
    const acquireDown = async (depth: number): Promise<number> => {
      using _ = await lock.acquire();
      return depth === 0 ? 0 : 1 + (await acquireDown(depth - 1));
    };
    const park = (depth: number): number => {
      using _ = lock.acquireSync(0);
      return depth === 0 ? 0 : 1 + park(depth - 1);
    };
    expect(await within(dive(5), "dive")).toBe(5);
    expect(await within(acquireDown(5), "acquire")).toBe(5);
    expect([park(5), lock.locked()]).toEqual([5, false]);
  });

  test("has tasks that begin in one line wait for each other", async () => {
    const lock = new RLock();
    const trace: string[] = [];
    const task = async (name: string): Promise<void> => {
      using _ = await lock.acquire();
      trace.push(`${name} in`);
      await turn();
      using __ = await lock.acquire();
      await turn();
      trace.push(`${name} out`);
    };
    await within(Promise.all(["a", "b", "c"].map(task)), "the tasks");
    expect(trace).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  test("needs as many releases as acquisitions, by its owner", async () => {
    const lock = new RLock();
    expect(() => lock.release()).toThrow(NotLockedError);
    const other = outside(async () => {
      await lock.acquire();
      await lock.acquire();
      lock.release();
      return lock.locked();
    });
    expect(await other).toBe(true);
    expect(() => lock.release()).toThrow(NotOwnerError);
    expect(lock.locked()).toBe(true);
  });
});

describe("Semaphore", () => {
  test("lets so many in", async () => {
    expect(await crowd(new Semaphore(3), 20)).toBe(3);
  });

  test("is one by default, and refuses what is no count (G06)", () => {
    expect(new Semaphore().value).toBe(1);
    const bads = [-1, 1.5, Number.NaN, 2 ** 31, null as never, {} as never];
    for (const bad of bads) expect(() => new Semaphore(bad)).toThrow(InvalidOptionError);
    const semaphore = new Semaphore(1);
    for (const bad of [0, -1, 0.5]) expect(() => semaphore.release(bad)).toThrow(InvalidOptionError);
    expect(semaphore.value).toBe(1);
  });

  test("releases n: exactly n go on (G08)", async () => {
    const semaphore = new Semaphore(0);
    let through = 0;
    const pass = (): void => {
      through += 1;
    };
    const tasks = Array.from({ length: 5 }, () => semaphore.acquire().then(pass));
    semaphore.release(3);
    await turn();
    await turn();
    expect([through, semaphore.value]).toEqual([3, 0]);
    semaphore.release(2);
    await within(Promise.all(tasks), "the rest");
  });

  test("a bounded one refuses more than there were, and keeps its value", async () => {
    const semaphore = new BoundedSemaphore(2);
    const permit = await semaphore.acquire();
    expect(() => semaphore.release(2)).toThrow(OverReleaseError);
    expect(semaphore.value).toBe(1);
    permit.release();
    expect(() => semaphore.release()).toThrow(OverReleaseError);
    expect(semaphore.value).toBe(2);
  });

  test("a permit of a task that is cancelled as it is served goes on to the next (M04)", async () => {
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const first = semaphore.acquire({ signal: controller.signal }).catch(() => "cancelled");
    const second = semaphore.acquire();
    controller.abort();
    semaphore.release();
    await within(Promise.all([first, second]), "both");
    expect(semaphore.value).toBe(0);
  });
});

describe("Event", () => {
  test("is set and cleared, each as often as one likes (G10)", async () => {
    const event = new Event();
    expect([await event.wait({ timeout: 0 }), await event.wait({ timeout: 1 }), event.waitSync(0)]).toEqual(
      Array(3).fill(false),
    );
    for (const _ of [1, 2]) event.set();
    expect([event.isSet(), await event.wait(), event.waitSync()]).toEqual([true, true, true]);
    for (const _ of [1, 2]) event.clear();
    expect([event.isSet(), event.waitSync(0)]).toEqual([false, false]);
  });

  test("lets go whoever waits when it is set, though it is cleared at once", async () => {
    const event = new Event();
    const waits = Array.from({ length: 10 }, () => event.wait());
    event.set();
    event.clear();
    expect(await within(Promise.all(waits), "the waits")).toEqual(Array(10).fill(true));
  });

  test("a wait may be given up, and changes nothing", async () => {
    const event = new Event();
    const controller = new AbortController();
    const wait = event.wait({ signal: controller.signal });
    controller.abort();
    await errorOf(CancelledError, wait);
    await errorOf(InvalidOptionError, event.wait({ timeout: -1 }));
    expect(event.isSet()).toBe(false);
  });
});

describe.each([
  ["a Lock", () => new Condition(new Lock())],
  ["an RLock", () => new Condition()],
])("Condition of %s", (_name, make) => {
  test("notify(3) lets three go on, not before the release (G12)", async () => {
    const condition = make();
    let through = 0;
    const wait = async (): Promise<void> => {
      await condition.wait();
      through += 1;
    };
    const tasks = Array.from({ length: 5 }, () => condition.with(wait));
    await turn();
    await condition.with(async () => {
      condition.notify(3);
      await turn();
      expect(through).toBe(0);
    });
    await turn();
    await turn();
    expect(through).toBe(3);
    await condition.with(() => condition.notifyAll());
    await within(Promise.all(tasks), "the rest");
  });

  test("who timed out takes no notification with him (G14)", async () => {
    const condition = make();
    const timedOut = Array.from({ length: 6 }, () => condition.with(() => condition.wait({ timeout: 1 })));
    expect(await within(Promise.all(timedOut), "the time-outs")).toEqual(Array(6).fill(false));
    const waits = Array.from({ length: 6 }, () => condition.with(() => condition.wait()));
    await turn();
    await condition.with(() => condition.notifyAll());
    expect(await within(Promise.all(waits), "the waits")).toEqual(Array(6).fill(true));
    expect(await condition.with(() => condition.wait({ timeout: 1 }))).toBe(false);
  });

  test("a cancelled wait holds the lock again, and a notification goes to another", async () => {
    const condition = make();
    const controller = new AbortController();
    const gone = condition.with(async () => {
      const error = await errorOf(CancelledError, condition.wait({ signal: controller.signal }));
      return [error.code, condition.locked()];
    });
    const other = condition.with(() => condition.wait());
    await turn();
    await condition.with(() => {
      controller.abort();
      condition.notify();
    });
    expect(await within(gone, "the cancelled")).toEqual(["ERR_CANCELLED", true]);
    expect(await within(other, "the other")).toBe(true);
    expect(condition.locked()).toBe(false);
  });

  test("a permit is good again after the wait", async () => {
    const condition = make();
    const permit = await condition.acquire();
    expect(await condition.wait({ timeout: 1 })).toBe(false);
    expect(condition.locked()).toBe(true);
    permit.release();
    expect(condition.locked()).toBe(false);
  });

  test("waitFor gives what the predicate gave last", async () => {
    const condition = make();
    let items = 0;
    const found = condition.with(() => condition.waitFor(() => items > 1 && items));
    for (const _ of [1, 2]) {
      await turn();
      await condition.with(() => {
        items += 1;
        condition.notify();
      });
    }
    expect(await within(found, "the wait")).toBe(2);
    expect(await condition.with(() => condition.waitFor(() => 0, { timeout: 1 }))).toBe(0);
  });

  test("waiting and notifying without the lock are errors", async () => {
    const condition = make();
    await errorOf(NotOwnerError, condition.wait());
    await errorOf(
      NotOwnerError,
      condition.waitFor(() => false),
    );
    expect(() => condition.waitSync()).toThrow(NotOwnerError);
    expect(() => condition.notify()).toThrow(NotOwnerError);
    expect(() => condition.notifyAll()).toThrow(NotOwnerError);
  });
});

describe("Barrier", () => {
  test("lets its parties go on together, each with a number of its own, again and again", async () => {
    const barrier = new Barrier(3);
    for (const _ of [1, 2, 3]) {
      const numbers = await within(Promise.all([1, 2, 3].map(() => barrier.wait())), "the parties");
      expect(numbers.sort()).toEqual([0, 1, 2]);
    }
  });

  test("does not wait for more than one party (G20)", async () => {
    for (const bad of [0, -1, 1.5, null as never]) expect(() => new Barrier(bad)).toThrow(InvalidOptionError);
    expect([await new Barrier(1).wait(), new Barrier(1).waitSync()]).toEqual([0, 0]);
  });

  test("runs its action once, before anyone is let go (G16)", async () => {
    const trace: string[] = [];
    const action = async (): Promise<void> => {
      await turn();
      trace.push("action");
    };
    const barrier = new Barrier(2, { action });
    await within(Promise.all([1, 2].map(() => barrier.wait().then(() => trace.push("party")))), "the parties");
    expect(trace).toEqual(["action", "party", "party"]);
  });

  test("an action that throws breaks it: its party gets the error, the others that it broke", async () => {
    const failing = new Barrier(2, { action: () => Promise.reject(new Error("action")) });
    const [first, last] = [failing.wait(), failing.wait()];
    await errorOf(BrokenBarrierError, first);
    await expect(last).rejects.toThrow("action");
    expect(failing.broken).toBe(true);
  });

  test("abort breaks it until reset (G18)", async () => {
    const barrier = new Barrier(2);
    const waiting = barrier.wait();
    barrier.abort();
    await errorOf(BrokenBarrierError, waiting);
    await errorOf(BrokenBarrierError, barrier.wait());
    barrier.reset();
    expect([barrier.broken, barrier.nWaiting, barrier.parties]).toEqual([false, 0, 2]);
    expect(await within(Promise.all([barrier.wait(), barrier.wait()]), "the parties")).toEqual([0, 1]);
  });

  test("a reset sends home who waits", async () => {
    const barrier = new Barrier(2);
    const waiting = barrier.wait();
    barrier.reset();
    await errorOf(BrokenBarrierError, waiting);
    expect(barrier.broken).toBe(false);
  });

  test("a party that times out or is cancelled breaks it for all", async () => {
    const barrier = new Barrier(3, { timeout: 60_000 });
    const [patient, hasty] = [barrier.wait(), barrier.wait({ timeout: 1 })];
    expect((await errorOf(BrokenBarrierError, hasty)).cause).toBeInstanceOf(TimeoutError);
    await errorOf(BrokenBarrierError, patient);
    barrier.reset();
    const controller = new AbortController();
    const [other, gone] = [barrier.wait(), barrier.wait({ signal: controller.signal })];
    controller.abort();
    await errorOf(CancelledError, gone);
    await errorOf(BrokenBarrierError, other);
  });
});

test("a permit releases what it was given for, and not what was taken when that had been released", async () => {
  const lock = new Lock();
  const first = await lock.acquire();
  const waiting = lock.acquire();
  first.release();
  // The one that waits has it now, though it does not know yet.
  lock.release();
  const third = lock.tryAcquire();
  (await within(waiting, "acquire()")).release();
  expect(lock.locked()).toBe(true);
  third?.release();
  expect(lock.locked()).toBe(false);
});

describe("a failure amid waking", () => {
  const newBell = (): Bell => {
    const world = new World(sharedCells(new SharedArrayBuffer(WORLD_BYTES)));
    return new Bell(world, world.sit(1, -1));
  };
  const fail = (): never => {
    throw new RangeError("on purpose");
  };

  test("keeps no other line from being served", () => {
    const bell = newBell();
    const served: number[] = [];
    const line = (lane: number): Rung => ({
      lane,
      holds: false,
      serve: () => (lane === 1 ? fail() : void served.push(lane)),
      mourn: fail,
      yieldWake: fail,
    });
    for (const lane of [0, 1, 2]) bell.enlist(line(lane));
    bell.world.ring(bell.seat, 0b111);
    expect(() => bell.answer()).toThrow(RangeError);
    expect(served).toEqual([0, 2]);
  });

  test("leaves a line that can be served again", () => {
    const gate: Gate = { announce: () => {}, retract: () => "in time", passOn: () => {}, mourn: () => {} };
    const line = new Line(newBell(), 0, gate);
    let attempt = fail as () => boolean;
    let served = false;
    const ready = (): void => {
      served = true;
    };
    expect(() => line.join({ attempt: () => attempt(), ready })).toThrow(RangeError);
    attempt = () => true;
    line.serve();
    expect(served).toBe(true);
  });
});
