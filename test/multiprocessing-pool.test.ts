/** The laws of `Pool` and `ThreadPool`: CASES.md E, and what a scope leaves behind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BrokenExecutorError,
  CancelledError,
  InvalidStateError,
  SerializationError,
  ShutdownError,
  TimeoutError,
  WorkerExitedError,
} from "manyhands";
import { type AsyncResult, Pool, ThreadPool, type WorkerPoolOptions } from "manyhands/multiprocessing";
import { describe, expect, test } from "vitest";
import { add, identity, processId, square } from "#tasks/basic.js";
import { throwRich } from "#tasks/failing.js";
import { passGate } from "#tasks/gate.js";
import { failToPrepare, prepare, preparedAs } from "#tasks/initializing.js";
import { failOnTwo, passGateAndFailAs, passGateOf, passGateWithPid } from "#tasks/pool.js";
import { waitForEver } from "#tasks/stopping.js";
import { errorOf, failureOf, made, outcomeOf, program, within } from "./conformance/support.js";
import { folder, later, newGate } from "./keeping.js";

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each([
  ["Pool", Pool],
  ["ThreadPool", ThreadPool],
] as const)("%s", (name, Class) => {
  function make(options: number | WorkerPoolOptions = 2): Pool | ThreadPool {
    const pool = new Class(options);
    later(() => within(pool.terminate(), "terminate()"));
    return pool;
  }

  test("gives results by each of its ways", async () => {
    const pool = make();
    expect(await pool.apply(add, [2, 3])).toBe(5);
    expect(await pool.applyAsync(square, [4]).get()).toBe(16);
    expect(await pool.map(square, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(await pool.mapAsync(square, new Set([1, 2]))).toEqual([1, 4]);
    expect(await pool.starmap(add, [[1, 2]])).toEqual([3]);
    expect(await pool.starmapAsync(add, [[3, 4]]).get()).toEqual([7]);
    expect(await listOf(pool.imap(square, range(5)))).toEqual([0, 1, 4, 9, 16]);
    expect((await listOf(pool.imapUnordered(square, range(5)))).sort((a, b) => a - b)).toEqual([0, 1, 4, 9, 16]);
  });

  test("an empty input gives nothing, ready at once", async () => {
    const pool = make();
    expect(await pool.map(square, [])).toEqual([]);
    const result = pool.mapAsync(square, new Set<number>());
    expect([result.ready(), result.successful()]).toEqual([true, true]);
    expect(await listOf(pool.imap(square, []))).toEqual([]);
    expect(await listOf(pool.imapUnordered(square, []))).toEqual([]);
    const called: unknown[] = [];
    await pool.mapAsync(square, [], { callback: (values) => called.push(values) }).get();
    expect(called).toEqual([[]]);
    expect(pool.stats().workers).toBe(0);
  });

  test.each([0, 3])("an input that throws at item %i gives that very error, and the pool goes on", async (at) => {
    const pool = make();
    const error = new Error("the input");
    function* input(): Generator<number> {
      for (let n = 0; n < at; n += 1) yield n;
      throw error;
    }
    expect(await failureOf(pool.map(square, input()))).toBe(error);
    const results = pool.imap(square, input());
    for (let n = 0; n < at; n += 1) expect(await results.next()).toEqual({ value: n * n, done: false });
    expect(await failureOf(results.next())).toBe(error);
    expect(error.cause).toBeUndefined();
    expect(await results.next()).toEqual({ value: undefined, done: true });
    expect(await pool.apply(square, [3])).toBe(9);
  });

  test("imap is exhausted for good after a thousand items in chunks of a hundred", async () => {
    const results = make().imap(square, range(1000), { chunkSize: 100 });
    expect(await listOf(results)).toEqual(range(1000).map((n) => n * n));
    expect(await results.next()).toEqual({ value: undefined, done: true });
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  test("a failing call shows at its position, and next() goes on behind it", async () => {
    const results = make().imap(failOnTwo, range(4));
    const seen: unknown[] = [];
    for (let n = 0; n < 4; n += 1) seen.push((await outcomeOf(results.next())).status);
    expect(seen).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect((await results.next()).done).toBe(true);
  });

  test("imap pulls its input as results are taken", async () => {
    let pulled = 0;
    function* endless(): Generator<number> {
      for (;;) yield pulled++;
    }
    const pool = make();
    const results = pool.imap(square, endless(), { chunkSize: 1, bufferSize: 8 });
    for (let n = 0; n < 20; n += 1) await results.next();
    expect(pulled).toBeLessThanOrEqual(28);
    await results.return();
  });

  test("a wait that times out loses nothing: the job goes on and its value comes", async () => {
    const [gate, pool] = [await newGate(), make()];
    const result = pool.applyAsync(passGate, [gate.path, "a"]);
    await gate.arrived(1);
    await errorOf(TimeoutError, result.get({ timeout: 1 }));
    expect(await result.wait({ timeout: 1 })).toBe(false);
    expect(result.ready()).toBe(false);
    expect(() => result.successful()).toThrow(InvalidStateError);
    gate.open();
    expect(await result.wait()).toBe(true);
    expect(await result.get()).toBe("a");
    expect([result.ready(), result.successful(), await result.get({ timeout: 0 })]).toEqual([true, true, "a"]);
  });

  test("next() of imap that times out loses no result", async () => {
    const [gate, pool] = [await newGate(), make()];
    const results = pool.imap(
      passGateOf,
      ["a", "b"].map((label) => ({ path: gate.path, label })),
    );
    await errorOf(TimeoutError, results.next({ timeout: 1 }));
    await errorOf(TimeoutError, results.next({ timeout: 1 }));
    gate.open();
    expect([await results.next(), await results.next()].map(({ value }) => value)).toEqual(["a", "b"]);
  });

  test("waits for imap that time out together leave the results in order", async () => {
    const [gate, pool] = [await newGate(), make()];
    const results = pool.imap(
      passGateOf,
      ["a", "b", "c"].map((label) => ({ path: gate.path, label })),
    );
    const waits = [3, 1, 2].map((timeout) => errorOf(TimeoutError, results.next({ timeout })));
    await Promise.all(waits);
    gate.open();
    const labels = [];
    for await (const label of results) labels.push(label);
    expect(labels).toEqual(["a", "b", "c"]);
  });

  test("callbacks run one at a time, in the order in which jobs end, before get() goes on", async () => {
    const [gates, pool] = [[await newGate(), await newGate()], make()] as const;
    const order: string[] = [];
    const submit = (index: 0 | 1): AsyncResult<string> =>
      pool.applyAsync(passGate, [gates[index].path, `job ${index}`], {
        callback: (label) => order.push(`callback of ${label}`),
        errorCallback: () => order.push("error"),
      });
    const results = [submit(0), submit(1)] as const;
    const told = results.map((result) => result.get().then((label) => order.push(`get of ${label}`)));
    await Promise.all(gates.map((gate) => gate.arrived(1)));
    gates[1].open();
    await told[1];
    gates[0].open();
    await told[0];
    expect(order).toEqual(["callback of job 1", "get of job 1", "callback of job 0", "get of job 0"]);
  });

  test("exactly one of the two callbacks runs", async () => {
    const pool = make();
    const seen: unknown[] = [];
    const callbacks = { callback: () => seen.push("value"), errorCallback: (error: unknown) => seen.push(error) };
    const error = await failureOf(pool.applyAsync(throwRich, [], callbacks).get());
    await pool.applyAsync(square, [2], callbacks).get();
    const mapError = await failureOf(pool.mapAsync(failOnTwo, range(4), callbacks).get());
    expect(seen).toEqual([error, "value", mapError]);
  });

  test("a callback that throws is reported by get(), and join returns", async () => {
    const pool = make();
    const error = new Error("the callback");
    const boom = (): never => {
      throw error;
    };
    const result = pool.applyAsync(square, [2], { callback: boom });
    const failures = [
      failureOf(result.get()),
      errorOf(AggregateError, pool.applyAsync(throwRich, [], { errorCallback: boom })),
    ] as const;
    const neighbour = pool.applyAsync(square, [3]);
    expect(await failures[0]).toBe(error);
    expect(result.successful()).toBe(false);
    const both = await failures[1];
    expect(both.errors[0]).toMatchObject({ message: "rich" });
    expect(both.errors[1]).toBe(error);
    expect(await neighbour.get()).toBe(9);
    pool.close();
    await within(pool.join(), "join()");
  });

  test("an argument that cannot travel fails the map, which does not hang", async () => {
    const pool = make();
    const bad = { onClick: () => 1 };
    await errorOf(SerializationError, pool.map(identity, [1, bad, 3]));
    await errorOf(SerializationError, pool.applyAsync(identity, [bad]).get());
    expect(await pool.apply(square, [3])).toBe(9);
  });

  test("terminate ends ten thousand endless jobs; all results settle, no worker remains", async () => {
    const [path, pool] = [folder(), make()];
    const results = range(10_000).map(() => pool.applyAsync(waitForEver, [join(path, "started")]));
    const map = pool.mapAsync(
      waitForEver,
      range(100).map(() => join(path, "mapped")),
    );
    await made(join(path, "started"));
    await within(pool.terminate(), "terminate()");
    await within(pool.join(), "join()");
    expect(pool.stats().workers).toBe(0);
    for (const result of results) expect(result.ready()).toBe(true);
    await errorOf(CancelledError, results[0] as AsyncResult<never>);
    await errorOf(CancelledError, results[9_999] as AsyncResult<never>);
    await errorOf(CancelledError, map);
  });

  test("terminate drops what nobody looks at without a word", async () => {
    const { code, stderr } = await program("pool-endings", name, "terminate").ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("a failure that neither get() nor errorCallback takes is reported, once", async () => {
    const { code, stderr } = await program("pool-endings", name, "fail").ended;
    expect(code).toBe(1);
    expect(stderr.match(/Error: rich/g)).toHaveLength(1);
  });

  test("leaving the scope lets submitted jobs end, in a program that does nothing else", async () => {
    const { code, stdout } = await program("pool-endings", name, "leave").ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "25 true\n" });
  });

  test("close takes no more jobs and lets those submitted end", async () => {
    const [gate, pool] = [await newGate(), make()];
    const results = range(6).map((n) => pool.applyAsync(passGate, [gate.path, `${n}`]));
    const map = pool.mapAsync(square, range(1000));
    pool.close();
    pool.close();
    expect(() => pool.applyAsync(square, [1])).toThrow(ShutdownError);
    expect(() => pool.mapAsync(square, [1])).toThrow(ShutdownError);
    expect(() => pool.imap(square, [1])).toThrow(ShutdownError);
    await errorOf(ShutdownError, pool.apply(square, [1]));
    await errorOf(ShutdownError, pool.map(square, [1]));
    gate.open();
    await within(pool.join(), "join()");
    expect(await Promise.all(results)).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(await map).toEqual(range(1000).map((n) => n * n));
  });

  test("join before close is refused; a join that times out can be joined again", async () => {
    const [gate, pool] = [await newGate(), make()];
    const error = await errorOf(InvalidStateError, pool.join());
    expect(error.code).toBe("ERR_INVALID_STATE");
    const result = pool.applyAsync(passGate, [gate.path, "a"]);
    pool.close();
    await errorOf(TimeoutError, pool.join({ timeout: 1 }));
    gate.open();
    await within(pool.join(), "join()");
    expect(result.ready()).toBe(true);
  });

  test("join works out what nobody has taken of imap, and keeps it", async () => {
    const pool = make();
    const results = pool.imap(square, range(500), { chunkSize: 1, bufferSize: 4 });
    const [first] = [await results.next()];
    pool.close();
    await within(pool.join(), "join()");
    expect(pool.stats().workers).toBe(0);
    expect([first.value, ...(await listOf(results))]).toEqual(range(500).map((n) => n * n));
  });

  test("a closed pool ends its workers when the last stream has been taken", async () => {
    const pool = make();
    const results = pool.imap(square, range(50), { bufferSize: 4 });
    pool.close();
    expect(await listOf(results)).toEqual(range(50).map((n) => n * n));
    await within(pool.join(), "join()");
  });

  test("leaving the scope tells a stream that its input ends there", async () => {
    const pool = make();
    const results = pool.imap(
      square,
      (function* () {
        for (;;) yield 2;
      })(),
      { chunkSize: 1, bufferSize: 4 },
    );
    expect((await results.next()).value).toBe(4);
    await within(pool[Symbol.asyncDispose](), "leaving");
    const ends: PromiseSettledResult<unknown>[] = [];
    for (let end = await outcomeOf(results.next()); ; end = await outcomeOf(results.next())) {
      ends.push(end);
      if (end.status === "rejected") break;
    }
    expect(ends.at(-1)).toMatchObject({ reason: { code: "ERR_SHUTDOWN" } });
    expect((await results.next()).done).toBe(true);
  });

  test("a failing map is left as soon as the failure is known, and what has not started never does", async () => {
    const [gate, pool] = [await newGate(), make(1)];
    const map = pool.mapAsync(
      passGateAndFailAs,
      range(100).map((n) => ({ path: gate.path, n })),
      { chunkSize: 1 },
    );
    await gate.arrived(1);
    gate.open();
    expect(await failureOf(map.get())).toMatchObject({ message: "0" });
    pool.close();
    await within(pool.join(), "join()");
    expect(gate.arrivals.length).toBeLessThan(100);
  });

  test("each worker is prepared once by the initializer", async () => {
    const log = join(folder(), "log");
    const pool = make({ processes: 1, initializer: prepare, initargs: [log, { name: "ready" }] });
    expect(await pool.map(preparedAs, range(5))).toEqual(range(5).map(() => "ready"));
    expect(readFileSync(log, "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("an initializer that fails fails the jobs, and is not tried for ever", async () => {
    const log = join(folder(), "log");
    const pool = make({ processes: 1, initializer: failToPrepare, initargs: [log] });
    await errorOf(BrokenExecutorError, pool.apply(square, [1]));
    await errorOf(BrokenExecutorError, pool.map(square, [1, 2]));
    expect(readFileSync(log, "utf8")).toBe("tried\n");
  });

  test.each<[number | WorkerPoolOptions, string]>([
    [0, "processes"],
    [-1, "processes"],
    [{ processes: 1.5 }, "processes"],
    [{ maxTasksPerChild: 0 }, "maxTasksPerChild"],
    [{ maxTasksPerChild: -1 }, "maxTasksPerChild"],
    [{ maxTasksPerChild: 0.5 }, "maxTasksPerChild"],
    [{ maxTasksPerChild: "12" as unknown as number }, "maxTasksPerChild"],
    [{ process: 2 } as WorkerPoolOptions, "process"],
  ])("options %j are refused", (options, option) => {
    expect(() => new Class(options)).toThrow(RangeError);
    expect(() => new Class(options)).toThrow(expect.objectContaining({ option, code: "ERR_INVALID_OPTION" }));
  });
});

test("a worker is replaced after maxTasksPerChild calls", async () => {
  await using pool = new Pool({ processes: 1, maxTasksPerChild: 3 });
  const pids: number[] = [];
  for (let n = 0; n < 7; n += 1) pids.push(await pool.apply(processId));
  expect([new Set(pids.slice(0, 3)).size, new Set(pids.slice(3, 6)).size, new Set(pids).size]).toEqual([1, 1, 3]);
});

test("a worker that is killed fails its job alone", async () => {
  const gate = await newGate();
  await using pool = new Pool(2);
  const doomed = pool.applyAsync(passGateWithPid, [gate.path]);
  const [arrival = ""] = await gate.arrived(1);
  const other = pool.applyAsync(passGate, [gate.path, "other"]);
  process.kill(Number(arrival), "SIGKILL");
  const error = await errorOf(WorkerExitedError, doomed.get());
  expect(error).toMatchObject({ signal: "SIGKILL", id: Number(arrival) });
  gate.open();
  expect(await other.get()).toBe("other");
  expect(await pool.map(square, [1, 2, 3])).toEqual([1, 4, 9]);
});
