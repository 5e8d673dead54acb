/** Laws of scheduling: who runs when and where, and what the numbers say about it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { BrokenExecutorError, type Executor, InvalidOptionError, WorkerExitedError } from "manyhands";
import { add, blockUntil, makeRecorder, record, retain, square, whereAmI } from "#tasks/basic.js";
import { exitTheFirstTime, exitWith, failAfterReturn, recordAndExit } from "#tasks/exiting.js";
import { evenOnly } from "#tasks/failing.js";
import { passGate } from "#tasks/gate.js";
import * as initializing from "#tasks/initializing.js";
import { contextLater, describeContext, reportAround, reportSteps, succeedAt } from "#tasks/telling.js";
import { type Bench, type Law, law } from "./conformance.js";
import { errorOf, failureOf, type Gate, heardOf, linesOf, made, outcomeOf, until, within } from "./support.js";

/** Holds every one of the executor's `count` places. */
async function holdAll(executor: Executor, gate: Gate, count: number): Promise<() => Promise<unknown>> {
  const calls = Array.from({ length: count }, (_, n) => executor.submit(passGate, gate.path, `holder ${n}`));
  await gate.arrived(count);
  await until(() => calls.every(({ state }) => state === "running"), "the executor should have heard of their start");
  return () => {
    gate.open();
    return within(Promise.all(calls), "the holders");
  };
}

const ORDER: readonly Law[] = [
  law("submit() calls nothing before it returns", async ({ make, file }) => {
    const future = make().submit(record, file("log"), "ran");
    assert.equal(future.state, "pending");
    assert.deepEqual(linesOf(file("log")), []);
    await future;
  }),
  law("calls of one worker run in the order of their submits", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const names = Array.from({ length: 100 }, (_, n) => String(n));
    await Promise.all(names.map((name) => executor.submit(record, file("log"), name)));
    assert.deepEqual(linesOf(file("log")), names);
  }),
  law(
    "a call whose function is new is not overtaken by later ones whose functions are known",
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      const log = file("log");
      await executor.submit(record, log, "known");
      const calls = [1, 2, 3].flatMap((n) => [
        executor.submit(makeRecorder(), log, `new ${n}`),
        executor.submit(record, log, `known ${n}`),
      ]);
      await within(Promise.all(calls), "the calls");
      assert.deepEqual(linesOf(log), ["known", "new 1", "known 1", "new 2", "known 2", "new 3", "known 3"]);
    },
  ),
  law("priority: larger first, and first come first served within one", async ({ make, gate, file }) => {
    const executor = make({ maxWorkers: 1 });
    const release = await holdAll(executor, await gate(), 1);
    const priorities = [0, 5, -1, 5, 2.5, 0, 9, -1, 5];
    const calls = priorities.map((priority, n) =>
      executor.with({ priority }).submit(record, file("log"), `${priority} ${n}`),
    );
    await release();
    await within(Promise.all(calls), "the calls");
    assert.deepEqual(linesOf(file("log")), ["9 6", "5 1", "5 3", "5 8", "2.5 4", "0 0", "0 5", "-1 2", "-1 7"]);
  }),
  law("priority: a late urgent call overtakes those that were submitted before", async ({ make, gate, file }) => {
    const executor = make({ maxWorkers: 1 });
    const release = await holdAll(executor, await gate(), 1);
    const ordinary = Array.from({ length: 20 }, (_, n) => executor.submit(record, file("log"), String(n)));
    await new Promise((resolve) => setImmediate(resolve));
    const urgent = executor.with({ priority: 1 }).submit(record, file("log"), "urgent");
    await release();
    await within(Promise.all([urgent, ...ordinary]), "the calls");
    assert.equal(linesOf(file("log"))[0], "urgent");
  }),
  law("no more calls at once than there are places (B22)", async ({ make, gate, traits }) => {
    const executor = make({ maxWorkers: 3 });
    const door = await gate();
    const calls = Array.from({ length: 30 }, (_, n) => executor.submit(passGate, door.path, String(n)));
    for (let round = 1; round <= 10; round += 1) {
      await door.arrived(round * 3);
      assert.equal(door.arrivals.length, round * 3);
      await heardOf(traits, () => executor.stats().running === 3, "three calls run");
      await heardOf(traits, () => executor.stats().queued === 30 - round * 3, "the others wait");
      door.release(3);
    }
    await within(Promise.all(calls), "the calls");
  }),
  law("key: calls of one key never run side by side, and hold up nobody else", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const door = await gate();
    const keyed = executor.with({ key: "account 7" });
    const first = keyed.submit(passGate, door.path, "first");
    const second = keyed.submit(passGate, door.path, "second");
    const other = executor.submit(passGate, door.path, "other");
    assert.deepEqual([...(await door.arrived(2))].sort(), ["first", "other"]);
    assert.equal(second.state, "pending");
    door.open();
    await within(Promise.all([first, second, other]), "the calls");
    assert.equal(door.arrivals[2], "second");
  }),
  law("key: calls of one key run on one worker", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 2 });
    const places = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 3 === 0 ? executor.submit(whereAmI, n) : executor.with({ key: `key ${n % 3}` }).submit(whereAmI, n),
      ),
    );
    for (const key of [1, 2]) assert.equal(new Set(places.filter((_, n) => n % 3 === key)).size, 1, `key ${key}`);
  }),
  law("key: when its worker is lost, its calls go on on another", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 2 }).with({ key: "k" });
    const home = await executor.submit(whereAmI);
    const lost = executor.submit(exitWith, 3);
    const after = [executor.submit(whereAmI), executor.submit(whereAmI)];
    await errorOf(WorkerExitedError, lost);
    const places = await within(Promise.all(after), "the calls behind it");
    assert.notEqual(places[0], home);
    assert.equal(places[0], places[1]);
  }),
  law("a task that waits for its own full executor does not hang (FLAWS 24)", ["inPlace"], async ({ make }) => {
    const executor = make({ maxWorkers: 1 });
    const ways: readonly (() => PromiseLike<number>)[] = [
      async () => await executor.submit(add, 1, 2),
      () => executor.submit(add, 1, 2),
      async () => (await Promise.all([executor.submit(add, 1, 0), executor.submit(add, 2, 0)])).reduce(add),
      async () => (await executor.map(square, [1, 1, 1])).reduce(add),
    ];
    for (const way of ways) {
      const outcome = await outcomeOf(executor.submit(way), String(way));
      if (outcome.status === "fulfilled") assert.equal(outcome.value, 3, String(way));
      else assert.ok(outcome.reason instanceof Error, String(way));
    }
  }),
];

const WORKERS: readonly Law[] = [
  law("workers are started on demand, and idle ones are used first", ["workers", "local"], async ({ make, gate }) => {
    const executor = make({ maxWorkers: 3 });
    assert.equal(executor.stats().workers + executor.stats().booting, 0);
    for (let n = 0; n < 5; n += 1) await executor.submit(square, n);
    assert.equal(executor.stats().workers, 1);
    const release = await holdAll(executor, await gate(), 3);
    assert.equal(executor.stats().workers, 3);
    await release();
  }),
  law("minWorkers are up before anybody asks", ["workers", "local"], async ({ make }) => {
    const executor = make({ maxWorkers: 2, minWorkers: 2 });
    await until(() => executor.stats().idle === 2, "two workers should be up");
  }),
  law("idleTimeout: idle workers end, down to minWorkers", ["workers", "local"], async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2, minWorkers: 1, idleTimeout: 10 });
    const release = await holdAll(executor, await gate(), 2);
    assert.equal(executor.stats().workers, 2);
    await release();
    await until(() => executor.stats().workers === 1, "one worker should have ended");
    assert.equal(executor.stats().lost, 0);
    assert.equal(await executor.submit(add, 1, 2), 3);
  }),
  law("name: workers are called by it, each differently (B26)", ["workers", "local"], async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2, name: "prime" });
    const door = await gate();
    const named: unknown[] = [];
    const calls = [1, 2].map((n) => {
      const future = executor.submit(reportAround, door.path, String(n));
      future.onProgress((text) => named.push(text));
      return future;
    });
    await door.arrived(2);
    door.open();
    await Promise.all(calls);
    const workers = await Promise.all([1, 2, 3, 4].map(() => executor.submit(describeContext)));
    for (const { worker } of workers) assert.match(worker.name, /^prime-\d+$/);
    assert.equal(executor.stats().name, "prime");
  }),
  law("context().worker says where the call runs", ["local"], async ({ make, traits }) => {
    const { worker } = await make().submit(describeContext);
    assert.equal(worker.kind, traits.kind);
    assert.notEqual(worker.name, "");
    if (traits.ownProcess) assert.notEqual(worker.id, process.pid);
  }),
  law("context() is the call's own, also in what it calls later", async ({ make }) => {
    const executor = make({ maxWorkers: 2 });
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => executor.submit(contextLater))), [
      true,
      true,
      true,
      true,
    ]);
  }),
  law(
    "initializer: runs once in each worker, before its first call, with its arguments",
    ["workers"],
    async ({ make, gate, file }) => {
      const executor = make({
        maxWorkers: 2,
        initializer: initializing.prepare,
        initargs: [file("log"), { name: "settings" }],
      });
      const release = await holdAll(executor, await gate(), 2);
      await release();
      const seen = await Promise.all([1, 2, 3, 4].map((n) => executor.submit(initializing.preparedAs, n)));
      assert.deepEqual(new Set(seen), new Set(["settings"]));
      const tried = linesOf(file("log"));
      assert.deepEqual([tried.length, new Set(tried).size], [2, 2]);
    },
  ),
  law(
    "initializer that throws: its error is the cause, later submits fail, nobody tries for ever (B24)",
    ["workers"],
    async (bench) => {
      await expectBroken(bench, initializing.failToPrepare, (cause) => {
        assert.ok(cause instanceof TypeError);
        assert.equal(cause.message, "cannot prepare");
      });
    },
  ),
  law("initializer that ends its worker: the same (FLAWS 16)", ["workers"], async (bench) => {
    await expectBroken(bench, initializing.exitWhilePreparing, (cause) => {
      assert.ok(cause instanceof WorkerExitedError);
      assert.equal(cause.exitCode, 7);
    });
  }),
  law(
    "maxTasksPerWorker: three calls on one worker, the fourth on another, never two at once (C12)",
    ["workers"],
    async ({ make }) => {
      const executor = make({ maxWorkers: 1, maxTasksPerWorker: 3 });
      const futures = [1, 2, 3, 4].map((n) => executor.submit(whereAmI, n));
      let most = 0;
      for (const future of futures) future.addDoneCallback(() => (most = Math.max(most, executor.stats().workers)));
      const [first, second, third, fourth] = await within(Promise.all(futures), "four calls");
      assert.deepEqual([second, third], [first, first]);
      assert.notEqual(fourth, first);
      assert.equal(most, 1);
      assert.equal(executor.stats().lost, 0);
    },
  ),
  law(
    "maxTasksPerWorker: 1, three workers, six calls, shut down at once: all six are right (C14)",
    ["workers"],
    async ({ make }) => {
      const executor = make({ maxWorkers: 3, maxTasksPerWorker: 1 });
      const futures = [1, 2, 3, 4, 5, 6].map((n) => executor.submit(square, n));
      await within(executor.shutdown(), "shutdown()");
      assert.deepEqual(await Promise.all(futures), [1, 4, 9, 16, 25, 36]);
    },
  ),
  law("maxTasksPerWorker holds under a backlog, call by call", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 2, maxTasksPerWorker: 5 });
    const places = await within(
      Promise.all(Array.from({ length: 30 }, (_, n) => executor.submit(whereAmI, n))),
      "30 calls",
    );
    const counts = new Map<string, number>();
    for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
    for (const [place, count] of counts) assert.ok(count <= 5, `${place} ran ${count}`);
    // Two may be in use when the calls run out; all others must have served to the end.
    assert.ok(counts.size <= 7, `${counts.size} workers for 30 calls: ${[...counts.values()].join()}`);
    await within(executor.shutdown(), "shutdown()");
    assert.equal(executor.stats().lost, 0, "no worker should have had to be forced to go");
  }),
  law("maxAge: an old worker is replaced between calls", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 1, maxAge: 1 });
    const places = new Set<string>();
    const start = performance.now();
    while (places.size < 2 && performance.now() - start < 5_000) places.add(await executor.submit(whereAmI));
    assert.equal(places.size, 2, "a second worker should have served");
    assert.equal(executor.stats().lost, 0);
  }),
  law("maxMemory: a worker that has grown too large is replaced between calls", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 1, maxMemory: 200 * 1024 * 1024 });
    const home = await executor.submit(whereAmI);
    assert.equal(await executor.submit(retain, 250), home);
    let place = home;
    const start = performance.now();
    while (place === home && performance.now() - start < 5_000) place = await executor.submit(whereAmI);
    assert.notEqual(place, home);
    assert.equal(executor.stats().lost, 0);
  }),
];

/** A pool whose workers cannot start fails every call, soon and for good, and can still be shut down. */
async function expectBroken(
  { make, file }: Bench,
  initializer: (log: string) => never,
  judge: (cause: unknown) => void,
): Promise<void> {
  const executor = make({ maxWorkers: 2, initializer, initargs: [file("log")] });
  const futures = [1, 2, 3, 4, 5].map((n) => executor.submit(square, n));
  for (const future of futures) judge((await errorOf(BrokenExecutorError, future)).cause);
  judge((await errorOf(BrokenExecutorError, executor.submit(square, 6), "a later submit")).cause);
  await errorOf(BrokenExecutorError, executor.map(square, [1, 2]), "a later map");
  await within(executor.shutdown(), "shutdown()");
  await within(executor.terminate(), "terminate()");
  // Workers that were on their way when the first one failed may have tried, too.
  const tries = linesOf(file("log")).length;
  assert.ok(tries >= 1 && tries <= 10, `${tries} tries`);
  const { workers, booting } = executor.stats();
  assert.deepEqual([workers, booting], [0, 0]);
}

const LOSS: readonly Law[] = [
  law("a lost worker's call is not run again, not even with retries", ["workers"], async ({ make, file }) => {
    const executor = make().with({ retries: 3 });
    const error = await errorOf(WorkerExitedError, executor.submit(recordAndExit, file("log"), "ran"));
    assert.equal(error.exitCode, 3);
    assert.equal(await executor.submit(add, 1, 2), 3);
    assert.deepEqual(linesOf(file("log")), ["ran"]);
  }),
  law(
    "retryOnWorkerLoss: a lost worker's call is run again when that was asked for",
    ["workers"],
    async ({ make, file }) => {
      const executor = make().with({ retries: 3, retryOnWorkerLoss: true });
      assert.equal(await within(executor.submit(exitTheFirstTime, file("log")), "the call"), 2);
      assert.equal(linesOf(file("log")).length, 2);
      const { lost, retried, completed } = executor.stats();
      assert.deepEqual([lost, retried, completed], [1, 1, 1]);
    },
  ),
  law("calls that were behind a lost one run once each, on another worker", ["workers"], async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    await executor.submit(add, 1, 1);
    const lost = executor.submit(recordAndExit, file("lost"), "ran");
    const rest = Array.from({ length: 50 }, (_, n) => executor.submit(record, file("log"), String(n)));
    await errorOf(WorkerExitedError, lost);
    await within(Promise.all(rest), "the calls behind it");
    assert.deepEqual(
      linesOf(file("log")),
      rest.map((_, n) => String(n)),
    );
    assert.deepEqual(linesOf(file("lost")), ["ran"]);
  }),
  law("three lost workers among 300 calls cost three calls", ["workers"], async ({ make, file }) => {
    const executor = make({ maxWorkers: 2 });
    const calls = Array.from({ length: 300 }, (_, n) =>
      n % 100 === 50
        ? executor.submit(recordAndExit, file("lost"), String(n))
        : executor.submit(record, file("log"), String(n)),
    );
    const outcomes = await Promise.all(calls.map((call) => outcomeOf(call)));
    const failed = outcomes.flatMap((outcome, n) => (outcome.status === "rejected" ? [n] : []));
    assert.deepEqual(failed, [50, 150, 250]);
    assert.deepEqual([linesOf(file("log")).length, new Set(linesOf(file("log"))).size], [297, 297]);
    assert.equal(linesOf(file("lost")).length, 3);
    assert.equal(executor.stats().lost, 3);
  }),
  law(
    "calls that end their worker one after another do not break the pool for the others",
    ["workers"],
    async ({ make }) => {
      const executor = make({ maxWorkers: 1 });
      for (const code of [1, 2, 3]) {
        assert.equal((await errorOf(WorkerExitedError, executor.submit(exitWith, code))).exitCode, code);
        assert.equal(await within(executor.submit(add, code, 1), "the call in between"), code + 1);
      }
    },
  ),
  law("a worker that fails between calls harms none, and is replaced", ["workers", "local"], async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    assert.equal(await executor.submit(failAfterReturn, file("now")), "returned");
    writeFileSync(file("now"), "");
    await until(() => executor.stats().lost === 1, "the worker should be lost");
    assert.equal(await within(executor.submit(add, 1, 2), "the next call"), 3);
  }),
];

const PROGRESS: readonly Law[] = [
  law("report(): every report arrives, in order, before the result", async ({ make }) => {
    const future = make().submit(reportSteps, 50);
    const seen: unknown[] = [];
    future.onProgress((value) => seen.push(value));
    let before = -1;
    future.addDoneCallback(() => (before = seen.length));
    assert.equal(await within(future, "the call"), "done");
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, n) => ({ step: n + 1, of: 50 })),
    );
    assert.equal(before, 50);
  }),
  law("report(): each listener hears its own call only, until it is disposed", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const door = await gate();
    const heard: unknown[][] = [[], [], []];
    const [left, right] = [
      executor.submit(reportAround, door.path, "left"),
      executor.submit(reportAround, door.path, "right"),
    ];
    left.onProgress((value) => heard[0]?.push(value));
    right.onProgress((value) => heard[1]?.push(value));
    const short = left.onProgress((value) => heard[2]?.push(value));
    await door.arrived(2);
    await until(() => heard.every((texts) => texts.length === 1), "the first reports should have come");
    short[Symbol.dispose]();
    door.open();
    await within(Promise.all([left, right]), "both calls");
    assert.deepEqual(heard, [["left before", "left after"], ["right before", "right after"], ["left before"]]);
  }),
  law("report(): a busy worker's reports do not wait for its result", async ({ make, gate }) => {
    const door = await gate();
    const future = make().submit(reportAround, door.path, "x");
    const first = new Promise((resolve) => future.onProgress(resolve));
    assert.equal(await within(first, "the first report, with the call still held"), "x before");
    assert.equal(future.state, "running");
    door.open();
    await future;
  }),
];

const NUMBERS: readonly Law[] = [
  law("stats(): everything balances, and the snapshot is frozen", async ({ make, traits, file }) => {
    const executor = make();
    const start = executor.stats();
    assert.ok(Object.isFrozen(start));
    assert.deepEqual([start.completed, start.failed, start.cancelled, start.queued, start.running], [0, 0, 0, 0, 0]);
    const futures = Array.from({ length: 100 }, (_, n) => executor.submit(evenOnly, n));
    const cancelled = executor.submit(record, file("log"), "ran");
    cancelled.cancel();
    const during = executor.stats();
    assert.equal(during.queued + during.running, 100);
    await Promise.all([...futures, cancelled].map((future) => outcomeOf(future)));
    await until(() => executor.stats().busy === 0, "nobody should be busy");
    const stats = executor.stats();
    assert.deepEqual([stats.completed, stats.failed, stats.cancelled], [50, 50, 1]);
    assert.deepEqual([stats.queued, stats.running, stats.busy, stats.retried, stats.lost], [0, 0, 0, 0, 0]);
    assert.equal(stats.workers, stats.idle + stats.busy);
    assert.equal(stats.kind, traits.kind);
    assert.equal(during.completed, 0, "an older snapshot should not change");
  }),
  law("stats(): the histograms count each call that ran", async ({ make }) => {
    const executor = make();
    await Promise.all(Array.from({ length: 20 }, (_, n) => executor.submit(square, n)));
    for (const histogram of [executor.stats().wait, executor.stats().run]) {
      assert.equal(histogram.count, 20);
      assert.equal(histogram.bounds.length, histogram.counts.length);
      assert.equal(histogram.bounds.at(-1), Number.POSITIVE_INFINITY);
      assert.deepEqual(
        [...histogram.bounds].sort((a, b) => a - b),
        [...histogram.bounds],
      );
      assert.equal(
        histogram.counts.reduce((sum, n) => sum + n, 0),
        20,
      );
      assert.ok(histogram.max >= 0 && histogram.sum >= histogram.max);
    }
  }),
  law("stats(): `busy` and `running` while a call is held", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const release = await holdAll(executor, await gate(), 2);
    const waiting = executor.submit(add, 1, 2);
    const { running, busy, queued } = executor.stats();
    assert.equal(running, 2);
    assert.equal(queued, 1);
    assert.ok(busy >= 1);
    await release();
    assert.equal(await waiting, 3);
  }),
  law("stats(): retries and losses are counted where they happen", ["workers"], async ({ make, file }) => {
    const executor = make();
    await executor.with({ retries: 5 }).submit(succeedAt, 4, file("log"));
    await failureOf(executor.submit(exitWith, 1));
    const { retried, lost, completed, failed } = executor.stats();
    assert.deepEqual([retried, lost, completed, failed], [3, 1, 1, 1]);
  }),
  law("with(): the same workers and numbers, other options; the nearest option wins", async ({ make, gate, file }) => {
    const executor = make({ maxWorkers: 1 });
    const release = await holdAll(executor, await gate(), 1);
    const low = executor.with({ priority: 1, retries: 1 });
    const high = low.with({ priority: 2 });
    assert.equal(high.kind, executor.kind);
    const calls = [
      executor.submit(record, file("order"), "plain"),
      low.submit(record, file("order"), "low"),
      high.submit(record, file("order"), "high"),
    ];
    const retried = high.submit(succeedAt, 2, file("log"));
    assert.equal(high.stats().queued, 4);
    await release();
    await within(Promise.all(calls), "the calls");
    assert.deepEqual(linesOf(file("order")), ["high", "low", "plain"]);
    assert.equal(await within(retried, "the call with an inherited retry"), 2);
    assert.deepEqual(high.stats().completed, executor.stats().completed);
  }),
  law("with(): options outside what they may be throw at once", async ({ make }) => {
    const executor = make();
    for (const [option, value] of [
      ["timeout", -1],
      ["timeout", Number.NaN],
      ["queueTimeout", -1],
      ["grace", -1],
      ["grace", Number.NaN],
      ["priority", Number.NaN],
      ["retries", -1],
      ["retries", 1.5],
      ["retries", { limit: -1 }],
    ] as const) {
      assert.throws(
        () => executor.with({ [option]: value }),
        (error) =>
          error instanceof InvalidOptionError && error instanceof RangeError && error.option.startsWith(option),
        `${option}: ${JSON.stringify(value)}`,
      );
    }
    assert.equal(await executor.submit(add, 1, 2), 3);
  }),
  law(
    "a long call in the only worker: its neighbours in the queue are untouched by it",
    ["workers"],
    async ({ make, file, traits }) => {
      const executor = make({ maxWorkers: 1 });
      const long = executor.submit(blockUntil, file("started"), file("release"));
      const next = executor.submit(add, 1, 2);
      await made(file("started"));
      await heardOf(traits, () => long.state === "running", "the long call runs");
      assert.deepEqual([long.state, next.state], ["running", "pending"]);
      assert.deepEqual([executor.stats().running, executor.stats().queued], [1, 1]);
      writeFileSync(file("release"), "");
      await within(Promise.all([long, next]), "both calls");
    },
  ),
];

export const SCHEDULING: readonly Law[] = [...ORDER, ...WORKERS, ...LOSS, ...PROGRESS, ...NUMBERS];
