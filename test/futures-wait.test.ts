/** wait() and asCompleted(): which futures are given, when, and what is left of the wait afterwards. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asCompleted,
  CancelledError,
  EventLoopExecutor,
  Future,
  InvalidOptionError,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
  TimeoutError,
  wait,
} from "manyhands";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { errorOf, Gate, outcomeOf, within } from "./conformance/support.js";

type Parts = ReturnType<typeof Future.withResolvers<number>>;

/** `count` pending futures, whose failures are looked at. */
function pending(count: number): Parts[] {
  return Array.from({ length: count }, () => {
    const parts = Future.withResolvers<number>();
    parts.future.catch(() => {});
    return parts;
  });
}

/** The one at `index`, which is there. */
function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}

const futuresOf = (parts: readonly Parts[]): Future<number>[] => parts.map(({ future }) => future);

/** Turns of the event loop in which whatever could happen would have happened. */
async function turns(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether `promise` has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let is = false;
  const note = (): void => {
    is = true;
  };
  promise.then(note, note);
  await turns();
  return is;
}

describe("wait()", () => {
  test("of nothing: two empty sets, at once", async () => {
    expect(await wait([])).toEqual({ done: new Set(), notDone: new Set() });
    expect(await wait(new Set<Future<number>>(), { returnWhen: "first-completed" })).toEqual({
      done: new Set(),
      notDone: new Set(),
    });
    expect(await wait([], { returnWhen: "first-exception", timeout: 0 })).toEqual({
      done: new Set(),
      notDone: new Set(),
    });
  });

  test("waits for all, and throws for none", async () => {
    const parts = pending(3);
    const waiting = wait(futuresOf(parts));
    at(parts, 0).resolve(1);
    at(parts, 1).reject(new Error("bad"));
    expect(await isSettled(waiting)).toBe(false);
    at(parts, 2).future.cancel();
    expect(await waiting).toEqual({ done: new Set(futuresOf(parts)), notDone: new Set() });
  });

  test("counts a future that is already cancelled as done (FLAWS 9)", async () => {
    const [one, two] = futuresOf(pending(2)) as [Future<number>, Future<number>];
    one.cancel();
    two.cancel();
    for (const returnWhen of ["all-completed", "first-completed", "first-exception"] as const) {
      expect((await within(wait([one, two], { returnWhen }), returnWhen)).done).toEqual(new Set([one, two]));
    }
  });

  test.each(["succeeds", "fails", "is cancelled"])("first-completed: returns when one %s", async (way) => {
    const parts = pending(3);
    const waiting = wait(futuresOf(parts), { returnWhen: "first-completed" });
    expect(await isSettled(waiting)).toBe(false);
    const { future, resolve, reject } = at(parts, 1);
    if (way === "succeeds") resolve(1);
    else if (way === "fails") reject(new Error("bad"));
    else future.cancel();
    const { done, notDone } = await waiting;
    expect([done, notDone]).toEqual([new Set([future]), new Set([at(parts, 0).future, at(parts, 2).future])]);
  });

  test("first-completed: everything that is done by then is given", async () => {
    const parts = pending(3);
    at(parts, 0).resolve(1);
    at(parts, 2).resolve(3);
    const { done } = await wait(futuresOf(parts), { returnWhen: "first-completed" });
    expect(done).toEqual(new Set([at(parts, 0).future, at(parts, 2).future]));
  });

  test("first-exception: neither a success nor a cancel ends it, a failure does (D06)", async () => {
    const parts = pending(4);
    const waiting = wait(futuresOf(parts), { returnWhen: "first-exception" });
    at(parts, 0).resolve(1);
    at(parts, 1).future.cancel();
    expect(await isSettled(waiting)).toBe(false);
    at(parts, 2).reject(new Error("bad"));
    const { done, notDone } = await waiting;
    expect([done.size, notDone]).toEqual([3, new Set([at(parts, 3).future])]);
  });

  test("first-exception: at once when one has already failed (D08)", async () => {
    const parts = pending(2);
    at(parts, 1).reject(new Error("bad"));
    const { done, notDone } = await within(wait(futuresOf(parts), { returnWhen: "first-exception" }), "wait()");
    expect([done, notDone]).toEqual([new Set([at(parts, 1).future]), new Set([at(parts, 0).future])]);
  });

  test("first-exception without any: like all", async () => {
    const parts = pending(2);
    const waiting = wait(futuresOf(parts), { returnWhen: "first-exception" });
    at(parts, 0).resolve(1);
    expect(await isSettled(waiting)).toBe(false);
    at(parts, 1).resolve(2);
    expect((await waiting).done.size).toBe(2);
  });

  test("a failure with a falsy reason is a failure", async () => {
    const parts = pending(2);
    const waiting = wait(futuresOf(parts), { returnWhen: "first-exception" });
    at(parts, 0).reject(undefined);
    expect((await waiting).done.size).toBe(1);
  });

  test("takes duplicates once, from any iterable (D02)", async () => {
    const parts = pending(2);
    const [one, two] = futuresOf(parts) as [Future<number>, Future<number>];
    const waiting = [
      wait([one, one, two, one]),
      wait(new Set([one, two])),
      wait(
        new Map([
          [one, "a"],
          [two, "b"],
        ]).keys(),
      ),
      wait(
        (function* () {
          yield one;
          yield two;
          yield one;
        })(),
      ),
    ];
    at(parts, 0).resolve(1);
    at(parts, 1).resolve(2);
    for (const { done, notDone } of await Promise.all(waiting))
      expect([done, notDone]).toEqual([new Set([one, two]), new Set()]);
  });

  test("timeout: gives what is done, throws nothing, cancels nothing", async () => {
    const parts = pending(3);
    at(parts, 1).resolve(1);
    for (const timeout of [0, 5]) {
      const { done, notDone } = await wait(futuresOf(parts), { timeout });
      expect([done.size, notDone.size]).toEqual([1, 2]);
    }
    expect(futuresOf(parts).map((future) => future.state)).toEqual(["pending", "succeeded", "pending"]);
  });

  test("timeout: a future that is done in time ends the wait first", async () => {
    const parts = pending(1);
    const waiting = wait(futuresOf(parts), { timeout: 60_000 });
    at(parts, 0).resolve(1);
    expect((await within(waiting, "wait()")).done.size).toBe(1);
  });

  test("signal: the wait ends with CancelledError, the futures go on", async () => {
    const parts = pending(2);
    const controller = new AbortController();
    const waiting = wait(futuresOf(parts), { signal: controller.signal });
    controller.abort("enough");
    expect((await errorOf(CancelledError, waiting)).cause).toBe("enough");
    expect((await errorOf(CancelledError, wait(futuresOf(parts), { signal: controller.signal }))).cause).toBe("enough");
    expect(futuresOf(parts).map((future) => future.state)).toEqual(["pending", "pending"]);
    at(parts, 0).resolve(1);
    expect(await at(parts, 0).future).toBe(1);
  });

  test("options outside what they may be are refused", async () => {
    for (const options of [{ timeout: -1 }, { timeout: Number.NaN }, { returnWhen: "sometime" as "all-completed" }]) {
      const outcome = await outcomeOf((async () => wait(futuresOf(pending(1)), options))());
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(InvalidOptionError) });
    }
  });

  test("loses no completion when a hundred come together (D10)", async () => {
    const parts = pending(100);
    const waits = [
      wait(futuresOf(parts)),
      wait(futuresOf(parts).slice(50), { returnWhen: "first-exception" }),
      ...futuresOf(parts).map((future) => wait([future])),
    ];
    for (const { resolve } of parts) resolve(1);
    const results = await within(Promise.all(waits), "all waits");
    expect(results.map(({ done }) => done.size)).toEqual([100, 50, ...parts.map(() => 1)]);
  });

  test("waits for futures of several executors at once", async () => {
    const executors = [
      new EventLoopExecutor(),
      new ThreadPoolExecutor({ maxWorkers: 1 }),
      new ProcessPoolExecutor({ maxWorkers: 1 }),
    ];
    const futures = executors.flatMap((executor) => [1, 2, 3].map((n) => executor.submit(square, n)));
    const { done, notDone } = await within(wait(futures), "wait()");
    expect([done, notDone]).toEqual([new Set(futures), new Set()]);
    await Promise.all(executors.map((executor) => executor.shutdown()));
  });

  test("a hundred calls of a pool released at once: none is lost (D10)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    const gate = await Gate.at(join(folder, "gate"));
    const executor = new EventLoopExecutor();
    const futures = Array.from({ length: 100 }, (_, n) => executor.submit(passGate, gate.path, String(n)));
    await gate.arrived(100);
    gate.open();
    expect((await within(wait(futures), "wait()")).done.size).toBe(100);
    await executor.shutdown();
    await gate.close();
    rmSync(folder, { recursive: true });
  });
});

/** The next `count` futures of an iterator that must have them; in an array, for a promise of a future is one of its value. */
async function take<F>(iterator: AsyncIterator<F>, count: number): Promise<F[]> {
  const taken: F[] = [];
  while (taken.length < count) {
    const { value, done } = await within(iterator.next(), "the next future");
    if (done === true) throw new RangeError("there is no other future");
    taken.push(value);
  }
  return taken;
}

describe("asCompleted()", () => {
  test("of nothing gives nothing", async () => {
    for await (const _ of asCompleted([])) expect.unreachable();
    for await (const _ of asCompleted([], { timeout: 0 })) expect.unreachable();
  });

  test("gives those already done first, then the others in the order they are done", async () => {
    const parts = pending(5);
    at(parts, 3).resolve(3);
    at(parts, 1).future.cancel();
    const iterator = asCompleted(futuresOf(parts))[Symbol.asyncIterator]();
    expect(new Set(await take(iterator, 2))).toEqual(new Set([at(parts, 1).future, at(parts, 3).future]));
    at(parts, 4).reject(new Error("bad"));
    at(parts, 0).resolve(0);
    at(parts, 2).future.cancel();
    const given = await take(iterator, 3);
    for (const [n, index] of [4, 0, 2].entries()) expect(given[n]).toBe(at(parts, index).future);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  test("gives those that were done while nobody asked, in their order", async () => {
    const parts = pending(4);
    const iterator = asCompleted(futuresOf(parts))[Symbol.asyncIterator]();
    const first = take(iterator, 1);
    for (const index of [2, 0, 3, 1]) at(parts, index).resolve(index);
    const given = [...(await first), ...(await take(iterator, 3))];
    for (const [n, index] of [2, 0, 3, 1].entries()) expect(given[n]).toBe(at(parts, index).future);
  });

  test("gives a duplicate once, from any iterable (D02)", async () => {
    const parts = pending(2);
    const [one, two] = futuresOf(parts) as [Future<number>, Future<number>];
    at(parts, 0).resolve(1);
    at(parts, 1).resolve(2);
    for (const futures of [
      [one, two, one, one],
      new Map([
        [one, 1],
        [two, 2],
      ]).keys(),
      new Set([two, one]),
    ]) {
      const given: Future<number>[] = [];
      for await (const future of asCompleted(futures)) given.push(future);
      expect([given.length, new Set(given)]).toEqual([2, new Set([one, two])]);
    }
  });

  test("timeout: gives what is done, then says how many are not (D04)", async () => {
    const parts = pending(4);
    at(parts, 0).resolve(0);
    at(parts, 2).resolve(2);
    for (const timeout of [0, 5]) {
      const given: unknown[] = [];
      const loop = (async () => {
        for await (const future of asCompleted(futuresOf(parts), { timeout })) given.push(future);
      })();
      const error = await errorOf(TimeoutError, loop);
      expect(error.message).toBe("2 (of 4) futures unfinished");
      expect(given.length).toBe(2);
    }
    expect(at(parts, 1).future.state).toBe("pending");
  });

  test("timeout: counts from the call, not from the first step (FLAWS 23)", async () => {
    const [never] = futuresOf(pending(1)) as [Future<number>];
    const iterator = asCompleted([never], { timeout: 400 })[Symbol.asyncIterator]();
    await wait([never], { timeout: 450 });
    const late = iterator.next().then(
      () => "a future",
      (error: unknown) => (error instanceof TimeoutError ? "timed out" : error),
    );
    // Counted from the first step, the time-out would still be 400 ms away.
    const clock = wait([never], { timeout: 300 }).then(() => "still waiting");
    expect(await Promise.race([late, clock])).toBe("timed out");
  });

  test("signal: ends with CancelledError, the futures go on", async () => {
    const parts = pending(2);
    const controller = new AbortController();
    at(parts, 0).resolve(1);
    const iterator = asCompleted(futuresOf(parts), { signal: controller.signal })[Symbol.asyncIterator]();
    expect((await take(iterator, 1))[0]).toBe(at(parts, 0).future);
    const waiting = iterator.next();
    controller.abort("enough");
    expect((await errorOf(CancelledError, waiting)).cause).toBe("enough");
    expect(at(parts, 1).future.state).toBe("pending");
  });

  test("leaving early cancels nothing", async () => {
    const parts = pending(3);
    at(parts, 0).resolve(1);
    for await (const _ of asCompleted(futuresOf(parts))) break;
    expect(futuresOf(parts).map((future) => future.state)).toEqual(["succeeded", "pending", "pending"]);
  });

  test("does not hang on futures that are cancelled meanwhile (FLAWS 9)", async () => {
    const parts = pending(20);
    const loop = (async () => {
      let count = 0;
      for await (const future of asCompleted(futuresOf(parts))) count += future.cancelled() ? 1 : 0;
      return count;
    })();
    await turns();
    for (const { future } of parts) future.cancel();
    expect(await within(loop, "the loop")).toBe(20);
  });
});
