/** Tasks: how they start, wait, are cancelled and end. Cases of group K, and what SEMANTICS says of tasks. */
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { Future } from "manyhands";
import {
  allTasks,
  asCompleted,
  CancelledError,
  cancellable,
  createTask,
  currentTask,
  DeadlockError,
  Event,
  formatTasks,
  gather,
  InvalidStateError,
  Lock,
  Queue,
  run,
  shield,
  sleep,
  type Task,
  TimeoutError,
  wait,
} from "manyhands/asyncio";
import { describe, expect, test } from "vitest";
import { errorOf, outputOf, program, within } from "./conformance/support.js";
import { runVirtually } from "./virtual-clock.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for ever, and says how that ended. */
async function endless(log: string[] = []): Promise<never> {
  try {
    await new Event().wait();
  } catch (error) {
    log.push((error as Error).name);
    throw error;
  }
  throw new Error("it ended");
}

describe("a task", () => {
  test("starts at the end of the turn, and is a future of what its function returns", async () => {
    const steps: string[] = [];
    const task = createTask(async () => {
      steps.push("task");
      return 42;
    });
    steps.push("caller");
    expect([task.state, task.done(), task instanceof Future]).toEqual(["pending", false, true]);
    expect(await task).toBe(42);
    expect(steps).toEqual(["caller", "task"]);
    expect(task.state).toBe("succeeded");
  });

  test("may be a plain function, and may give a future", async () => {
    expect(await createTask(() => 1)).toBe(1);
    const { future, resolve } = Future.withResolvers<string>();
    const task = createTask(() => future);
    resolve("value");
    expect(await task).toBe("value");
  });

  test("that fails, with whatever, fails its future; nobody's failure is reported once", async () => {
    for (const thrown of [new RangeError("no"), undefined, 0, "text"]) {
      const task = createTask(() => {
        throw thrown;
      });
      expect(await task.exception()).toBe(thrown);
      expect(task.state).toBe("failed");
    }
    expect(await outputOf(program("asyncio-ends", "an unseen failure"))).toBe("unhandled lost\n");
  });

  test("has the name that it is given, else that of its function", async () => {
    async function fetchAll(): Promise<void> {
      await turn();
    }
    const tasks = [createTask(fetchAll), createTask(fetchAll, { name: "mine" }), createTask(() => turn())];
    expect(tasks[0]?.name).toMatch(/^fetchAll-\d+$/);
    expect(tasks[1]?.name).toBe("mine");
    expect(tasks[2]?.name).toMatch(/^Task-\d+$/);
    await Promise.all(tasks);
    expect(tasks[0]?.name).toMatch(/^fetchAll-\d+$/);
  });

  test("takes functions, not promises", () => {
    expect(() => createTask(Promise.resolve() as never)).toThrow(/a promise runs already/);
    expect(() => createTask(1 as never)).toThrow(/must be a function/);
    expect(() => createTask(turn, { nam: "x" } as never)).toThrow(/did you mean name/);
  });
});

describe("what is given to a task", () => {
  test.each<[unknown, RegExp]>([
    [[], /work must be a function, got an empty list/],
    [5n, /got 5n/],
    ["", /got ""/],
    [Promise.resolve(), /got \[object Promise\]: a promise runs already/],
    [function* nothing() {}, /must not be a generator function: calling it runs nothing/],
    [async function* nothing() {}, /must not be a generator function/],
  ])("%o is refused, and named", (given, told) => {
    expect(() => createTask(given as never)).toThrow(told);
  });

  test("its callbacks get the task itself", async () => {
    const names: string[] = [];
    const task = createTask(() => 1, { name: "one" });
    const note = (ended: Task<number>): void => void names.push(`${ended}`);
    task.addDoneCallback(note);
    await task;
    task.addDoneCallback(note);
    await turn();
    expect(JSON.stringify({ task, other: createTask(() => 2, { name: "two" }) })).toBe(
      '{"task":"Task one <succeeded>","other":"Task two <pending>"}',
    );
    expect([names, task.removeDoneCallback(note)]).toEqual([["Task one <succeeded>", "Task one <succeeded>"], 0]);
  });
});

describe("cancel", () => {
  test("before the first step: the function never runs (SEMANTICS: Task.cancel)", async () => {
    let ran = 0;
    const task = createTask(() => {
      ran += 1;
    });
    expect(task.cancel("no need")).toBe(true);
    expect([task.done(), task.cancelling()]).toEqual([false, 1]);
    const error = await errorOf(CancelledError, task);
    expect([error.cause, ran, task.cancelled(), task.cancel()]).toEqual(["no need", 0, true, false]);
  });

  test("K02: a task that catches it and returns 42 has succeeded; one that goes on waiting ends normally", async () => {
    const catching = createTask(() => endless().catch(() => 42));
    const going = createTask(async () => {
      await endless().catch(() => undefined);
      await sleep(1);
      return "done";
    });
    await turn();
    expect([catching.cancel(), going.cancel()]).toEqual([true, true]);
    expect(await catching).toBe(42);
    expect(await going).toBe("done");
    expect([catching.cancelled(), going.cancelled(), going.cancelling()]).toEqual([false, false, 1]);
  });

  test("K04: cancels the task that it awaits, and is thrown when that has cleaned up", async () => {
    const steps: string[] = [];
    const inner = createTask(async () => {
      try {
        await endless();
      } finally {
        await sleep(1);
        steps.push("inner");
      }
    });
    const outer = createTask(async () => {
      try {
        await inner;
      } finally {
        steps.push("outer");
      }
    });
    await turn();
    outer.cancel();
    await errorOf(CancelledError, outer);
    expect([steps, inner.cancelled(), outer.cancelled()]).toEqual([["inner", "outer"], true, true]);
  });

  test("what an awaited task returns in spite of it is what the other gets", async () => {
    const inner = createTask(() => endless().catch(() => "rescued"));
    const outer = createTask(async () => `got ${await inner}`);
    await turn();
    outer.cancel();
    expect(await outer).toBe("got rescued");
  });

  test("while it computes, or waits for a foreign promise: at its next wait", async () => {
    const foreign = Promise.resolve("foreign");
    const log: string[] = [];
    const task: Task<void> = createTask(async () => {
      task.cancel();
      log.push(await foreign);
      await sleep(0).catch((error: Error) => log.push(error.name));
      await sleep(0);
      log.push("once");
    });
    await task;
    expect(log).toEqual(["foreign", "CancelledError", "once"]);
  });

  test("a task that returns without having waited since is cancelled all the same", async () => {
    const task: Task<number> = createTask(async () => {
      await Promise.resolve();
      task.cancel("late");
      return 1;
    });
    expect((await errorOf(CancelledError, task)).cause).toBe("late");
  });

  test("twice in a turn is thrown once, twice in two turns twice", async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      await endless(log).catch(() => undefined);
      await endless(log).catch(() => undefined);
      return log.length;
    });
    await turn();
    task.cancel();
    task.cancel();
    await turn();
    expect([log.length, task.cancelling()]).toEqual([1, 2]);
    task.cancel();
    expect([await task, task.cancelling()]).toEqual([2, 3]);
  });

  test("uncancel takes a request back, and what has not been thrown is not thrown then", async () => {
    const task: Task<string> = createTask(async () => {
      task.cancel();
      expect(task.uncancel()).toBe(0);
      await sleep(0);
      return "went on";
    });
    expect(await task).toBe("went on");
  });

  test("ends all waits of a task that waits for several, and leaves no failure unseen", async () => {
    const ends: string[] = [];
    const lock = new Lock();
    using _ = await lock.acquire();
    const task = createTask(async () => {
      const others = [lock.acquire(), new Queue().get(), sleep(1e6)];
      void new Event().wait();
      const all = await Promise.allSettled(others);
      ends.push(...all.map(({ status }) => status));
    });
    await turn();
    expect(task.waitingFor).toHaveLength(4);
    task.cancel();
    await task;
    expect(ends).toEqual(["rejected", "rejected", "rejected"]);
  });

  test("ends a wait for a foreign promise that was made cancellable; its own failure is nobody's then", async () => {
    let fail: (reason: unknown) => void = () => undefined;
    const foreign = new Promise((_, reject) => {
      fail = reject;
    });
    const task = createTask(() => cancellable(foreign));
    await turn();
    task.cancel();
    await errorOf(CancelledError, task);
    fail(new Error("late"));
    await turn();
    expect(await createTask(() => cancellable(Promise.resolve(5)))).toBe(5);
    await errorOf(
      RangeError,
      createTask(() => cancellable(Promise.reject(new RangeError()))),
    );
  });

  test("aborts the signal of the task, for who knows signals only; a clean-up has a new one", async () => {
    const log: unknown[] = [];
    const task = createTask(async () => {
      const first = currentTask()?.signal as AbortSignal;
      try {
        await once(new EventTarget() as never, "never", { signal: first });
      } catch (error) {
        log.push((error as Error).name, first.aborted);
      } finally {
        const second = currentTask()?.signal;
        log.push(second === first, second?.aborted);
        // It has reached the task: it is not thrown a second time.
        log.push(await sleep(0, "cleaned up"));
      }
    });
    await turn();
    task.cancel();
    await task;
    expect(log).toEqual(["AbortError", true, false, false, "cleaned up"]);
  });

  test("reaches the task through a signal that depends on its own, too; cancellable tells it once", async () => {
    const never = (own: AbortSignal): Promise<unknown> =>
      once(new EventTarget() as never, "never", { signal: AbortSignal.any([own, new AbortController().signal]) });
    const ends: string[] = [];
    const task = createTask(() => never((currentTask() as Task<unknown>).signal).catch(() => ends.push("ended")));
    const exact = createTask(async () => {
      await cancellable(never).catch(() => undefined);
      return sleep(0, "went on");
    });
    await turn();
    task.cancel();
    exact.cancel();
    // Whether its next wait throws as well depends on Node, some versions of which do not show who depends on a signal.
    await wait([task]);
    expect([ends, await exact]).toEqual([["ended"], "went on"]);
  });

  test("many may listen to it, and many runs to one signal, without a warning", async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", note);
    const fifteen = Array.from({ length: 15 }, (_, at) => at);
    await run(async () => {
      const { signal } = currentTask() as Task<unknown>;
      for (const _ of fifteen) signal.addEventListener("abort", () => undefined);
    });
    const stop = new AbortController();
    const runs = fifteen.map(() => run(() => endless(), { signal: stop.signal }));
    stop.abort();
    for (const each of runs) await errorOf(CancelledError, each);
    await turn();
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  test("a signal that nobody listens to says so, and the next wait throws", async () => {
    const task: Task<boolean> = createTask(async () => {
      const { signal } = task;
      task.cancel();
      expect(signal.aborted).toBe(true);
      return sleep(0).then(
        () => false,
        (error: unknown) => error === signal.reason,
      );
    });
    expect(await task).toBe(true);
  });
});

describe("callbacks", () => {
  test("K14: run on a later turn, in order; removing takes all equal ones and says how many", async () => {
    const log: string[] = [];
    const task = createTask(() => {
      log.push("runs");
    });
    const same = (): void => void log.push("same");
    for (let n = 0; n < 6; n += 1) task.addDoneCallback(same);
    task.addDoneCallback(() => log.push("first"));
    task.addDoneCallback(() => log.push("second"));
    expect([task.removeDoneCallback(same), task.removeDoneCallback(same)]).toEqual([6, 0]);
    await task;
    task.addDoneCallback(() => log.push("added later"));
    log.push("after");
    await turn();
    expect(log).toEqual(["runs", "first", "second", "after", "added later"]);
  });
});

describe("waiting for several", () => {
  test("K06: tasks run on when who waits for them is cancelled, or its time is over", async () => {
    const gate = new Event();
    const tasks = [createTask(() => gate.wait()), createTask(() => gate.wait())];
    const waiter = createTask(() => wait(tasks));
    await turn();
    waiter.cancel();
    await errorOf(CancelledError, waiter);
    const { done, notDone } = await wait(tasks, { timeout: 0 });
    expect([done.size, notDone.size]).toEqual([0, 2]);
    gate.set();
    expect((await wait(tasks)).done).toEqual(new Set(tasks));
  });

  test("wait returns with the first, the first failure, or all; it takes futures, and some", async () => {
    await runVirtually(async () => {
      const tasks = [
        createTask(() => sleep(1)),
        createTask(async () => {
          await sleep(2);
          throw new RangeError();
        }),
        createTask(() => sleep(3)),
      ];
      expect((await wait(tasks, { returnWhen: "first-completed" })).done.size).toBe(1);
      expect((await wait(tasks, { returnWhen: "first-exception" })).done.size).toBe(2);
      expect((await wait(tasks)).done.size).toBe(3);
      await expect(wait([])).rejects.toThrow(/no futures/);
      await expect(wait([sleep as never])).rejects.toThrow(/takes futures/);
    });
  });

  test("asCompleted gives the tasks as they end, and its time counts from the call", async () => {
    await runVirtually(async () => {
      const order: unknown[] = [];
      const works = [3, 1, 2].map((ms) => () => sleep(ms, ms));
      for await (const task of asCompleted(works)) order.push(await task);
      expect(order).toEqual([1, 2, 3]);
      const named = works.map((work, at) => createTask(work, { name: `work ${at}` }));
      const names: string[] = [];
      for await (const task of asCompleted(named)) names.push(task.name);
      expect(names).toEqual(["work 1", "work 2", "work 0"]);
    });
  });

  test("asCompleted fails when its time is over, and leaves the tasks alone", async () => {
    const gate = new Event();
    const task = createTask(() => gate.wait());
    const completions = asCompleted([task], { timeout: 0 });
    await errorOf(TimeoutError, completions.next());
    expect(task.done()).toBe(false);
    gate.set();
    expect(await task).toBe(true);
  });
});

describe("gather", () => {
  test("gives results in the order of its arguments; a task given twice is one, a function two; none is an empty list", async () => {
    let ran = 0;
    const work = async (): Promise<number> => {
      ran += 1;
      return ran;
    };
    const task = createTask(work);
    expect(await gather(task, () => "other", work, work, task)).toEqual([1, "other", 2, 3, 1]);
    expect(await gather()).toEqual([]);
    expect(() => gather(Promise.resolve() as never)).toThrow(/a promise runs already/);
    expect(() => gather([work] as never)).toThrow(/got a list: spread it/);
    expect(ran).toBe(3);
  });

  test("K08: fails at once with the first error; siblings go on, and their later errors do not surface", async () => {
    await runVirtually(async () => {
      let finished = 0;
      const good = (ms: number) => async () => {
        await sleep(ms);
        finished += 1;
      };
      const bad = (ms: number) => async () => {
        await sleep(ms);
        throw new RangeError(`after ${ms}`);
      };
      const all = gather(good(1), bad(2), good(3), bad(4), good(5));
      expect((await errorOf(RangeError, all)).message).toBe("after 2");
      expect(finished).toBe(1);
      await sleep(10);
      expect(finished).toBe(3);
    });
  });

  test("collects errors among the results when asked to", async () => {
    const error = new RangeError();
    const fails = (): never => {
      throw error;
    };
    expect(await gather(() => 1, fails, { returnExceptions: true })).toEqual([1, error]);
  });

  test("K10: a cancelled child is a failure; cancelling it cancels all, also when errors are collected", async () => {
    const child = createTask(() => endless());
    const all = gather(child, () => sleep(1e6));
    const siblings = [...allTasks()].filter((task) => task !== child);
    child.cancel();
    await errorOf(CancelledError, all);
    expect(all.state).toBe("failed");
    for (const task of siblings) task.cancel();

    const tasks = [createTask(() => endless()), createTask(() => endless())];
    const collecting = gather(...tasks, { returnExceptions: true });
    await turn();
    expect(collecting.cancel("enough")).toBe(true);
    expect((await errorOf(CancelledError, collecting)).cause).toBe("enough");
    expect([collecting.cancelled(), ...tasks.map((task) => task.cancelled())]).toEqual([true, true, true]);
  });

  test("in a task that is cancelled: all are", async () => {
    const tasks = [createTask(() => endless()), createTask(() => endless())];
    const outer = createTask(async () => gather(...tasks));
    await turn();
    outer.cancel();
    await errorOf(CancelledError, outer);
    expect(tasks.every((task) => task.cancelled())).toBe(true);
  });
});

describe("shield", () => {
  test("K12: the inner goes on when the outer is cancelled; a cancelled inner cancels the outer", async () => {
    const gate = new Event();
    const inner = createTask(() => gate.wait());
    const outer = createTask(async () => shield(inner));
    await turn();
    outer.cancel();
    await errorOf(CancelledError, outer);
    expect(inner.done()).toBe(false);
    gate.set();
    expect(await inner).toBe(true);

    const other = createTask(() => endless());
    const shielded = shield(other);
    await turn();
    other.cancel();
    await errorOf(CancelledError, shielded);
    expect(shielded.cancelled()).toBe(true);
  });

  test("gives the outcome of the inner", async () => {
    expect(await shield(() => 5)).toBe(5);
    await errorOf(
      RangeError,
      shield(() => {
        throw new RangeError();
      }),
    );
  });
});

describe("run", () => {
  test("gives what main returns, and fails with what it throws", async () => {
    expect(await run(async () => 5)).toBe(5);
    await errorOf(
      RangeError,
      run(() => {
        throw new RangeError();
      }),
    );
    await expect(run(1 as never)).rejects.toThrow(/must be a function/);
    await expect(run(turn, { clok: 1 } as never)).rejects.toThrow(/did you mean clock/);
  });

  test("K16: what main leaves behind is cancelled and awaited; a nested run is refused", async () => {
    const steps: string[] = [];
    await run(async () => {
      createTask(async () => {
        try {
          await endless();
        } finally {
          await sleep(1);
          createTask(() => endless(steps));
          steps.push("cleaned up");
        }
      });
      await turn();
      steps.push("main");
    });
    expect(steps).toEqual(["main", "cleaned up", "CancelledError"]);
    await run(async () => {
      await errorOf(InvalidStateError, run(turn));
    });
  });

  test("K16: what a left task fails with goes to unhandledRejection, not to the caller", async () => {
    const output = await outputOf(program("asyncio-ends", "a failure in a clean-up"));
    expect(output.split("\n").sort()).toEqual(["", "unhandled in its clean-up", "value"]);
  });

  test("aborting its signal cancels the tree, and clean-up is awaited", async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const running = run(
      async () => {
        createTask(async () => {
          try {
            await endless();
          } finally {
            await sleep(1);
            steps.push("child");
          }
        });
        try {
          await endless();
        } finally {
          await sleep(1);
          steps.push("main");
        }
      },
      { signal: controller.signal },
    );
    await turn();
    controller.abort("enough");
    expect((await errorOf(CancelledError, running)).cause).toBe("enough");
    expect(steps.sort()).toEqual(["child", "main"]);
    await errorOf(CancelledError, run(turn, { signal: AbortSignal.abort() }));
  });

  test("shows the tasks instead of ending without a word when nothing can wake them", async () => {
    expect(await outputOf(program("asyncio-ends", "a deadlock"))).toBe(
      "ERR_DEADLOCK\nmain · running · waits for Queue.get()\n└─ child · running · waits for Lock.acquire()\n",
    );
    expect(await outputOf(program("asyncio-ends", "a foreign deadlock"))).toBe(
      "ERR_DEADLOCK\nmain · running · waits for a foreign promise\n",
    );
    expect(new DeadlockError("tree").message).toContain("tree");
  });

  test("tasks of different runs do not see each other", async () => {
    await run(async () => {
      const names = [...allTasks()].map(({ name }) => name);
      expect(names).toEqual(["main"]);
    });
  });
});

describe("what one sees", () => {
  test("allTasks and formatTasks show names, states, makers, and what is waited for", async () => {
    const controller = new AbortController();
    const gate = new Event();
    await run(async () => {
      const parent = createTask(
        async () => {
          createTask(() => gate.wait(), { name: "child" });
          await sleep(1e6);
        },
        { name: "parent" },
      );
      createTask(() => once(controller.signal, "abort"), { name: "foreign" });
      await turn();
      parent.cancel();
      expect(formatTasks()).toBe(
        [
          "main · running",
          "├─ parent · running · waits for sleep(1000000) · being cancelled",
          "│  └─ child · running · waits for Event.wait()",
          "└─ foreign · running · waits for a foreign promise",
        ].join("\n"),
      );
      expect(currentTask()?.name).toBe("main");
      controller.abort();
    });
    expect(currentTask()).toBe(undefined);
  });
});

describe("sleep", () => {
  test("K18: 0 gives one turn and the value; NaN is refused", async () => {
    const steps: string[] = [];
    setImmediate(() => steps.push("others"));
    expect(await sleep(0, "value")).toBe("value");
    steps.push("then");
    expect(steps).toEqual(["others", "then"]);
    await expect(sleep(Number.NaN)).rejects.toThrow(/must be a number/);
    await expect(sleep("1" as never)).rejects.toThrow(/must be a number/);
    await errorOf(CancelledError, sleep(1e6, undefined, { signal: AbortSignal.abort() }));
  });

  test("wakes in the order of times, and of beginnings", async () => {
    const order: number[] = [];
    await runVirtually(async () => {
      await gather(
        ...[5, 3, 5, 1, 3].map((ms, at) => async () => {
          await sleep(ms);
          order.push(at);
        }),
      );
    });
    expect(order).toEqual([3, 1, 4, 0, 2]);
  });
});

test("Ctrl-C cancels main, whose clean-up runs, and the program ends by the signal", async () => {
  const { stdout, stderr, signal } = await within(program("asyncio-ends", "interrupt").ended, "the program", 20_000);
  expect([stdout, stderr, signal]).toEqual(["cleaned up\n", "", "SIGINT"]);
});

test("tasks of one turn each keep what other storages hold where they are made", async () => {
  const mine = new AsyncLocalStorage<number>();
  const of = (at: number): Task<readonly unknown[]> =>
    mine.run(at, () =>
      createTask(
        async () => {
          const first = mine.getStore();
          await sleep(0);
          return [first, mine.getStore(), currentTask()?.name];
        },
        { name: `of ${at}` },
      ),
    );
  const tasks = [1, 2, 3].map(of);
  tasks[1]?.cancel();
  const fourth = of(4);
  expect(await gather(...tasks, fourth, { returnExceptions: true })).toEqual([
    [1, 1, "of 1"],
    expect.objectContaining({ code: "ERR_CANCELLED" }),
    [3, 3, "of 3"],
    [4, 4, "of 4"],
  ]);
});

test("promises are hooked only while a task runs", async () => {
  const told = JSON.parse(await outputOf(program("asyncio-hooks"))) as Record<string, boolean>;
  const hooks = Number.parseInt(process.versions.node, 10) < 24;
  expect(told).toEqual({ loaded: false, unused: false, during: hooks, after: false, again: hooks });
});
