/** Tasks and the rest of the library: awaiting a future in a cancelled task stops its call, and every wait ends with its task,
 *  whatever room it is of. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EventLoopExecutor, type Executor, ProcessPoolExecutor, ThreadPoolExecutor, wait } from "manyhands";
import {
  CancelledError,
  createTask,
  currentTask,
  gather,
  run,
  runInExecutor,
  sleep,
  type Task,
  TimeoutError,
  timeout,
  toThread,
} from "manyhands/asyncio";
import { Client, Listener, Pipe, Pool, Process } from "manyhands/multiprocessing";
import { Queue } from "manyhands/queue";
import { Barrier, Condition, Event, Lock, RLock, Semaphore, Thread } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { add, square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { busyWithPid, loopHoldingContext, waitForSignal } from "#tasks/stopping.js";
import { cancelAll, crowd, type Things, WAITS } from "#tasks/waiting.js";
import { errorOf, linesOf, made, until, within } from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const LONG = 20_000;

const KINDS = [
  ["thread", () => keep(new ThreadPoolExecutor({ maxWorkers: 1 }))],
  ["process", () => keep(new ProcessPoolExecutor({ maxWorkers: 1 }))],
] as const;

describe.each(KINDS)("a call to a %s, awaited in a task", (_kind, make) => {
  test("is stopped with the task, which goes on when it has really ended", async () => {
    const pool = make();
    const [started, log] = [join(folder(), "started"), join(folder(), "log")];
    const steps: string[] = [];
    const task = createTask(async () => {
      try {
        await pool.submit(waitForSignal, started, log);
      } finally {
        steps.push(...linesOf(log));
      }
    });
    await made(started);
    expect(task.waitingFor).toEqual(["a future"]);
    task.cancel("enough");
    await errorOf(CancelledError, within(task, "the task", LONG));
    expect(steps.length).toBeGreaterThan(0);
    expect(await within(pool.submit(add, 1, 2), "the next call", LONG)).toBe(3);
  });

  test("that will not hear has its worker ended, and the next call works", async () => {
    const pool = make();
    const started = join(folder(), "started");
    const task = createTask(() => pool.with({ grace: 10 }).submit(loopHoldingContext, started));
    await made(started);
    task.cancel();
    await errorOf(CancelledError, within(task, "the task", LONG));
    expect(await within(pool.submit(add, 1, 2), "the next call", LONG)).toBe(3);
  });

  test("is never begun when it is still waiting", async () => {
    const pool = make();
    const gate = await newGate();
    const busy = pool.submit(passGate, gate.path, "busy");
    await gate.arrived(1);
    const task = createTask(() => pool.submit(passGate, gate.path, "second"));
    await turn();
    task.cancel();
    await errorOf(CancelledError, task);
    gate.open();
    expect(await busy).toBe("busy");
    expect(pool.stats().cancelled).toBe(1);
  });

  test("of a map ends with the task, and the map takes no more input", async () => {
    const pool = make();
    const gate = await newGate();
    let pulled = 0;
    function* input(): Generator<[string, string]> {
      for (;;) {
        pulled += 1;
        yield [gate.path, `${pulled}`];
      }
    }
    const task = createTask(async () => {
      for await (const label of pool.starmap(passGate, input(), { bufferSize: 2 })) return label;
      return "none";
    });
    await gate.arrived(1);
    task.cancel();
    await errorOf(CancelledError, task);
    const before = pulled;
    const collecting = createTask(async () => pool.map(square, [1, 2, 3]));
    expect(await within(collecting, "the next map", LONG)).toEqual([1, 4, 9]);
    expect(pulled).toBe(before);
  });

  test("has a time limit with the task", async () => {
    const pool = make();
    const started = join(folder(), "started");
    const late = run(() =>
      timeout(1e6, async (limit) => {
        const call = pool.submit(busyWithPid, started);
        await until(() => existsSync(started), "the call has begun");
        limit.reschedule(0);
        await call;
      }),
    );
    await errorOf(TimeoutError, within(late, "the time limit", LONG));
  });
});

describe("toThread and runInExecutor", () => {
  test("call a function elsewhere, and give its future", async () => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
    const all = await run(() => gather(toThread(add, 1, 2), runInExecutor(pool, add, 3, 4), () => toThread(square, 5)));
    expect(all).toEqual([3, 7, 25]);
    expect(await runInExecutor(undefined, square, 6)).toBe(36);
    expect(() => runInExecutor({} as never, square, 6)).toThrow(/must be an executor/);
  });

  test("a busy thread is really stopped when its task is cancelled (SEMANTICS: in Python the thread runs on)", async () => {
    const started = join(folder(), "started");
    const task = createTask(() => toThread(busyWithPid, started));
    await made(started);
    task.cancel();
    await errorOf(CancelledError, within(task, "the task", LONG));
    expect(await within(toThread(add, 2, 2), "the next call", LONG)).toBe(4);
  });
});

/** What waits in vain, and goes on being used by others. */
function newThings(): Things & { readonly other: { close(): void } } {
  const [lock, rlock, semaphore] = [new Lock(), new RLock(), new Semaphore(0)];
  const full = new Queue<number>(1);
  full.putNowait(0);
  const [end, other] = Pipe();
  later(() => {
    end.close();
    other.close();
  });
  return { lock, rlock, semaphore, event: new Event(), barrier: new Barrier(2), empty: new Queue(), full, end, other };
}

describe("a wait of another room ends with its task", () => {
  // One that is re-entrant has to be held by another thread: that is below.
  const waits = Object.entries(WAITS).filter(([name]) => name !== "RLock.acquire");
  test.each(waits)("%s", async (name, wait) => {
    const things = newThings();
    const held = name === "Lock.acquire" ? await things.lock.acquire() : undefined;
    const task = createTask(() => wait(things));
    while (task.waitingFor.length === 0) await turn();
    task.cancel("enough");
    const error = await errorOf(CancelledError, task);
    expect([error.cause, task.waitingFor]).toEqual(["enough", []]);
    held?.release();
    expect(things.lock.locked()).toBe(false);
  });

  test("Condition.wait, with the lock held again", async () => {
    const changed = new Condition();
    const log: unknown[] = [];
    const task = createTask(async () => {
      using _ = await changed.acquire();
      try {
        await changed.wait();
      } finally {
        log.push(changed.locked());
      }
    });
    while (task.waitingFor.length === 0) await turn();
    task.cancel();
    await errorOf(CancelledError, task);
    expect([log, changed.locked()]).toEqual([[true], false]);
  });

  test("Thread.join, Process.join, AsyncResult.get, Listener.accept, Future.result, wait", async () => {
    const gate = await newGate();
    const [thread, child] = [new Thread(passGate, [gate.path, "t"]), new Process(passGate, [gate.path, "p"])];
    for (const each of [thread, child]) each.start();
    const pool = new Pool({ processes: 1 });
    later(() => within(pool.terminate(), "terminate()", LONG));
    const job = pool.applyAsync(passGate, [gate.path, "j"]);
    await gate.arrived(3);
    const listener = await Listener.open();
    later(() => listener.close());
    const call = keep(new ThreadPoolExecutor({ maxWorkers: 1 })).submit(passGate, gate.path, "c");
    const waits: Record<string, () => Promise<unknown>> = {
      "Thread.join": () => thread.join(),
      "Process.join": () => child.join(),
      "AsyncResult.get": () => job.get(),
      "Listener.accept": () => listener.accept(),
      "Future.result": () => call.result(),
      wait: () => wait([call]),
    };
    for (const [name, begin] of Object.entries(waits)) {
      const task: Task<unknown> = createTask(begin, { name });
      while (task.waitingFor.length === 0) await turn();
      task.cancel();
      await errorOf(CancelledError, task, name);
    }
    // What was waited for goes on.
    expect([thread.isAlive(), child.isAlive(), job.ready(), call.done()]).toEqual([true, true, false, false]);
    gate.open();
    await gate.arrived(4);
    await within(Promise.all([thread.join(), child.join(), job.get(), call]), "the ends", LONG);
  });

  test("Client connects to what does not answer", async () => {
    const { createServer } = await import("node:net");
    const server = createServer(() => undefined);
    later(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const task = createTask(() => Client({ host: "127.0.0.1", port }, { authkey: "key" }));
    while (task.waitingFor.length === 0) await turn();
    task.cancel();
    await errorOf(CancelledError, task);
  });

  test.each(KINDS)("in a %s, for objects of this one", async (kind, make) => {
    const things = newThings();
    using _lock = await things.lock.acquire();
    using _rlock = await things.rlock.acquire();
    const { other: _other, ...given } = things;
    const ends = await within(make().submit(cancelAll, given), `the waits in a ${kind}`, LONG);
    expect(ends).toEqual(Object.keys(WAITS));
    // A party that gave up breaks a barrier of threads; nothing else has changed.
    expect([things.empty.qsize(), things.full.qsize(), things.semaphore.value]).toEqual([0, 1, 0]);
  });
});

test("many tasks of a process wait for an object of this one under one signal, and Node sees no leak", async () => {
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const empty = new Queue<number>();
  expect(await within(pool.submit(crowd, empty, 20), "the crowd", LONG)).toEqual({ ended: 20, warnings: [] });
});

describe("what belongs to no task", () => {
  test("a call of an executor of the event loop, whoever submits it", async () => {
    const pool: Executor = keep(new EventLoopExecutor());
    const inside = await run(() => pool.submit(async () => [currentTask(), await sleep(0, currentTask())]));
    expect(inside).toEqual([undefined, undefined]);
  });

  test("workers that a cancelled task was the first to need", async () => {
    const pools = [new ThreadPoolExecutor({ maxWorkers: 1 }), new ProcessPoolExecutor({ maxWorkers: 1 })].map(keep);
    const started = join(folder(), "started");
    const first = createTask(async () => {
      for (const pool of pools) void pool.submit(add, 1, 1);
      const child = new Process(busyWithPid, [started]);
      child.start();
      later(() => {
        child.kill();
        return child.join();
      });
      await sleep(1e6);
    });
    await made(started);
    first.cancel();
    await errorOf(CancelledError, first);
    for (const pool of pools) expect(await within(pool.submit(add, 1, 2), "the next call", LONG)).toBe(3);
  });
});
