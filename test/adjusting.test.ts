/** What can be changed of an executor while it works: whether it flows, and its size. Of every local executor. */
import { strict as assert } from "node:assert";
import {
  EventLoopExecutor,
  InvalidOptionError,
  type LocalExecutor,
  ProcessPoolExecutor,
  ShutdownError,
  ThreadPoolExecutor,
} from "manyhands";
import { watchedOf } from "manyhands/observe";
import { describe, expect, test } from "vitest";
import { record, square, whereAmI } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { linesOf, node, outcomeOf, outputOf, until, within } from "./conformance/support.js";
import { folder, keep, newGate } from "./keeping.js";
import { hear, prove } from "./observing.js";

const MADE: Readonly<Record<string, (size: number) => LocalExecutor>> = {
  "event-loop": (size) => keep(new EventLoopExecutor({ maxConcurrency: size })),
  thread: (size) => keep(new ThreadPoolExecutor({ maxWorkers: size })),
  process: (size) => keep(new ProcessPoolExecutor({ maxWorkers: size })),
};

describe.each(Object.entries(MADE))("%s", (kind, make) => {
  test("a paused executor starts nothing, lets what runs go on, and goes on in order", async () => {
    const pool = make(1);
    const gate = await newGate();
    const log = `${folder()}/log`;
    const running = pool.submit(passGate, gate.path, "first");
    await gate.arrived(1);
    pool.pause();
    pool.pause();
    expect(pool.flow).toBe("paused");
    const waiting = ["a", "b", "c"].map((line) => pool.submit(record, log, line));
    gate.release(1);
    expect(await within(running, "what ran")).toBe("first");
    expect(waiting.map(({ state }) => state)).toEqual(["pending", "pending", "pending"]);
    expect(linesOf(log)).toEqual([]);
    pool.resume();
    await within(Promise.all(waiting), "what waited");
    expect([pool.flow, linesOf(log)]).toEqual(["flowing", ["a", "b", "c"]]);
  });

  test("a pause takes back what its worker was handed and has not started", async () => {
    const pool = make(1);
    await prove(pool);
    const gate = await newGate();
    const blocked = pool.submit(passGate, gate.path, "blocks");
    const behind = Array.from({ length: 20 }, (_, n) => pool.submit(square, n));
    await gate.arrived(1);
    pool.pause();
    gate.open();
    await within(blocked, "the call that ran");
    const ended = behind.filter((future) => future.done()).length;
    // Those that the worker had begun are over, and no other begins.
    pool.resume();
    expect(await within(Promise.all(behind), "the rest")).toEqual(behind.map((_, n) => n * n));
    expect(ended).toBeLessThan(20);
  });

  test("calls that wait in a paused executor can be cancelled", async () => {
    const pool = make(1);
    pool.pause();
    const future = pool.submit(square, 3);
    expect(future.cancel()).toBe(true);
    expect(future.cancelled()).toBe(true);
  });

  test("shutdown() resumes, so that it drains", async () => {
    const pool = make(2);
    pool.pause();
    const map = pool.map(square, [1, 2, 3]);
    const all = Promise.resolve(map);
    await within(pool.shutdown(), "shutdown()");
    expect(await all).toEqual([1, 4, 9]);
    expect(() => pool.pause()).toThrow(ShutdownError);
    expect(() => pool.resize(2)).toThrow(/Cannot resize: the executor .* was shut down/);
  });

  test("terminate() ends a paused executor", async () => {
    const pool = make(2);
    pool.pause();
    const future = pool.submit(square, 3);
    await within(pool.terminate(), "terminate()");
    expect((await outcomeOf(future)).status).toBe("rejected");
  });

  test("a larger executor runs more at once, calls that wait already included", async () => {
    const pool = make(1);
    const gate = await newGate();
    const calls = [1, 2, 3].map((n) => pool.submit(passGate, gate.path, `${n}`));
    await gate.arrived(1);
    pool.resize(3);
    await gate.arrived(3);
    gate.open();
    await within(Promise.all(calls), "the calls");
    expect(pool.size).toBe(3);
  });

  test("a smaller executor lets what runs end, and then runs fewer at once", async () => {
    const pool = make(3);
    const gate = await newGate();
    const calls = Array.from({ length: 6 }, (_, n) => pool.submit(passGate, gate.path, `${n}`));
    await gate.arrived(3);
    pool.resize(1);
    for (let through = 1; through <= 6; through += 1) {
      // Three run; no other begins before they have ended.
      expect(gate.arrivals.length).toBe(Math.max(3, through));
      gate.release(1);
      // In the order of arrival, which workers need not keep.
      await within(calls[Number(gate.arrivals[through - 1])]!, `call ${through}`);
      if (through >= 3 && through < 6) await gate.arrived(through + 1);
    }
    expect((await Promise.all(calls)).length).toBe(6);
    if (kind !== "event-loop") await until(() => pool.stats().workers === 1, "one worker should be left");
  });

  test.each([0, -1, 1.5, Number.NaN, "2", undefined])("a size of %s is refused", (size) => {
    expect(() => make(1).resize(size as number)).toThrow(InvalidOptionError);
  });

  test("it is known to listeners by the same name, with its controls", async () => {
    const pool = make(1);
    const { tasks } = hear();
    await pool.submit(square, 2);
    const seen = watchedOf(pool);
    assert.equal(tasks[0]?.executor, seen);
    expect(structuredClone(seen)).toEqual({ id: seen?.id, kind, name: seen?.name });
    seen?.adjustable?.().pause();
    expect(pool.flow).toBe("paused");
    pool.resume();
  });

  test("a listener sees what runs since when, and can stop it, as well as what waits", async () => {
    const pool = make(1);
    const { tasks } = hear();
    const gate = await newGate();
    const [running, waiting] = ["runs", "waits"].map((name) =>
      pool.with({ grace: 0 }).submit(passGate, gate.path, name),
    );
    await gate.arrived(1);
    await until(() => tasks.some(({ type }) => type === "handed"), "it should have been handed over");
    const handed = tasks.find((message) => message.type === "handed");
    const submitted = tasks.filter(({ type }) => type === "submitted").map(({ id }) => id);
    await until(() => [...(handed?.worker.held?.() ?? [])][0]?.startedAt !== undefined, "it should have begun");
    const [first] = handed?.worker.held?.() ?? [];
    expect(first?.id).toBe(submitted[0]);
    expect(first?.startedAt).toBeGreaterThanOrEqual(handed?.submittedAt ?? Number.POSITIVE_INFINITY);
    const seen = watchedOf(pool);
    expect(submitted.reverse().map((id) => seen?.abort?.(id, "by a listener"))).toEqual([true, true]);
    const outcomes = [await outcomeOf(running!), await outcomeOf(waiting!)];
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(submitted.map((id) => seen?.abort?.(id))).toEqual([false, false]);
    expect(seen?.abort?.(1e9)).toBe(false);
  });

  test("a worker says how much memory it uses and how long its event loop let the question wait", async () => {
    const pool = make(1);
    const { tasks } = hear();
    await pool.submit(square, 2);
    const worker = tasks.find((message) => message.type === "handed")?.worker;
    expect(worker?.examine?.()).toEqual({ memory: undefined, loopDelay: undefined });
    await until(() => worker?.examine?.().memory !== undefined, "an answer");
    const { memory, loopDelay } = worker?.examine?.() ?? {};
    expect(memory).toBeGreaterThan(100_000);
    expect(loopDelay).toBeGreaterThanOrEqual(0);
  });
});

describe.each(["thread", "process"])("%s", (kind) => {
  const make = MADE[kind]!;

  test("idle workers beyond a new size end, and come back when it grows", async () => {
    const pool = make(3);
    const gate = await newGate();
    const fill = async (): Promise<void> => {
      const from = gate.arrivals.length;
      const calls = [1, 2, 3].map((n) => pool.submit(passGate, gate.path, `${n}`));
      await gate.arrived(from + 3);
      gate.release(3);
      await within(Promise.all(calls), "the calls");
    };
    await fill();
    pool.resize(1);
    await until(() => pool.stats().workers === 1, "one worker");
    pool.resize(3);
    await fill();
    expect([pool.stats().workers, pool.stats().lost]).toEqual([3, 0]);
  });

  test("a smaller executor takes back what a worker that goes was handed and has not started", async () => {
    const pool = make(2);
    await prove(pool);
    const places = new Set(await Promise.all(Array.from({ length: 400 }, (_, n) => pool.submit(whereAmI, n))));
    pool.resize(1);
    const results = await within(Promise.all(Array.from({ length: 400 }, (_, n) => pool.submit(square, n))), "all");
    expect(results).toEqual(results.map((_, n) => n * n));
    expect(places.size).toBeGreaterThan(0);
    await until(() => pool.stats().workers === 1, "one worker");
  });
});

test("calls that wait in a paused executor do not keep the program alive", async () => {
  const text = `
    import { ThreadPoolExecutor } from "manyhands";
    import { square } from ${JSON.stringify(new URL("./built/tasks/basic.js", import.meta.url).href)};
    const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
    console.log(await pool.submit(square, 2));
    pool.pause();
    pool.submit(square, 3).then(() => console.log("never"), () => console.log("never"));`;
  expect(await outputOf(node(["--input-type=module", "-e", text], { cwd: import.meta.dirname }))).toBe("4\n");
});
