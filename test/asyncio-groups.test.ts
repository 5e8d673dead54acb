/** Task groups and time limits: cases of group L, and what SEMANTICS says of them. */

import { AsyncResource } from "node:async_hooks";
import {
  asCompleted,
  CancelledError,
  createTask,
  currentTask,
  DeadlockError,
  Event,
  formatTasks,
  InvalidStateError,
  run,
  sleep,
  Task,
  TaskGroup,
  TaskGroupError,
  Timeout,
  TimeoutError,
  timeout,
  timeoutAt,
  wait,
  waitFor,
} from "manyhands/asyncio";
import { SystemExit } from "manyhands/multiprocessing";
import { describe, expect, test } from "vitest";
import { errorOf } from "./conformance/support.js";
import { runVirtually } from "./virtual-clock.js";

/** Where listeners of sockets run. */
const outsideOfTasks = new AsyncResource("outside of tasks");
const forEver = (): Promise<boolean> => new Event().wait();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const here = (): Task<unknown> => {
  const task = currentTask();
  if (task === undefined) throw new Error("in no task");
  return task;
};

async function fail(ms: number, error: unknown): Promise<never> {
  await sleep(ms);
  throw error;
}

describe("a task group", () => {
  test("ends when all of its tasks have, those too that they have made, and gives what its body returns", async () => {
    await runVirtually(async () => {
      const ended: string[] = [];
      const value = await TaskGroup.run(async (group) => {
        const first = group.createTask(async () => {
          group.createTask(async () => {
            await sleep(20);
            ended.push("made later");
          });
          await sleep(10);
          ended.push("first");
          return 1;
        });
        return (await first) + 1;
      });
      expect([value, ended]).toEqual([2, ["first", "made later"]]);
    });
  });

  test("the first failure cancels the others and the body; all failures are told, by name", async () => {
    await runVirtually(async () => {
      const cleaned: string[] = [];
      const error = await errorOf(
        TaskGroupError,
        TaskGroup.run(async (group) => {
          group.createTask(() => fail(1, new RangeError("one")), { name: "first" });
          group.createTask(() => fail(1, new TypeError("two")), { name: "second" });
          group.createTask(async () => {
            try {
              await forEver();
            } finally {
              await sleep(5);
              cleaned.push("sibling");
            }
          });
          try {
            await forEver();
          } finally {
            cleaned.push("body");
          }
        }),
      );
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.failures.map(({ task }) => task)).toEqual(["first", "second"]);
      expect(error.errors.map((each: Error) => each.message)).toEqual(["one", "two"]);
      expect(error.message).toBe("2 tasks of the group failed: first: one; second: two");
      expect([error.code, cleaned, here().cancelling()]).toEqual(["ERR_TASK_GROUP", ["body", "sibling"], 0]);
      await sleep(1);
    });
  });

  test("a body that fails cancels its tasks, and is among the failures", async () => {
    let child: Task<unknown> | undefined;
    const error = await errorOf(
      TaskGroupError,
      TaskGroup.run(async (group) => {
        child = group.createTask(forEver);
        await turn();
        throw new RangeError("body");
      }),
    );
    expect([error.failures[0]?.task, child?.cancelled()]).toEqual(["the body", true]);
    await errorOf(
      TaskGroupError,
      TaskGroup.run(() => {
        throw new RangeError();
      }),
    );
  });

  test("a failure of the only task while the body has ended leaves no cancellation behind", async () => {
    await runVirtually(async () => {
      await errorOf(
        TaskGroupError,
        TaskGroup.run((group) => {
          group.createTask(() => fail(1, new RangeError()));
        }),
      );
      expect(here().cancelling()).toBe(0);
      expect(await sleep(1, "not cancelled")).toBe("not cancelled");
    });
  });

  test("L02: failures in clean-up win over a cancellation from outside; without any it is thrown plain", async () => {
    const group = (clean: () => unknown): Task<unknown> =>
      createTask(() =>
        TaskGroup.run(async (inner) => {
          inner.createTask(async () => {
            try {
              await forEver();
            } finally {
              await clean();
            }
          });
          await forEver();
        }),
      );
    const failing = group(() => fail(1, new RangeError("clean-up")));
    const good = group(() => sleep(1));
    await turn();
    failing.cancel("outside");
    good.cancel("outside");
    const error = await errorOf(TaskGroupError, failing);
    expect(error.errors.map((each: Error) => each.message)).toEqual(["clean-up"]);
    expect((await errorOf(CancelledError, good)).cause).toBe("outside");
    expect([failing.state, good.state]).toEqual(["failed", "cancelled"]);
  });

  test("a cancellation from outside, in whose place failures were thrown, reaches the next wait", async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      try {
        await TaskGroup.run(async (group) => {
          group.createTask(async () => {
            try {
              await forEver();
            } finally {
              await fail(0, new RangeError());
            }
          });
          await forEver();
        });
      } catch (error) {
        log.push((error as Error).name, String(here().cancelling()));
      }
      await sleep(1);
      log.push("went on");
    });
    await turn();
    task.cancel();
    await errorOf(CancelledError, task);
    expect(log).toEqual(["TaskGroupError", "1"]);
  });

  test("L04: a task that is cancelled by itself is no failure, and the others complete", async () => {
    const results = await TaskGroup.run(async (group) => {
      const one = group.createTask(forEver);
      const two = group.createTask(() => sleep(1, "complete"));
      await turn();
      one.cancel();
      return [await errorOf(CancelledError, one).then(() => "cancelled"), await two];
    });
    expect(results).toEqual(["cancelled", "complete"]);
  });

  test("L06: nested groups that both fail: one request inside, none after the outer", async () => {
    await runVirtually(async () => {
      const counts: number[] = [];
      const outer = TaskGroup.run(async (one) => {
        one.createTask(() => fail(1, new RangeError("outer")));
        try {
          await TaskGroup.run(async (two) => {
            two.createTask(() => fail(1, new TypeError("inner")));
            await forEver();
          });
        } catch (error) {
          expect(error).toBeInstanceOf(TaskGroupError);
          counts.push(here().cancelling());
          throw error;
        }
      });
      const error = await errorOf(TaskGroupError, outer);
      counts.push(here().cancelling());
      expect(counts).toEqual([1, 0]);
      expect(error.failures.map(({ task }) => task.replace(/-\d+$/, ""))).toEqual(["Task", "the body"]);
    });
  });

  test("SystemExit is thrown as it is", async () => {
    const exit = new SystemExit(3);
    const thrown = await errorOf(
      SystemExit,
      TaskGroup.run((group) => {
        group.createTask(() => fail(0, exit));
      }),
    );
    expect(thrown).toBe(exit);
  });

  test("takes no tasks when it has ended, or is about to; what was given then is not called", async () => {
    let ran = 0;
    const count = (): void => {
      ran += 1;
    };
    let ended: TaskGroup | undefined;
    await TaskGroup.run((group) => {
      ended = group;
    });
    expect(() => ended?.createTask(count)).toThrow(InvalidStateError);
    await errorOf(
      TaskGroupError,
      TaskGroup.run(async (group) => {
        group.createTask(() => fail(0, new RangeError()));
        await forEver().catch(() => undefined);
        expect(() => group.createTask(count)).toThrow(/is ending/);
      }),
    );
    await expect(TaskGroup.run(undefined as never)).rejects.toThrow(/must be a function/);
    expect(ran).toBe(0);
  });

  test("a group and its limit: time over is a TimeoutError, and its tasks have ended", async () => {
    await runVirtually(async () => {
      let cleaned = 0;
      await errorOf(
        TimeoutError,
        timeout(10, () =>
          TaskGroup.run((group) => {
            for (let n = 0; n < 3; n += 1) {
              group.createTask(async () => {
                try {
                  await forEver();
                } finally {
                  await sleep(5);
                  cleaned += 1;
                }
              });
            }
          }),
        ),
      );
      expect(cleaned).toBe(3);
    });
  });
});

describe("timeout", () => {
  test("L08: the body sees a cancellation, the caller a TimeoutError, and the task is not cancelled", async () => {
    await runVirtually(async () => {
      let seen: unknown;
      const error = await errorOf(
        TimeoutError,
        timeout(10, async (limit) => {
          expect(limit.when()).toBe(10);
          try {
            await sleep(10_000);
          } catch (reason) {
            seen = reason;
            expect(limit.expired()).toBe(true);
            throw reason;
          }
        }),
      );
      expect(seen).toBeInstanceOf(CancelledError);
      expect([error.cause, here().cancelling()]).toEqual([seen, 0]);
      expect(await sleep(1, "goes on")).toBe("goes on");
    });
  });

  test("L10: of two with the same end only the outer throws, and both say that they expired", async () => {
    await runVirtually(async () => {
      const expired: boolean[] = [];
      const steps: string[] = [];
      await errorOf(
        TimeoutError,
        timeoutAt(10, async (outer) => {
          try {
            await timeoutAt(10, async (inner) => {
              try {
                await sleep(100);
              } finally {
                expired.push(inner.expired(), outer.expired());
              }
            });
          } catch (error) {
            steps.push((error as Error).name);
            throw error;
          }
        }),
      );
      expect([expired, steps, here().cancelling()]).toEqual([[true, true], ["CancelledError"], 0]);
    });
  });

  test("other errors and cancellations from outside pass as they are", async () => {
    await runVirtually(async () => {
      await errorOf(
        RangeError,
        timeout(10, () => fail(1, new RangeError())),
      );
      const task = createTask(() => timeout(1000, forEver));
      await sleep(1);
      task.cancel("outside");
      expect((await errorOf(CancelledError, task)).cause).toBe("outside");
    });
  });

  test("0 or less ends it at its first wait; undefined is no limit; what it returns all the same is returned", async () => {
    await runVirtually(async () => {
      const steps: string[] = [];
      await errorOf(
        TimeoutError,
        timeout(0, async () => {
          steps.push("begun");
          await sleep(0);
          steps.push("not reached");
        }),
      );
      expect(steps).toEqual(["begun"]);
      expect(await timeout(undefined, () => sleep(1e6, "late"))).toBe("late");
      const rescued = await timeout(1, async (limit) => {
        await forEver().catch(() => undefined);
        return limit.expired();
      });
      expect(rescued).toBe(true);
      expect(await timeout(-5, () => "without a wait")).toBe("without a wait");
      expect(await sleep(1, "not cancelled")).toBe("not cancelled");
    });
  });

  test("can be moved while it is active, and not later", async () => {
    await runVirtually(async () => {
      const value = await timeout(10, async (limit) => {
        limit.reschedule(100);
        await sleep(50);
        limit.reschedule(undefined);
        expect(limit.when()).toBe(undefined);
        return sleep(1000, limit);
      });
      expect(() => value.reschedule(5000)).toThrow(/finished/);
      await errorOf(
        TimeoutError,
        timeout(10, async (limit) => {
          limit.reschedule(limit.when());
          limit.reschedule(0);
          await sleep(0);
        }),
      );
      await expect(timeout(Number.NaN, forEver)).rejects.toThrow(/must be a number/);
      await expect(timeout(1, 5 as never)).rejects.toThrow(/must be a function/);
    });
  });
});

describe("waitFor", () => {
  test("L12: returns when the clean-up has ended; its failure wins; a value in spite of all is returned", async () => {
    await runVirtually(async () => {
      const cleaning = (clean: () => Promise<unknown>) => async (): Promise<unknown> => {
        try {
          return await forEver();
        } catch (error) {
          const value = await clean();
          if (value !== undefined) return value;
          throw error;
        }
      };
      const steps: string[] = [];
      const slow = cleaning(async () => {
        await sleep(50);
        steps.push("cleaned up");
      });
      await errorOf(TimeoutError, waitFor(slow, 10));
      const slowTask = createTask(slow);
      await errorOf(TimeoutError, waitFor(slowTask, 10));
      expect([steps, slowTask.cancelled()]).toEqual([["cleaned up", "cleaned up"], true]);
      await errorOf(RangeError, waitFor(createTask(cleaning(() => fail(1, new RangeError()))), 10));
      expect(await waitFor(createTask(cleaning(() => sleep(1, "value"))), 10)).toBe("value");
    });
  });

  test("0: a function is not begun, a task is cancelled before it starts, a result that is there is taken", async () => {
    let ran = 0;
    const count = async (): Promise<number> => {
      ran += 1;
      return ran;
    };
    await errorOf(TimeoutError, waitFor(count, 0));
    const task = createTask(count);
    await errorOf(TimeoutError, waitFor(task, 0));
    expect([ran, task.cancelled()]).toEqual([0, true]);
    const done = createTask(() => "there");
    await done;
    expect(await waitFor(done, 0)).toBe("there");
  });

  test("when it is cancelled itself, so is what it waits for", async () => {
    const inner = createTask(forEver);
    const outer = createTask(() => waitFor(inner, 1e6));
    await turn();
    outer.cancel();
    await errorOf(CancelledError, outer);
    expect(inner.cancelled()).toBe(true);
  });

  test("L14: a cancellation in the very turn in which the inner ends is not lost", async () => {
    const gate = new Event();
    const steps: string[] = [];
    const inner = createTask(() => gate.wait());
    const outer = createTask(async () => {
      await waitFor(inner, 1e6);
      steps.push("inner ended");
      await sleep(0);
      steps.push("went on");
    });
    await turn();
    inner.addDoneCallback(() => outer.cancel());
    gate.set();
    await errorOf(CancelledError, outer);
    expect([inner.state, steps.includes("went on")]).toEqual(["succeeded", false]);
  });

  test("works outside of runs, too", async () => {
    expect(await waitFor(() => sleep(1, 5), 1e6)).toBe(5);
    expect(await run(() => waitFor(() => 6, undefined))).toBe(6);
  });
});

test("a time limit that was over tells by its cause which task waited for what, and by its stack who awaited it", async () => {
  async function whoAwaits(): Promise<void> {
    await timeout(1, () => new Event().wait());
  }
  const error = await errorOf(
    TimeoutError,
    run(() => whoAwaits(), { name: "patient" }),
  );
  expect((error.cause as Error).message).toBe(
    "The task patient was cancelled: its time is over; it waited for Event.wait()",
  );
  expect(error.stack).toMatch(/at (async )?whoAwaits/);
});

describe("what many tasks come to", () => {
  test("is told in short: the first failures of a group, and the first lines of a tree", async () => {
    const group = TaskGroup.run((tasks) => {
      for (let n = 0; n < 1000; n += 1) tasks.createTask(() => Promise.reject(new Error(`number ${n}`)));
    });
    const error = await errorOf(TaskGroupError, group);
    expect(error.message).toMatch(/: number 0; .*; and \d+ more$/);
    expect(error.message.length).toBeLessThan(1000);
    expect(error.failures.length).toBe(error.errors.length);
    const tree = Array.from({ length: 1000 }, (_, n) => `line ${n}`).join("\n");
    expect([new DeadlockError(tree).tree, new DeadlockError(tree).message.split("\n").length]).toEqual([tree, 52]);
  });

  test("a chain of ten thousand is drawn, and not wider than a page", async () => {
    await run(async () => {
      const gate = new Event();
      let left = 10_000;
      const next = async (): Promise<void> => {
        left -= 1;
        if (left > 0) createTask(next, { name: "link" });
        else gate.set();
        await new Event().wait();
      };
      createTask(next);
      await gate.wait();
      const lines = formatTasks().split("\n");
      expect([lines.length, Math.max(...lines.map((line) => line.length)) < 200]).toEqual([10_001, true]);
    });
  });
});

describe("what is made by new", () => {
  test.each<[string, new () => unknown]>([
    ["TaskGroup", TaskGroup as never],
    ["Task", Task as never],
    ["Timeout", Timeout as never],
  ])("%s is refused, and told how", (name, Refused) => {
    expect(() => new Refused()).toThrow(new RegExp(`A ${name} is not made by new`));
    expect(Refused.name).toBe(name);
  });

  test("a task that a listener makes in a group belongs to the group's run, and its time", async () => {
    const emitter = new EventTarget();
    const made: Task<number>[] = [];
    const listen = (group: TaskGroup): void => {
      emitter.addEventListener("page", () => made.push(group.createTask(() => sleep(1000, 7))));
    };
    let given: ((group: TaskGroup) => void) | undefined = listen;
    await runVirtually(() =>
      TaskGroup.run(async (group) => {
        given?.(group);
        given = undefined;
        // In no task: as if a socket had told it.
        await new Promise<void>((resolve) => {
          outsideOfTasks.runInAsyncScope(() => {
            emitter.dispatchEvent(new globalThis.Event("page"));
            resolve();
          });
        });
      }),
    );
    expect(await made[0]).toBe(7);
    expect(made[0]?.parent?.name).toBe("main");
  });
});

describe("the time of a run", () => {
  test("is that of wait and asCompleted, too", async () => {
    await runVirtually(async () => {
      const task = createTask(() => sleep(1e9));
      expect((await wait([task], { timeout: 1e6 })).notDone.size).toBe(1);
      const loop = async (): Promise<void> => {
        for await (const _ of asCompleted([task], { timeout: 1e6 }));
      };
      await errorOf(TimeoutError, loop());
      task.cancel();
    });
  });
});
