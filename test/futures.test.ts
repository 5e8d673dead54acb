/** Futures by themselves, settled by hand: states, waiting, callbacks, cancelling. What runs them is the conformance suite's affair. */
import { CancelledError, Future, InvalidStateError, TimeoutError } from "manyhands";
import { describe, expect, test, vi } from "vitest";
import { outputOf, program } from "./conformance/support.js";

type State = Future<unknown>["state"];

const STATES: readonly State[] = ["pending", "running", "succeeded", "failed", "cancelled"];

/** A future in `state`; a failed one is looked at, so that nobody reports it. */
function inState(state: State): ReturnType<typeof Future.withResolvers<number>> {
  const parts = Future.withResolvers<number>();
  const { future } = parts;
  if (state === "cancelled") future.cancel("why");
  else if (state !== "pending") parts.start();
  if (state === "succeeded") parts.resolve(7);
  if (state === "failed") {
    future.catch(() => {});
    parts.reject(new RangeError("bad"));
  }
  return parts;
}

describe("state", () => {
  test.each(STATES)("done(), running() and cancelled() agree with %s (A06)", (state) => {
    const { future } = inState(state);
    expect(future.state).toBe(state);
    expect(future.done()).toBe(["succeeded", "failed", "cancelled"].includes(state));
    expect(future.running()).toBe(state === "running");
    expect(future.cancelled()).toBe(state === "cancelled");
  });

  test("start() moves a pending future to running", () => {
    const { future, start } = Future.withResolvers<number>();
    expect(start()).toBe(true);
    expect(future.state).toBe("running");
  });

  test("start() of a cancelled future is refused, and it stays cancelled", () => {
    const { future, start } = inState("cancelled");
    expect(start()).toBe(false);
    expect(future.state).toBe("cancelled");
  });

  test.each(["succeeded", "failed", "cancelled"] as const)(
    "a future that has %s cannot be settled again, and keeps its outcome (A10)",
    async (state) => {
      const { future, resolve, reject } = inState(state);
      const before = await settled(future);
      expect(() => resolve(8)).toThrow(InvalidStateError);
      expect(() => reject(new Error("late"))).toThrow(InvalidStateError);
      expect(future.state).toBe(state);
      expect(await settled(future)).toEqual(before);
    },
  );

  test.each([undefined, null, 0, "", false, Number.NaN])("failing with %s is a failure", async (reason) => {
    const { future, reject } = Future.withResolvers<number>();
    const outcome = settled(future);
    reject(reason);
    expect(future.state).toBe("failed");
    expect(await outcome).toEqual({ status: "rejected", reason });
    expect(await future.exception()).toEqual(reason);
  });
});

describe("cancel()", () => {
  test.each([
    ["pending", true],
    ["running", false],
    ["succeeded", false],
    ["failed", false],
    ["cancelled", true],
  ] as const)("of a %s future says %s", (state, answer) => {
    const { future } = inState(state);
    const after = answer ? "cancelled" : state;
    expect(future.cancel()).toBe(answer);
    expect(future.state).toBe(after);
  });

  test("gives everybody who waits a CancelledError with the reason as its cause", async () => {
    const { future } = Future.withResolvers<number>();
    const waiting = [
      settled(future),
      settled(future.result()),
      settled(future.exception()),
      settled(future.finally(() => {})),
    ];
    future.cancel("no longer needed");
    for (const outcome of await Promise.all(waiting))
      expect(outcome).toMatchObject({ reason: { cause: "no longer needed", code: "ERR_CANCELLED" } });
  });

  test("keeps the first reason", async () => {
    const { future } = Future.withResolvers<number>();
    future.cancel("first");
    future.cancel("second");
    await expect(future.result()).rejects.toMatchObject({ cause: "first" });
  });
});

describe("abort()", () => {
  test("of a pending future cancels it; of a finished one says no", () => {
    const { future } = Future.withResolvers<number>();
    expect(future.abort("why")).toBe(true);
    expect(future.state).toBe("cancelled");
    expect(inState("succeeded").future.abort()).toBe(false);
    expect(inState("failed").future.abort()).toBe(false);
  });
});

describe("result()", () => {
  test("gives the value, as often as it is asked", async () => {
    const { future, resolve } = Future.withResolvers<number>();
    const early = future.result();
    resolve(7);
    expect(await Promise.all([early, future.result(), future, future.result({ timeout: 0 })])).toEqual([7, 7, 7, 7]);
  });

  test("fails with the very error of the task", async () => {
    const error = new RangeError("bad");
    const { future, reject } = Future.withResolvers<number>();
    const early = settled(future.result());
    reject(error);
    expect(await early).toEqual({ status: "rejected", reason: error });
    await expect(future.result()).rejects.toBe(error);
  });

  test.each(["pending", "running"] as const)(
    "of a %s future, given no time, fails with TimeoutError and leaves it alone (E08)",
    async (state) => {
      const { future, resolve } = inState(state);
      await expect(future.result({ timeout: 0 })).rejects.toThrow(TimeoutError);
      await expect(future.result({ timeout: 1 })).rejects.toThrow(TimeoutError);
      expect(future.state).toBe(state);
      resolve(9);
      expect(await future.result({ timeout: 0 })).toBe(9);
    },
  );

  test("of a cancelled future fails with CancelledError, not TimeoutError", async () => {
    await expect(inState("cancelled").future.result({ timeout: 0 })).rejects.toThrow(CancelledError);
  });

  test("settles in time when the value comes before the time-out", async () => {
    const { future, resolve } = Future.withResolvers<number>();
    const waiting = future.result({ timeout: 60_000 });
    resolve(3);
    expect(await waiting).toBe(3);
  });
});

describe("exception()", () => {
  test("given no time: none on success, the error itself on failure, thrown when cancelled (A08)", async () => {
    expect(await inState("succeeded").future.exception({ timeout: 0 })).toBeUndefined();
    expect(await inState("failed").future.exception({ timeout: 0 })).toEqual(new RangeError("bad"));
    await expect(inState("cancelled").future.exception({ timeout: 0 })).rejects.toThrow(CancelledError);
    await expect(inState("pending").future.exception({ timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(inState("running").future.exception({ timeout: 0 })).rejects.toThrow(TimeoutError);
  });

  test("waits for the outcome", async () => {
    const { future, reject } = Future.withResolvers<number>();
    const waiting = future.exception();
    const error = new Error("x");
    reject(error);
    expect(await waiting).toBe(error);
  });
});

describe("addDoneCallback()", () => {
  test("calls in the order of adding, once per adding, with the future", () => {
    const { future, resolve } = Future.withResolvers<number>();
    const calls: unknown[] = [];
    const twice = (given: Future<number>): void => void calls.push(["twice", given === future, given.state]);
    future.addDoneCallback(() => calls.push("first"));
    future.addDoneCallback(twice);
    future.addDoneCallback(twice);
    future.addDoneCallback(() => calls.push("last"));
    resolve(1);
    expect(calls).toEqual(["first", ["twice", true, "succeeded"], ["twice", true, "succeeded"], "last"]);
  });

  test("calls during cancel(), which the callback sees (A02)", () => {
    const { future } = Future.withResolvers<number>();
    const seen: boolean[] = [];
    future.addDoneCallback((given) => seen.push(given.cancelled()));
    expect(future.cancel()).toBe(true);
    expect(seen).toEqual([true]);
    future.cancel();
    expect(seen).toEqual([true]);
  });

  test.each(["succeeded", "failed", "cancelled"] as const)(
    "of a future that has %s calls at once, once (A04)",
    (state) => {
      const { future } = inState(state);
      const callback = vi.fn();
      future.addDoneCallback(callback);
      expect(callback).toHaveBeenCalledExactlyOnceWith(future);
    },
  );

  test("a callback added by a callback is called, too", () => {
    const { future, resolve } = Future.withResolvers<number>();
    const calls: string[] = [];
    future.addDoneCallback(() => {
      calls.push("outer");
      future.addDoneCallback(() => calls.push("inner"));
    });
    future.addDoneCallback(() => calls.push("next"));
    resolve(1);
    expect(calls.toSorted()).toEqual(["inner", "next", "outer"]);
  });

  test("a callback may wait for the result it was called with", async () => {
    const { future, resolve } = Future.withResolvers<number>();
    const value = new Promise((done) => future.addDoneCallback((given) => done(given.result({ timeout: 0 }))));
    resolve(5);
    expect(await value).toBe(5);
  });

  test("a callback that throws disturbs nobody, and is reported (A04, E10)", async () => {
    // In a program of its own: where it is reported to is the whole program's affair.
    const told = JSON.parse(await outputOf(program("callbacks")));
    expect(told).toEqual({
      order: ["before", "throwing", "after", "throwing", "late"],
      adderSaw: "nothing",
      value: 5,
      reports: ["from a callback", "from a callback"],
    });
  });
});

describe("as a promise", () => {
  test("await, then(), catch() and finally() work like a promise's", async () => {
    const { future, resolve } = Future.withResolvers<number>();
    const order: string[] = [];
    const chained = future.then((value) => value + 1).finally(() => order.push("finally"));
    resolve(1);
    expect(await future).toBe(1);
    expect(await chained).toBe(2);
    expect(await future.catch(() => 9)).toBe(1);
    expect(await Promise.all([future, Promise.resolve(future)])).toEqual([1, 1]);
    expect(order).toEqual(["finally"]);
    expect(await inState("failed").future.catch((error: unknown) => error)).toBeInstanceOf(RangeError);
    expect(await inState("failed").future.then(null, () => "handled")).toBe("handled");
  });

  test("then() runs later, never during the settling", async () => {
    const { future, resolve } = Future.withResolvers<number>();
    const order: string[] = [];
    const after = future.then(() => order.push("then"));
    resolve(1);
    order.push("settled");
    await after;
    expect(order).toEqual(["settled", "then"]);
  });
});

async function settled(promise: PromiseLike<unknown>): Promise<PromiseSettledResult<unknown>> {
  const [outcome] = await Promise.allSettled([promise]);
  return outcome;
}
