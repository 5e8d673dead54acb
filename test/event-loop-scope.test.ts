/** Whose context it is on the event loop, by how a function goes on: not at all, after an await, or for once. */
import { AsyncLocalStorage } from "node:async_hooks";
import { CancelledError, context, EventLoopExecutor, InvalidStateError, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import * as tasks from "#tasks/scopes.js";
import { errorOf, outputOf, program, within } from "./conformance/support.js";
import { keep } from "./keeping.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A function that is plain as long as nobody sets `next`, and then gives that back. */
function mixed(): { run: (n: number) => unknown; next: (() => Promise<unknown>) | undefined } {
  const self = {
    next: undefined as (() => Promise<unknown>) | undefined,
    run: (n: number): unknown => self.next?.() ?? n,
  };
  return self;
}

describe("a plain function", () => {
  test("has the context of its own call, also when it is submitted by tasks that go on", async () => {
    const loop = keep(new EventLoopExecutor({ maxConcurrency: 8 }));
    const own = (): number => {
      context().report("here");
      return context().attempt;
    };
    const heard: number[] = [];
    const submit = (n: number): PromiseLike<number> => {
      const future = loop.submit(own);
      future.onProgress(() => heard.push(n));
      return future;
    };
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    await within(Promise.all(numbers.map(submit)), "plain calls");
    expect(heard).toEqual(numbers);
    heard.length = 0;
    const around = async (n: number): Promise<string> => {
      const before = context();
      await turn();
      await submit(n);
      return before === context() ? "kept" : "lost";
    };
    expect(new Set(await within(Promise.all(numbers.map((n) => loop.submit(around, n))), "calls around"))).toEqual(
      new Set(["kept"]),
    );
    expect(heard.sort((a, b) => a - b)).toEqual(numbers);
  });

  test("leaves no context to what runs next", async () => {
    const loop = keep(new EventLoopExecutor());
    const plain = (): string => context().worker.kind;
    for (let n = 0; n < 3; n += 1) expect(await loop.submit(plain)).toBe("event-loop");
    expect(() => context()).toThrow(InvalidStateError);
    const failing = (n: number): number => {
      if (n > 0) throw new RangeError("as it should");
      return n;
    };
    await loop.submit(failing, 0);
    await errorOf(RangeError, loop.submit(failing, 1));
    expect(() => context()).toThrow(InvalidStateError);
  });

  test("reads that it was asked to stop", async () => {
    const loop = keep(new EventLoopExecutor());
    let stop: (() => void) | undefined;
    const plain = (): boolean => {
      const before = context().cancelled;
      stop?.();
      return !before && context().cancelled;
    };
    await loop.submit(plain);
    const call = loop.submit(plain);
    stop = () => call.abort();
    await errorOf(CancelledError, call);
  });
});

describe("a function that was plain and returns a promise", () => {
  test("keeps its context for as long as nobody else can be meant", async () => {
    const loop = keep(new EventLoopExecutor());
    const told = mixed();
    expect(await loop.submit(told.run, 7)).toBe(7);
    told.next = async () => {
      const before = context();
      await turn();
      return before === context() ? "kept" : "lost";
    };
    expect(await within(loop.submit(told.run, 7), "the orphan")).toBe("kept");
    expect(() => context()).toThrow(InvalidStateError);
    // From now on it counts as one that goes on.
    expect(await within(Promise.all([1, 2, 3].map((n) => loop.submit(told.run, n))), "the others")).toEqual([
      "kept",
      "kept",
      "kept",
    ]);
  });

  test("is told so when it cannot be known which of several asks", async () => {
    const loop = keep(new EventLoopExecutor());
    const [one, other] = [mixed(), mixed()];
    for (const each of [one, other]) {
      await loop.submit(each.run, 7);
      each.next = async () => {
        const early = context();
        await turn();
        return early === context() ? "kept" : "lost";
      };
    }
    const [first, second] = [loop.submit(one.run, 7), loop.submit(other.run, 7)];
    const error = await errorOf(InvalidStateError, first);
    expect(error.message).toMatch(/which task asks.*before the first await/);
    // It is alone by now.
    expect(await within(second, "the other")).toBe("kept");
  });

  test("may wait for a call of its own full executor", async () => {
    const loop = keep(new EventLoopExecutor({ maxConcurrency: 1 }));
    const waiting = mixed();
    await loop.submit(waiting.run, 7);
    waiting.next = async () => {
      await turn();
      return await loop.submit(() => 8);
    };
    expect(await within(loop.submit(waiting.run, 7), "the call")).toBe(8);
  });

  test("is not taken for the task of the thread around it", async () => {
    const pool = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    expect(await within(pool.submit(tasks.orphanInside), "the call")).toEqual(["event-loop", "ERR_INVALID_STATE"]);
  });
});

test("promises are hooked only while a task goes on", async () => {
  const told = JSON.parse(await outputOf(program("hooks"))) as Record<string, boolean>;
  const hooks = Number.parseInt(process.versions.node, 10) < 24;
  expect(told).toEqual({ before: false, plain: false, during: hooks, after: false, again: hooks, afterGivenUp: hooks });
});

test("a storage of the program's own keeps its value across calls that go on and calls that do not", async () => {
  const loop = keep(new EventLoopExecutor({ maxConcurrency: 4 }));
  const mine = new AsyncLocalStorage<number>();
  await mine.run(42, async () => {
    await Promise.all([1, 2, 3].map((n) => loop.submit(async (_n: number) => turn(), n)));
    await turn();
    await turn();
    await loop.submit((n: number) => n, 1);
    expect(mine.getStore()).toBe(42);
  });
});

test("timers get their turn while many small calls run", async () => {
  const loop = keep(new EventLoopExecutor({ maxConcurrency: 4 }));
  const step = (): number => {
    const end = performance.now() + 0.2;
    while (performance.now() < end) Math.sqrt(end);
    return 1;
  };
  const calls = Promise.all(Array.from({ length: 500 }, () => loop.submit(step)));
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  await within(calls, "the calls");
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});
