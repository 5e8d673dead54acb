/** What meets in one turn of the event loop: a cancellation with a wake, an end, or another cancellation. Nothing that is handed
 *  over may be lost, and no cancellation either. Cases M04 and M08, and CPython's `test_acquire_cancel_before_awoken` and
 *  `test_get_cancelled_race`. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  Barrier,
  CancelledError,
  Condition,
  cancellable,
  createTask,
  currentSignal,
  currentTask,
  Event,
  InvalidStateError,
  Lock,
  Queue,
  run,
  Semaphore,
  sleep,
  type Task,
  TimeoutError,
  timeout,
} from "manyhands/asyncio";
import { describe, expect, test } from "vitest";
import { errorOf, outputOf, program } from "./conformance/support.js";
import { runVirtually } from "./virtual-clock.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("who was cancelled in this turn is passed over", () => {
  test.each([
    ["Lock", () => new Lock()],
    ["Semaphore", () => new Semaphore(1)],
  ])("%s: what is released goes to the next", async (_name, make) => {
    const it = make();
    await it.acquire();
    const [first, second, third] = [1, 2, 3].map(() => createTask(() => it.acquire()));
    await turn();
    first?.cancel();
    it.release();
    await turn();
    expect([first?.state, second?.state, third?.state, it.locked()]).toEqual([
      "cancelled",
      "succeeded",
      "running",
      true,
    ]);
    third?.cancel();
    it.release();
    await turn();
    expect([third?.state, it.locked()]).toEqual(["cancelled", false]);
  });

  test("Queue: an item goes to the next, and stays when there is none", async () => {
    const queue = new Queue<string>();
    const [first, second] = [1, 2].map(() => createTask(() => queue.get()));
    await turn();
    first?.cancel();
    queue.putNowait("a");
    await turn();
    expect([first?.state, await second]).toEqual(["cancelled", "a"]);
    const last = createTask(() => queue.get());
    await turn();
    last.cancel();
    queue.putNowait("b");
    await errorOf(CancelledError, last);
    expect(queue.getNowait()).toBe("b");
  });

  test("Queue: what was to be put does not come in when room is made", async () => {
    const queue = new Queue<string>(1);
    queue.putNowait("a");
    const [first, second] = ["b", "c"].map((item) => createTask(() => queue.put(item)));
    await turn();
    first?.cancel();
    expect(queue.getNowait()).toBe("a");
    await turn();
    expect([first?.state, second?.state, queue.getNowait(), queue.empty()]).toEqual([
      "cancelled",
      "succeeded",
      "c",
      true,
    ]);
  });

  test("Condition and Event: notified is the next, set is who waits", async () => {
    const condition = new Condition();
    const [first, second] = [1, 2].map(() => createTask(() => condition.with(() => condition.wait())));
    await turn();
    await condition.with(() => {
      first?.cancel();
      condition.notify();
    });
    await turn();
    expect([first?.state, second?.state]).toEqual(["cancelled", "succeeded"]);
    const event = new Event();
    const waiting = createTask(() => event.wait());
    await turn();
    waiting.cancel();
    event.set();
    await errorOf(CancelledError, waiting);
  });

  test("Barrier: who was cancelled is no party", async () => {
    const barrier = new Barrier(2);
    const first = createTask(() => barrier.wait());
    await turn();
    first.cancel();
    const second = createTask(() => barrier.wait());
    // Not through a task, which would come a step later: it finds the first in the line.
    const third = barrier.wait();
    expect((await Promise.all([second, third])).sort()).toEqual([0, 1]);
    expect(first.cancelled()).toBe(true);
  });

  test("sleep: of a time limit and a sleep of the same moment the limit counts", async () => {
    await runVirtually(async () => {
      await errorOf(
        TimeoutError,
        timeout(10, () => sleep(10)),
      );
      expect(currentTask()?.cancelling()).toBe(0);
    });
  });
});

describe("who has been given something", () => {
  test("in the turn in which it is cancelled has it, and its task succeeds by it", async () => {
    const queue = new Queue<string>();
    const getting = createTask(async () => queue.get());
    const lock = new Lock();
    await lock.acquire();
    const locking = createTask(() => lock.acquire());
    await turn();
    queue.putNowait("a");
    lock.release();
    expect([getting.cancel(), locking.cancel()]).toEqual([true, true]);
    expect(await getting).toBe("a");
    (await locking).release();
    expect([lock.locked(), getting.cancelled()]).toEqual([false, false]);
  });

  test("and goes on is cancelled at its next wait", async () => {
    const queue = new Queue<string>();
    const got: string[] = [];
    const getting = createTask(async () => {
      got.push(await queue.get());
      await sleep(0);
    });
    await turn();
    queue.putNowait("a");
    getting.cancel();
    await errorOf(CancelledError, getting);
    expect(got).toEqual(["a"]);
  });

  test("but a task that was cancelled in an earlier turn, and waited for a foreign promise, is cancelled", async () => {
    const foreign = new EventTarget();
    const task = createTask(() => once(foreign as never, "done").then(() => 1));
    await turn();
    task.cancel();
    await turn();
    foreign.dispatchEvent(new globalThis.Event("done"));
    await errorOf(CancelledError, task);
  });
});

describe("a signal of the task", () => {
  test("that somebody listens to for ever, as fetch does, loses no cancellation", async () => {
    const foreign = new EventTarget();
    const log: string[] = [];
    const task = createTask(async () => {
      // What fetch leaves behind when it has ended.
      currentTask()?.signal.addEventListener("abort", () => log.push("heard"));
      await once(foreign as never, "done");
      log.push("went on");
      await new Event().wait();
    });
    await turn();
    task.cancel();
    await turn();
    foreign.dispatchEvent(new globalThis.Event("done"));
    await errorOf(CancelledError, task);
    expect(log).toEqual(["heard", "went on"]);
  });

  test("is left alone by a fetch that has ended: what comes then is cancelled, too", async () => {
    const server = createServer((_, response) => response.end("page")).listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const foreign = new EventTarget();
    const task: Task<void> = createTask(async () => {
      const response = await fetch(`http://localhost:${port}`, { signal: currentSignal() });
      expect(await response.text()).toBe("page");
      setImmediate(() => {
        task.cancel();
        setImmediate(() => foreign.dispatchEvent(new globalThis.Event("done")));
      });
      await once(foreign as never, "done");
      await new Event().wait();
    });
    await errorOf(CancelledError, task);
    server.close();
    server.closeAllConnections();
  });

  test("ends what Node rejects with an AbortError, and the task is cancelled, or too late, all the same", async () => {
    const waiting = (): Promise<unknown> => {
      const { signal } = currentTask() as Task<unknown>;
      return once(new EventTarget() as never, "never", { signal });
    };
    const task = createTask(waiting);
    await turn();
    task.cancel("enough");
    expect((await errorOf(CancelledError, task)).cause).toBe("enough");
    await errorOf(TimeoutError, timeout(1, waiting));
  });

  test("takes nothing from who catches the error and returns", async () => {
    const task = createTask(async () => {
      const { signal } = currentTask() as Task<unknown>;
      await once(new EventTarget() as never, "never", { signal }).catch(() => undefined);
      await turn();
      return 42;
    });
    await turn();
    task.cancel();
    expect(await task).toBe(42);
  });
});

describe("cancellable of a function", () => {
  test("gives it a signal, and goes on when what it has begun has ended", async () => {
    const log: string[] = [];
    const task = createTask(() =>
      cancellable(async function ask(signal) {
        try {
          await once(new EventTarget() as never, "never", { signal });
        } finally {
          await turn();
          log.push("ended");
        }
      }),
    );
    await turn();
    expect(task.waitingFor).toEqual(["ask()"]);
    task.cancel("enough");
    expect((await errorOf(CancelledError, task)).cause).toBe("enough");
    expect(log).toEqual(["ended"]);
  });

  test("tells a cancellation once, however long that takes to end, and clean-up can wait", async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      try {
        await cancellable((signal) => once(new EventTarget() as never, "never", { signal }).finally(turn));
      } finally {
        log.push(await sleep(0, "cleaned up"));
      }
    });
    await turn();
    task.cancel();
    await errorOf(CancelledError, task);
    expect(log).toEqual(["cleaned up"]);
  });

  test("gives what it gives, fails with what it throws, has limits, and works outside of tasks", async () => {
    expect(await cancellable(() => 1)).toBe(1);
    expect(await createTask(() => cancellable(async () => 2))).toBe(2);
    await errorOf(
      RangeError,
      cancellable(() => Promise.reject(new RangeError())),
    );
    const stop = new AbortController();
    const waiting = cancellable((signal) => once(new EventTarget() as never, "never", { signal }), {
      signal: stop.signal,
    });
    stop.abort("enough");
    expect((await errorOf(CancelledError, waiting)).cause).toBe("enough");
    await errorOf(
      CancelledError,
      cancellable(() => 1, { signal: stop.signal }),
    );
    await expect(cancellable(5 as never)).rejects.toThrow(/work must be a promise.*got 5/);
  });

  test("of nothing that can be waited for leaves no wait behind", async () => {
    const task = createTask(async () => {
      await cancellable(Promise.resolve(), { signal: 5 as never }).catch(() => undefined);
      return currentTask()?.waitingFor;
    });
    expect(await task).toEqual([]);
  });
});

describe("currentSignal", () => {
  test("is that of the task, and outside of tasks one that does not abort", async () => {
    expect(await run(() => currentSignal() === currentTask()?.signal)).toBe(true);
    const outside = currentSignal();
    expect([outside.aborted, outside === currentSignal()]).toEqual([false, false]);
  });
});

describe("a run that ends", () => {
  test("also cancels who has survived a cancellation", async () => {
    const ends: string[] = [];
    await run(async () => {
      const task = createTask(async () => {
        await new Event().wait().catch(() => ends.push("survived"));
        await new Event().wait().catch(() => ends.push("ended"));
      });
      await turn();
      task.cancel();
      await turn();
    });
    expect(ends).toEqual(["survived", "ended"]);
  });

  test("asks whom main has just cancelled no second time, so that its clean-up is not disturbed", async () => {
    const ends: string[] = [];
    await run(async () => {
      const task = createTask(async () => {
        try {
          await new Event().wait();
        } finally {
          ends.push(await sleep(1, "cleaned up"));
        }
      });
      await turn();
      task.cancel();
    });
    expect(ends).toEqual(["cleaned up"]);
  });
});

describe("tasks that wait for each other", () => {
  test("a task that waits for itself is told so", async () => {
    const task: Task<unknown> = createTask(async () => await task);
    await errorOf(InvalidStateError, task);
  });

  test("in a ring pass a cancellation on once, and their run says who waits for whom", async () => {
    expect(await outputOf(program("asyncio-ends", "a ring"))).toBe(
      "ERR_DEADLOCK\nmain · running · waits for task one\n├─ one · running · waits for task two\n└─ two · running · waits for task one\n",
    );
  });
});
