/** Laws of ending: shutdown drains, terminate stops, every future settles, and nothing keeps the program alive. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { CancelledError, type Executor, ManyhandsError, ShutdownError } from "manyhands";
import { add, blockUntil, record, square } from "#tasks/basic.js";
import { spinForEver } from "#tasks/exiting.js";
import { passGate } from "#tasks/gate.js";
import * as stopping from "#tasks/stopping.js";
import { type Law, law, type Traits } from "./conformance.js";
import { errorOf, heardOf, linesOf, made, outcomeOf, outputOf, program, within } from "./support.js";

/** Nothing is left of the executor. */
function expectNothingLeft(executor: Executor, { workers: hasWorkers }: Traits): void {
  const { workers, idle, busy, booting, queued, running } = executor.stats();
  assert.deepEqual([queued, running, busy], [0, 0, 0], "queued, running, busy");
  if (hasWorkers) assert.deepEqual([workers, idle, booting], [0, 0, 0], "workers, idle, booting");
}

const SHUTDOWN: readonly Law[] = [
  law("shutdown(): 50 queued calls complete before it returns (B14)", async ({ make, file, traits }) => {
    const executor = make();
    const futures = Array.from({ length: 50 }, (_, n) => executor.submit(record, file("log"), String(n)));
    await within(executor.shutdown(), "shutdown()");
    assert.equal(linesOf(file("log")).length, 50);
    for (const future of futures) assert.equal(future.state, "succeeded");
    expectNothingLeft(executor, traits);
  }),
  law("shutdown(): of an executor that never ran anything", async ({ make, traits }) => {
    const executor = make();
    await within(executor.shutdown(), "shutdown()");
    expectNothingLeft(executor, traits);
  }),
  law("shutdown(): twice, at once and later", async ({ make }) => {
    const executor = make();
    const future = executor.submit(square, 3);
    await within(Promise.all([executor.shutdown(), executor.shutdown()]), "two shutdowns");
    await within(executor.shutdown(), "a third");
    assert.equal(await future, 9);
  }),
  law("shutdown(): waits for the call that is running", async ({ make, gate }) => {
    const executor = make();
    const door = await gate();
    const future = executor.submit(passGate, door.path, "x");
    await door.arrived(1);
    let over = false;
    const ended = executor.shutdown().then(() => (over = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(over, false);
    door.open();
    await within(ended, "shutdown()");
    assert.equal(future.state, "succeeded");
  }),
  law(
    "shutdown({ cancelPending }): what has not started is cancelled, what runs finishes",
    async ({ make, gate, file, traits }) => {
      const executor = make({ maxWorkers: 1 });
      const door = await gate();
      const running = executor.submit(passGate, door.path, "x");
      await door.arrived(1);
      await heardOf(traits, () => running.state === "running", "the call runs");
      const queued = Array.from({ length: 20 }, (_, n) => executor.submit(record, file("log"), String(n)));
      const ended = executor.shutdown({ cancelPending: true });
      for (const future of queued) await errorOf(CancelledError, future, "a queued call");
      assert.equal(running.state, "running");
      door.open();
      await within(ended, "shutdown()");
      assert.equal(await running, "x");
      assert.deepEqual(linesOf(file("log")), []);
      expectNothingLeft(executor, traits);
    },
  ),
  law(
    "shutdown({ cancelPending }) after a plain shutdown() still cancels what has not started",
    async ({ make, gate, file, traits }) => {
      const executor = make({ maxWorkers: 1 });
      const door = await gate();
      const running = executor.submit(passGate, door.path, "x");
      await door.arrived(1);
      await heardOf(traits, () => running.state === "running", "the call runs");
      const queued = executor.submit(record, file("log"), "ran");
      const ended = [executor.shutdown(), executor.shutdown({ cancelPending: true })];
      await errorOf(CancelledError, queued);
      door.open();
      await within(Promise.all([...ended, running]), "both shutdowns");
    },
  ),
  law("submit() after shutdown() rejects with ShutdownError, and does not throw", async ({ make }) => {
    const executor = make();
    const ended = executor.shutdown();
    await errorOf(ShutdownError, executor.submit(square, 2), "a submit during the shutdown");
    await ended;
    await errorOf(ShutdownError, executor.submit(square, 2), "a submit after it");
    await errorOf(ShutdownError, executor.with({ priority: 1 }).submit(square, 2), "one through with()");
    await errorOf(ShutdownError, executor.map(square, [1, 2]), "a map");
    await errorOf(ShutdownError, executor.starmap(add, [[1, 2]]), "a starmap");
  }),
  law("shutting down what with() gave shuts the executor down", async ({ make }) => {
    const executor = make();
    await within(executor.with({ priority: 1 }).shutdown(), "shutdown()");
    await errorOf(ShutdownError, executor.submit(square, 2));
  }),
  law("leaving an `await using` scope drains", async ({ make, file }) => {
    const executor = make();
    const future = executor.submit(record, file("log"), "ran");
    await within(executor[Symbol.asyncDispose](), "leaving the scope");
    assert.equal(future.state, "succeeded");
    await errorOf(ShutdownError, executor.submit(square, 2));
  }),
  law("shutdown(): an `abort` still reaches the call it waits for", async ({ make, file }) => {
    const executor = make();
    const future = executor.with({ grace: 60_000 }).submit(stopping.waitForSignal, file("started"), file("log"));
    await made(file("started"));
    const ended = executor.shutdown();
    future.abort("enough");
    await errorOf(CancelledError, future);
    await within(ended, "shutdown()");
    assert.deepEqual(linesOf(file("log")), ["cleaned up"]);
  }),
];

const TERMINATE: readonly Law[] = [
  law("terminate(): running and queued calls settle, nothing completes (C16)", async ({ make, gate, file, traits }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    const running = executor.submit(passGate, door.path, "x");
    await door.arrived(1);
    const queued = Array.from({ length: 20 }, (_, n) => executor.submit(record, file("log"), String(n)));
    await within(executor.terminate(), "terminate()");
    for (const future of [running, ...queued]) await errorOf(CancelledError, future);
    assert.deepEqual(linesOf(file("log")), []);
    await errorOf(ShutdownError, executor.submit(square, 2));
    expectNothingLeft(executor, traits);
  }),
  law("terminate(): result() and exception() asked for afterwards settle too (FLAWS 5)", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    const futures = [1, 2, 3].map((n) => executor.submit(passGate, door.path, String(n)));
    await door.arrived(1);
    const looked = futures.map((future) => outcomeOf(future));
    await within(executor.terminate(), "terminate()");
    await Promise.all(looked);
    for (const future of futures) {
      await errorOf(CancelledError, future.result());
      await errorOf(CancelledError, future.exception());
    }
  }),
  law(
    "terminate(): busy loops end with it, and leave no worker behind (E14)",
    ["workers"],
    async ({ make, file, traits }) => {
      const executor = make({ maxWorkers: 2 });
      const loops = ["one", "two"].map((name) => executor.submit(spinForEver, file(name)));
      await Promise.all([made(file("one")), made(file("two"))]);
      const queued = Array.from({ length: 10_000 }, () => executor.submit(spinForEver));
      await within(executor.terminate(), "terminate()");
      for (const outcome of await Promise.all([...loops, ...queued].map((future) => outcomeOf(future)))) {
        assert.ok(outcome.status === "rejected" && outcome.reason instanceof CancelledError);
      }
      expectNothingLeft(executor, traits);
    },
  ),
  law("terminate(): while workers are starting", async ({ make, traits }) => {
    const executor = make({ maxWorkers: 2 });
    const futures = [1, 2, 3].map((n) => executor.submit(square, n));
    await within(executor.terminate(), "terminate()");
    for (const future of futures) await errorOf(CancelledError, future);
    expectNothingLeft(executor, traits);
  }),
  law("terminate(): harmless on an executor that never ran, twice, and after shutdown() (C16)", async ({ make }) => {
    const fresh = make();
    await within(Promise.all([fresh.terminate(), fresh.terminate()]), "terminate() of a fresh executor");
    const used = make();
    await used.submit(square, 2);
    await used.shutdown();
    await within(used.terminate(), "terminate() after shutdown()");
    await within(used.shutdown(), "shutdown() after terminate()");
  }),
  law("terminate(): ends a shutdown() that is waiting", async ({ make, gate, traits }) => {
    const executor = make();
    const door = await gate();
    const future = executor.submit(passGate, door.path, "x");
    await door.arrived(1);
    const ended = executor.shutdown();
    await within(executor.terminate(), "terminate()");
    await within(ended, "the shutdown() that was waiting");
    await errorOf(CancelledError, future);
    expectNothingLeft(executor, traits);
  }),
  law("terminate(): a map in the middle settles, and its source is closed", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    let closed = false;
    function* doors(): Generator<[string, string]> {
      try {
        for (let n = 0; ; n += 1) yield [door.path, String(n)];
      } finally {
        closed = true;
      }
    }
    const results = executor.starmap(passGate, doors(), { chunkSize: 1, bufferSize: 4 });
    const next = outcomeOf(results.next());
    await door.arrived(1);
    await within(executor.terminate(), "terminate()");
    const outcome = await next;
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof ManyhandsError);
    await within(results.return(), "return()");
    assert.equal(closed, true);
  }),
];

/** The programs of test/programs that must end by themselves, with what they print. */
const PROGRAMS: readonly Law[] = [
  law("an idle executor does not keep the program alive", async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "idle", file("log"))), "9\n");
  }),
  law("a program that ends without shutdown still completes what it submitted (B18, B20)", async ({ traits, file }) => {
    await outputOf(program("leaving", traits.kind, "busy", file("log")));
    assert.deepEqual([...linesOf(file("log"))].sort(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  }),
  law("a program that ends during an unawaited shutdown() completes what runs (B18)", async ({ traits, file }) => {
    await outputOf(program("leaving", traits.kind, "shutdown", file("log")));
    assert.equal(linesOf(file("log")).length, 10);
  }),
  law("a program that awaits a cancelled call ends", async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "cancelled", file("log"))), "CancelledError\n");
  }),
  law("a program that leaves an `await using` scope ends, with everything done", async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "using", file("log"))), "10\n");
  }),
  law("a program that gave a map up half-way ends", async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "half-map", file("log"))), "0,1,4\n");
  }),
  law("ref: false: not even a running call keeps the program alive", ["workers"], async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "unref", file("started"))), "left\n");
  }),
  law("a failure that nobody looks at reaches `unhandledRejection`, once (FLAWS 4)", async ({ traits }) => {
    assert.equal(await outputOf(program("unhandled", traits.kind, "nobody")), "1 nobody looks\n");
  }),
  law("a failure that somebody looks at does not", async ({ traits }) => {
    for (const way of ["await", "catch", "exception", "settled", "two"]) {
      assert.equal(await outputOf(program("unhandled", traits.kind, way)), "0\n", way);
    }
  }),
  law("a failure passed on by then() is reported once, by whom it was passed to", async ({ traits }) => {
    assert.equal(await outputOf(program("unhandled", traits.kind, "chained")), "1 nobody looks\n");
  }),
  law("cancelling is no failure: a cancelled call that nobody looks at is not reported", async ({ traits }) => {
    assert.equal(await outputOf(program("unhandled", traits.kind, "cancelled")), "0\n");
  }),
  law("what a task prints is not lost when the program ends", ["local"], async ({ traits, file }) => {
    assert.equal(await outputOf(program("leaving", traits.kind, "printing", file("log"))), "printed by the task\n");
  }),
];

const AT_ONCE: readonly Law[] = [
  law("a blocked worker does not hold up terminate()", ["workers"], async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const future = executor.submit(blockUntil, file("started"), file("release"));
    await made(file("started"));
    await within(executor.terminate(), "terminate()");
    await errorOf(CancelledError, future);
    writeFileSync(file("release"), "");
  }),
];

export const ENDING: readonly Law[] = [...SHUTDOWN, ...TERMINATE, ...AT_ONCE, ...PROGRAMS];
