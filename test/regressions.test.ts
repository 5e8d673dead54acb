/** Laws that a review of the library found broken. Each stands here once, with the least that breaks it. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  asCompleted,
  BrokenExecutorError,
  CancelledError,
  context,
  EventLoopExecutor,
  type Executor,
  type Future,
  InvalidOptionError,
  ManyhandsError,
  moduleRef,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
  WorkerExitedError,
  wait,
} from "manyhands";
import { describe, expect, test } from "vitest";
import { add, square } from "#tasks/basic.js";
import { recordAndExit } from "#tasks/exiting.js";
import { passGate } from "#tasks/gate.js";
import * as tasks from "#tasks/regressions.js";
import { ignoreSignal } from "#tasks/stopping.js";
import { CANDIDATES } from "./conformance/executors.js";
import {
  errorOf,
  failureOf,
  linesOf,
  made,
  outcomeOf,
  outputOf,
  program,
  programGroup,
  until,
  within,
} from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const POOLS = [
  ["thread", ThreadPoolExecutor],
  ["process", ProcessPoolExecutor],
] as const;

describe("done callbacks", () => {
  test("one that aborts a sibling of a dead process worker neither throws nor writes into a file opened meanwhile", async () => {
    const executor = keep(new ProcessPoolExecutor({ maxWorkers: 1, tasksPerWorker: 2 }));
    const [doorOfFirst, doorOfSecond] = [await newGate(), await newGate()];
    const victim = join(folder(), "victim");
    const text = "what its owner wrote, and nobody else".repeat(200);
    writeFileSync(victim, text);
    for (const opens of [0, 32]) {
      const first = executor.submit(tasks.exitBehindGate, doorOfFirst.path, "first");
      const second = executor.submit(passGate, doorOfSecond.path, "second");
      await Promise.all([doorOfFirst.arrived(opens === 0 ? 1 : 2), doorOfSecond.arrived(opens === 0 ? 1 : 2)]);
      const files: number[] = [];
      const thrown: unknown[] = [];
      first.addDoneCallback(() => {
        // Numbers of descriptors that the worker has left free are given out again.
        for (let n = 0; n < opens; n += 1) files.push(openSync(victim, "r+"));
        try {
          second.abort();
        } catch (error) {
          thrown.push(error);
        }
      });
      doorOfFirst.release(1);
      await errorOf(WorkerExitedError, first);
      await failureOf(second);
      for (const file of files) closeSync(file);
      expect(thrown).toEqual([]);
      expect(readFileSync(victim, "utf8")).toBe(text);
    }
    expect(await within(executor.submit(square, 3), "a call afterwards")).toBe(9);
  });

  describe.each(Object.entries(CANDIDATES))("%s", (_kind, { make, traits }) => {
    test.each(["shutdown", "terminate"] as const)(
      "one that cancels other calls during %s(): counts balance, nothing throws, workers end",
      async (way) => {
        const executor = keep(make({ maxWorkers: 1 }));
        const gate = await newGate();
        const holder = executor.submit(passGate, gate.path, "holder");
        await gate.arrived(1);
        const calls = [1, 2, 3, 4].map((n) => executor.submit(square, n));
        const ends = [holder, ...calls].map((future) => outcomeOf(future));
        for (const call of calls) call.addDoneCallback(() => calls.map((other) => other.cancel()));
        const ended = way === "shutdown" ? executor.shutdown({ cancelPending: true }) : executor.terminate();
        gate.open();
        await within(ended, `${way}()`);
        for (const call of calls) await errorOf(CancelledError, call);
        await Promise.all(ends);
        const { workers, booting, queued, running, completed, failed, cancelled } = executor.stats();
        expect({ queued, running, completed, failed, cancelled }).toEqual({
          queued: 0,
          running: 0,
          completed: way === "shutdown" ? 1 : 0,
          failed: 0,
          cancelled: way === "shutdown" ? 4 : 5,
        });
        if (traits.workers) expect([workers, booting]).toEqual([0, 0]);
      },
    );
  });
});

test("a failure looked at through result(), exception(), wait() or asCompleted() is never reported as unhandled", async () => {
  expect(JSON.parse(await outputOf(program("regressions", "looked")))).toEqual([]);
});

/** Until nobody is on the way up: whoever could run a call by then has been given one. */
async function settledCrew(executor: Executor): Promise<void> {
  await until(() => executor.stats().booting === 0, "the workers should be up");
  await turn();
}

describe("limits of workers", () => {
  test.each(POOLS)("maxTasksPerWorker never lets more calls run than maxWorkers (%s)", async (_kind, Pool) => {
    const executor = keep(new Pool({ maxWorkers: 1, maxTasksPerWorker: 1 }));
    const gate = await newGate();
    const calls = ["a", "b", "c"].map((label) => executor.submit(passGate, gate.path, label));
    for (let n = 1; n <= calls.length; n += 1) {
      await gate.arrived(n);
      await settledCrew(executor);
      expect([gate.arrivals.length, executor.stats().busy]).toEqual([n, 1]);
      gate.release(1);
    }
    expect(await Promise.all(calls)).toEqual(["a", "b", "c"]);
  });

  test("workers that die after they are ready without ever finishing a call break the executor", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1, minWorkers: 1, initializer: tasks.dieSoon }));
    await until(() => executor.stats().lost >= 3, "three workers should die");
    await errorOf(BrokenExecutorError, executor.submit(square, 2));
    expect(executor.stats().lost).toBe(3);
  });

  test("retries: 0 with retryOnWorkerLoss runs a call once", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const log = join(folder(), "log");
    await errorOf(
      WorkerExitedError,
      executor.with({ retries: 0, retryOnWorkerLoss: true }).submit(recordAndExit, log, "run"),
    );
    expect([linesOf(log), executor.stats().retried]).toEqual([["run"], 0]);
  });

  test("a process that cannot be started for lack of descriptors breaks the executor, and nothing is uncaught", async () => {
    // In a process group of its own, for what goes wrong there could end the whole group.
    const stdout = await outputOf(programGroup("regressions", "descriptors"));
    const { ends, reports } = JSON.parse(stdout) as { ends: readonly string[]; reports: readonly string[] };
    expect(reports).toEqual([]);
    expect(ends[0]).toBe("BrokenExecutorError+BrokenExecutorError");
    for (const end of ends) expect(["BrokenExecutorError+BrokenExecutorError", "done+done"]).toContain(end);
  });

  test("terminate() in the turn in which a process cannot be started ends nothing but the executor", async () => {
    expect(await outputOf(programGroup("regressions", "unstartable"))).toMatch(/^(cancelled|failed) \n$/);
  });
});

describe("places that tasks lend on the event loop", () => {
  test("tasks that submit others and go on without waiting do not lift maxConcurrency", async () => {
    const executor = keep(new EventLoopExecutor({ maxConcurrency: 2 }));
    let [now, most, ended] = [0, 0, 0];
    const leave: readonly ((future: Future<void>) => unknown)[] = [
      (future) => future,
      (future) => future.catch(() => undefined),
      (future) => future.addDoneCallback(() => undefined),
      (future) => future.finally(() => undefined),
    ];
    const visit = async (depth: number): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await turn();
      if (depth > 0) for (const way of leave) way(executor.submit(visit, depth - 1));
      await turn();
      await turn();
      now -= 1;
      ended += 1;
    };
    executor.submit(visit, 3);
    await until(() => ended === 1 + 4 + 16 + 64, "all should end");
    expect(most).toBe(2);
  });

  const waits: Readonly<
    Record<string, (executor: Executor, task: (n: number) => Promise<number>, n: number) => Promise<number>>
  > = {
    await: async (executor, task, n) => executor.submit(task, n),
    "Promise.all": async (executor, task, n) => (await Promise.all([executor.submit(task, n)]))[0],
    "result()": async (executor, task, n) => executor.submit(task, n).result(),
    "wait()": async (executor, task, n) => {
      const future = executor.submit(task, n);
      await wait([future]);
      return future;
    },
    "asCompleted()": async (executor, task, n) => {
      for await (const future of asCompleted([executor.submit(task, n)])) return future;
      return 0;
    },
    "await of a map": async (executor, task, n) => (await executor.map(task, [n]))[0] ?? 0,
    "for await of a map": async (executor, task, n) => {
      for await (const value of executor.map(task, [n])) return value;
      return 0;
    },
  };

  test.each(Object.entries(waits))("tasks that wait by %s for others do not deadlock", async (_name, way) => {
    const executor = keep(new EventLoopExecutor({ maxConcurrency: 1 }));
    const task = async (n: number): Promise<number> => (n === 0 ? 0 : 1 + (await way(executor, task, n - 1)));
    expect(await within(executor.submit(task, 4), "the tree")).toBe(4);
    // What was lent was given back.
    let [now, most] = [0, 0];
    const count = async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await turn();
      now -= 1;
    };
    await within(Promise.all([1, 2, 3].map(() => executor.submit(count))), "three calls");
    expect(most).toBe(1);
  });
});

describe("context()", () => {
  test.each(POOLS)("asked for by code that outlives its task changes no result (%s)", async (_kind, Pool) => {
    const executor = keep(new Pool({ maxWorkers: 1, tasksPerWorker: 2 }));
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const one: number[] = [];
    for (const n of numbers) one.push(await within(executor.submit(tasks.askTooLate, n), "a call"));
    expect(one).toEqual(numbers);
    expect(await within(Promise.all(numbers.map((n) => executor.submit(tasks.askTooLate, n))), "all")).toEqual(numbers);
  });

  test("terminate() on the event loop aborts the signal of running tasks", async () => {
    const executor = keep(new EventLoopExecutor());
    const signals: AbortSignal[] = [];
    const call = executor.submit(() => {
      signals.push(context().signal);
      return new Promise<never>(() => {});
    });
    await until(() => signals.length === 1, "the task should run");
    const failure = errorOf(CancelledError, call);
    await within(executor.terminate(), "terminate()");
    await failure;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test.each([1, 2])(
    "tasks of an event loop inside a thread have their own (tasksPerWorker %i)",
    async (tasksPerWorker) => {
      const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1, tasksPerWorker }));
      const kinds = await within(executor.submit(tasks.kindsInside), "the call");
      expect(kinds).toEqual(["thread", "event-loop", "event-loop", "thread"]);
    },
  );

  test.each(POOLS)("cancelled stays true once it is (%s)", async (_kind, Pool) => {
    const executor = keep(new Pool({ maxWorkers: 1 }));
    const [started, log] = [join(folder(), "started"), join(folder(), "log")];
    const call = executor.with({ grace: 60_000 }).submit(tasks.readCancelledOnAndOn, started, log);
    await made(started);
    call.abort();
    await errorOf(CancelledError, call);
    expect(linesOf(log)).toEqual(["0 CancelledError"]);
  });
});

describe("maps", () => {
  test("`for await` over a map with a failing call closes the source and cancels what has not started", async () => {
    const executor = keep(new EventLoopExecutor({ maxConcurrency: 1 }));
    const [ran, closed, taken]: [number[], string[], number[]] = [[], [], []];
    function* source(): Generator<number> {
      try {
        for (let n = 0; ; n += 1) yield n;
      } finally {
        closed.push("closed");
      }
    }
    const task = async (n: number): Promise<number> => {
      ran.push(n);
      await turn();
      if (n === 1) throw new RangeError("one");
      return n;
    };
    const leaving = async (): Promise<void> => {
      for await (const n of executor.map(task, source(), { bufferSize: 100 })) taken.push(n);
    };
    await errorOf(RangeError, leaving(), "the loop");
    await within(executor.shutdown(), "shutdown()");
    expect([taken, closed]).toEqual([[0], ["closed"]]);
    // The next one may have begun before anybody could take the failure.
    expect(ran.length).toBeLessThanOrEqual(3);
  });

  test("next() goes on behind a failing call", async () => {
    const executor = keep(new EventLoopExecutor());
    const results = executor.map(
      (n: number) => {
        if (n === 1) throw new RangeError("one");
        return n;
      },
      [0, 1, 2],
    );
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await errorOf(RangeError, results.next());
    expect(await results.next()).toEqual({ done: false, value: 2 });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  test("shutdown({ cancelPending }) ends a map that is being collected from an endless source", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    let closed = 0;
    let goOn: () => void = () => undefined;
    const pause = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    async function* source(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n += 1) {
          if (n === 3) await pause;
          await turn();
          yield n;
        }
      } finally {
        closed += 1;
      }
    }
    const collected = outcomeOf(executor.map(square, source()), "the map");
    // No call waits or runs when the shutdown begins: there is nothing to cancel but the map itself.
    await until(() => executor.stats().completed === 3, "the map should go on");
    const ended = executor.shutdown({ cancelPending: true });
    goOn();
    await within(ended, "shutdown()");
    const outcome = await collected;
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof ManyhandsError);
    await until(() => closed === 1, "the source should be closed");
  });

  test("terminate() after a broken initializer ends a map that is being collected, and a shutdown() that waits", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1, minWorkers: 1, initializer: tasks.failToStart }));
    async function* never(): AsyncGenerator<number> {
      await new Promise(() => {});
      yield 1;
    }
    const collected = outcomeOf(executor.map(square, never()), "the map");
    await errorOf(BrokenExecutorError, executor.submit(square, 1));
    const ended = executor.shutdown();
    await within(executor.terminate(), "terminate()");
    await within(ended, "shutdown()");
    const outcome = await collected;
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof ManyhandsError);
  });

  test.each([true, false])("after return() a map gives nothing more (ordered: %s)", async (ordered) => {
    const executor = keep(new EventLoopExecutor());
    let goOn: () => void = () => undefined;
    const pause = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const task = async (n: number): Promise<number> => {
      if (n > 2) await pause;
      return n;
    };
    const results = executor.map(task, [1, 2, 3, 4], { ordered });
    expect((await results.next()).done).toBe(false);
    // One that has ended waits to be taken; two are left to end behind the return.
    await until(() => executor.stats().completed === 2, "two should end");
    await results.return();
    goOn();
    await until(() => executor.stats().completed === 4, "all should end");
    expect(await within(results.next(), "next()")).toEqual({ done: true, value: undefined });
    expect(await within(results.next(), "next()")).toEqual({ done: true, value: undefined });
  });

  test("a source that closes its own map is not run on", async () => {
    const executor = keep(new EventLoopExecutor());
    const [pulled, ran]: [number[], number[]] = [[], []];
    let leave: () => unknown = () => undefined;
    function* source(): Generator<number> {
      for (let n = 1; ; n += 1) {
        pulled.push(n);
        if (n === 2) leave();
        yield n;
      }
    }
    const task = (n: number): number => {
      ran.push(n);
      return n;
    };
    const results = executor.map(task, source(), { bufferSize: 1 });
    leave = () => results.return();
    expect(await within(results.next(), "next()")).toEqual({ done: false, value: 1 });
    expect(await within(results.next(), "next()")).toEqual({ done: true, value: undefined });
    await within(executor.shutdown(), "shutdown()");
    expect([pulled, ran]).toEqual([[1, 2], [1]]);
  });

  test("leaving a map twice closes its source once", async () => {
    const executor = keep(new EventLoopExecutor());
    let closed = 0;
    const endless: IterableIterator<number> = {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        closed += 1;
        return { done: true, value: undefined };
      },
      [Symbol.iterator]: () => endless,
    };
    const controller = new AbortController();
    const results = executor.map(square, endless, { bufferSize: 4, signal: controller.signal });
    await results.next();
    await results.return();
    await results.return();
    controller.abort();
    await within(executor.shutdown(), "shutdown()");
    await executor.terminate();
    expect(closed).toBe(1);
    expect(await within(results.next(), "next()")).toEqual({ done: true, value: undefined });
  });

  test("a string is a source, and what cannot be iterated is an InvalidOptionError", async () => {
    const executor = keep(new EventLoopExecutor());
    expect(await executor.map((letter: string) => `${letter}!`, "abc")).toEqual(["a!", "b!", "c!"]);
    for (const items of [5, true, null, undefined, {}]) {
      assert.throws(() => executor.map(square, items as unknown as number[]), InvalidOptionError, String(items));
    }
  });

  test("fifteen maps on one signal give no warning", async () => {
    const executor = keep(new EventLoopExecutor());
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", note);
    later(() => process.off("warning", note));
    const { signal } = new AbortController();
    const maps = Array.from({ length: 15 }, () => executor.map(square, [1, 2], { signal }));
    await within(Promise.all(maps), "the maps");
    await turn();
    expect(warnings).toEqual([]);
  });
});

describe("keys", () => {
  test("calls of one key that were taken back keep their order", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 2 }));
    const [gate, release] = [await newGate(), join(folder(), "release")];
    const holder = executor.submit(passGate, gate.path, "holder");
    await gate.arrived(1);
    const keyed = executor.with({ key: "a" });
    // Its calls are known to be short, so that many are handed over ahead of their turn.
    for (let n = 0; n < 60; n += 1) await keyed.submit(tasks.numberBehind, "", n);
    const order: number[] = [];
    const submit = (path: string, n: number): Future<number> => {
      const future = keyed.submit(tasks.numberBehind, path, n);
      future.addDoneCallback(() => order.push(n));
      return future;
    };
    const calls = [submit(release, 0)];
    // Behind the one that blocks, for the other worker is held: it comes back when the calls of the key do.
    const stray = executor.submit(tasks.numberBehind, "", -1);
    for (let n = 1; n < 300; n += 1) calls.push(submit("", n));
    await turn();
    gate.open();
    await within(Promise.all([stray, holder]), "the call of no key");
    writeFileSync(release, "");
    await within(Promise.all(calls), "the calls of the key");
    expect(order).toEqual(calls.map((_, n) => n));
  });

  test("calls of one key never run side by side across a retiring worker", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 2, maxTasksPerWorker: 2 }));
    const gate = await newGate();
    const keyed = executor.with({ key: "a" });
    const labels = ["1", "2", "3", "4", "5"];
    const calls = labels.map((label) => keyed.submit(passGate, gate.path, label));
    for (let n = 1; n <= labels.length; n += 1) {
      await gate.arrived(n);
      await settledCrew(executor);
      expect([gate.arrivals, executor.stats().busy]).toEqual([labels.slice(0, n), 1]);
      gate.release(1);
    }
    expect(await within(Promise.all(calls), "the calls")).toEqual(labels);
  });

  test("keys take turns on one worker", async () => {
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const [a, b] = [executor.with({ key: "a" }), executor.with({ key: "b" })];
    await Promise.all([a.submit(tasks.workFor, 2), b.submit(tasks.workFor, 2)]);
    let ofA = 0;
    // A limit only where the law is broken: then the other key comes when this one has had enough.
    const again = (): void => {
      ofA += 1;
      if (ofA < 300) a.submit(tasks.workFor, 2).addDoneCallback(again);
    };
    for (let n = 0; n < 3; n += 1) a.submit(tasks.workFor, 2).addDoneCallback(again);
    await within(b.submit(tasks.workFor, 2), "the call of the other key");
    expect(ofA).toBeLessThan(100);
    ofA = 300;
  });
});

describe("time limits and stopping", () => {
  test.each(POOLS)(
    "a module that loads longer than `timeout` does not time the first call out (%s)",
    async (_kind, Pool) => {
      const executor = keep(new Pool({ maxWorkers: 1 }));
      const path = folder();
      const [module, loading, release] = [join(path, "slow.mjs"), join(path, "loading"), join(path, "release")];
      writeFileSync(
        module,
        `import { existsSync, writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(loading)}, "");
      while (!existsSync(${JSON.stringify(release)})) await new Promise((resolve) => setTimeout(resolve, 2));
      export const answer = () => 42;`,
      );
      const slow = moduleRef<{ answer: () => number }>(pathToFileURL(module));
      const call = executor.with({ timeout: 250 }).submit(slow.answer);
      const outcome = outcomeOf(call);
      await made(loading);
      // A timer that was set later, for longer, than that of the call: when it fires, that one has fired.
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(release, "");
      expect(await outcome).toEqual({ status: "fulfilled", value: 42 });
    },
  );

  test.each(POOLS)("neighbours of an aborted call that ignores its abort finish (%s)", async (_kind, Pool) => {
    const executor = keep(new Pool({ maxWorkers: 2, tasksPerWorker: 2 }));
    const [gate, started] = [await newGate(), join(folder(), "started")];
    const deaf = executor.with({ grace: 60 }).submit(ignoreSignal, started);
    await made(started);
    const neighbour = executor.submit(passGate, gate.path, "neighbour");
    await gate.arrived(1);
    expect(executor.stats().workers).toBe(1);
    deaf.abort();
    await errorOf(CancelledError, deaf);
    // As long as it takes another worker to start and to do something.
    await within(executor.submit(tasks.workFor, 150), "a call elsewhere");
    gate.open();
    expect(await within(neighbour, "the neighbour")).toBe("neighbour");
    expect(await within(executor.submit(add, 1, 2), "a call afterwards")).toBe(3);
    await within(executor.shutdown(), "shutdown()");
    expect(executor.stats().lost).toBe(0);
  });

  test("a rate gate with nobody before it does not keep the program alive", async () => {
    expect(await outputOf(program("regressions", "gate"))).toBe("cancelled\n");
  });
});

test.each(POOLS)("initargs arrive as they were when the executor was made (%s)", async (_kind, Pool) => {
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const second = { value: "before" };
  const initargs: unknown[] = [buffer, second];
  const executor = keep(new Pool({ maxWorkers: 1, initializer: tasks.keepArguments, initargs }));
  structuredClone(buffer, { transfer: [buffer] });
  second.value = "after";
  initargs.push("one more");
  expect(await within(executor.submit(tasks.keptArguments), "the call")).toEqual([2, [1, 2, 3], { value: "before" }]);
});

test.each(POOLS)("a result that is no number does not overtake the call's own reports (%s)", async (_kind, Pool) => {
  const executor = keep(new Pool({ maxWorkers: 1 }));
  for (let round = 0; round < 5; round += 1) {
    const call = executor.submit(tasks.reportMuch, 60, 8192);
    let [heard, before] = [0, -1];
    call.onProgress(() => {
      heard += 1;
    });
    call.addDoneCallback(() => {
      before = heard;
    });
    expect(await within(call, "the call")).toBe("60 reports");
    expect(before).toBe(60);
  }
});
