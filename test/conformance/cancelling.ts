/** Laws of cancelling: a call that has not started never starts, one that runs is stopped, and nobody else notices. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { CancelledError, type Executor, type Future, TimeoutError } from "manyhands";
import { add, blockUntil, record, square, whereAmI } from "#tasks/basic.js";
import { spinForEver } from "#tasks/exiting.js";
import { passGate } from "#tasks/gate.js";
import * as stopping from "#tasks/stopping.js";
import { succeedAt } from "#tasks/telling.js";
import { type Bench, type Law, law } from "./conformance.js";
import { errorOf, type Gate, linesOf, made, outcomeOf, until, within } from "./support.js";

/** An executor whose one worker is held at a gate by the first call. */
async function heldExecutor(
  bench: Bench,
): Promise<{ readonly executor: Executor; readonly gate: Gate; readonly holder: Future<string> }> {
  const executor = bench.make({ maxWorkers: 1 });
  const gate = await bench.gate();
  const holder = executor.submit(passGate, gate.path, "holder");
  await gate.arrived(1);
  await until(() => holder.state === "running", "the executor should have heard of its start");
  return { executor, gate, holder };
}

const BEFORE_START: readonly Law[] = [
  law("a signal that is already aborted: the call never starts", async ({ make, file }) => {
    const executor = make();
    const reason = new Error("too late");
    const future = executor.with({ signal: AbortSignal.abort(reason) }).submit(record, file("log"), "ran");
    const error = await errorOf(CancelledError, future);
    assert.equal(error.cause, reason);
    assert.deepEqual([future.state, future.cancelled(), future.done()], ["cancelled", true, true]);
    await executor.submit(record, file("log"), "next");
    assert.deepEqual(linesOf(file("log")), ["next"]);
  }),
  law("abort in the tick of the submit: the call never starts", async ({ make, file }) => {
    const executor = make();
    const controller = new AbortController();
    const future = executor.with({ signal: controller.signal }).submit(record, file("log"), "ran");
    assert.equal(future.state, "pending");
    controller.abort("changed my mind");
    assert.equal((await errorOf(CancelledError, future)).cause, "changed my mind");
    await executor.submit(record, file("log"), "next");
    assert.deepEqual(linesOf(file("log")), ["next"]);
  }),
  law(
    "cancel() in the tick of the submit: true, never starts, and shutdown() returns (B16)",
    async ({ make, file }) => {
      const executor = make();
      await executor.submit(add, 1, 1);
      const future = executor.submit(record, file("log"), "ran");
      assert.equal(future.cancel("no need"), true);
      assert.equal(future.cancel(), true, "already cancelled");
      await within(executor.shutdown(), "shutdown()");
      assert.equal((await errorOf(CancelledError, future)).cause, "no need");
      assert.deepEqual(linesOf(file("log")), []);
    },
  ),
  law("cancel() before any worker is up, then shutdown() returns (B16)", async ({ make, file }) => {
    const executor = make();
    const future = executor.submit(record, file("log"), "ran");
    assert.equal(future.cancel(), true);
    await within(executor.shutdown(), "shutdown()");
    await errorOf(CancelledError, future);
    assert.deepEqual(linesOf(file("log")), []);
  }),
  law("abort while queued: settles at once, never starts, the queue goes on", async (bench) => {
    const { executor, gate, holder } = await heldExecutor(bench);
    const log = bench.file("log");
    const controller = new AbortController();
    const before = executor.submit(record, log, "before");
    const future = executor.with({ signal: controller.signal }).submit(record, log, "aborted");
    const after = executor.submit(record, log, "after");
    controller.abort(new Error("not wanted"));
    const error = await errorOf(CancelledError, future, "the aborted call, with the worker still held");
    assert.equal(error.cause instanceof Error && error.cause.message, "not wanted");
    assert.equal(holder.state, "running");
    gate.open();
    await within(Promise.all([holder, before, after]), "the other calls");
    assert.deepEqual(linesOf(log), ["before", "after"]);
  }),
  law("queued calls are pending and cancellable, however many are handed ahead (FLAWS 8)", async (bench) => {
    const { executor, gate, holder } = await heldExecutor(bench);
    const futures = Array.from({ length: 40 }, (_, n) => executor.submit(record, bench.file("log"), String(n)));
    // A round trip through another executor's worth of turns: whatever is sent ahead has been sent.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(holder.running(), true);
    for (const future of futures) assert.deepEqual([future.state, future.running()], ["pending", false]);
    const kept = futures.filter((_, n) => n % 4 === 0);
    for (const future of futures.filter((_, n) => n % 4 !== 0)) assert.equal(future.cancel(), true);
    assert.equal(executor.stats().queued, kept.length);
    gate.open();
    await within(Promise.all(kept), "the calls that were kept");
    await Promise.all(
      futures.filter((future) => !kept.includes(future)).map((future) => errorOf(CancelledError, future)),
    );
    assert.deepEqual(
      linesOf(bench.file("log")),
      kept.map((_, n) => String(n * 4)),
    );
    assert.equal(executor.stats().cancelled, 30);
  }),
  law("abort() of a pending future: true, like cancel()", async (bench) => {
    const { executor, gate, holder } = await heldExecutor(bench);
    const future = executor.submit(record, bench.file("log"), "ran");
    assert.equal(future.abort("gone"), true);
    assert.equal((await errorOf(CancelledError, future)).cause, "gone");
    gate.open();
    await within(holder, "the holder");
    await executor.submit(record, bench.file("log"), "next");
    assert.deepEqual(linesOf(bench.file("log")), ["next"]);
  }),
];

const RUNNING: readonly Law[] = [
  law("cancel() of a running call: false, and it runs on", async (bench) => {
    const { gate, holder } = await heldExecutor(bench);
    assert.equal(holder.cancel(), false);
    assert.equal(holder.state, "running");
    gate.open();
    assert.equal(await within(holder, "the call"), "holder");
  }),
  law("cancel() and abort() of a finished call: false, and the result stays", async ({ make }) => {
    const future = make().submit(add, 1, 2);
    assert.equal(await future, 3);
    assert.deepEqual([future.cancel(), future.abort(), future.state], [false, false, "succeeded"]);
    assert.equal(await future.result({ timeout: 0 }), 3);
  }),
  law(
    "abort while it waits for its signal: it cleans up, then the future settles, and the worker lives",
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      const home = await executor.submit(whereAmI);
      const controller = new AbortController();
      const future = executor
        .with({ signal: controller.signal, grace: 60_000 })
        .submit(stopping.waitForSignal, file("started"), file("log"));
      await made(file("started"));
      await until(() => future.state === "running", "the start should have been heard of");
      controller.abort("stop");
      assert.equal((await errorOf(CancelledError, future)).cause, "stop");
      assert.deepEqual(linesOf(file("log")), ["cleaned up"]);
      assert.equal(await executor.submit(whereAmI), home, "the worker should have lived");
      assert.equal(executor.stats().lost, 0);
    },
  ),
  law("future.abort() reaches the task's signal like the caller's own", async ({ make, file }) => {
    const future = make().with({ grace: 60_000 }).submit(stopping.waitForSignal, file("started"), file("log"));
    await made(file("started"));
    assert.equal(future.abort("stop"), true);
    assert.equal((await errorOf(CancelledError, future)).cause, "stop");
    assert.deepEqual(linesOf(file("log")), ["cleaned up"]);
    assert.equal(future.cancelled(), true);
  }),
  law(
    "abort while a busy loop reads context().cancelled: it sees it, and the worker lives",
    ["workers"],
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      const home = await executor.submit(whereAmI);
      const future = executor.with({ grace: 60_000 }).submit(stopping.loopUntilCancelled, file("started"), file("log"));
      await made(file("started"));
      assert.equal(future.abort("stop"), true);
      assert.equal((await errorOf(CancelledError, future)).cause, "stop");
      assert.deepEqual(linesOf(file("log")), ["saw it"]);
      assert.equal(await executor.submit(whereAmI), home, "the worker should have lived");
    },
  ),
  law("a time-out, too, is seen by a busy loop that reads context().cancelled", ["workers"], async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const home = await executor.submit(whereAmI);
    const future = executor
      .with({ timeout: 20, grace: 60_000 })
      .submit(stopping.loopUntilCancelled, file("started"), file("log"));
    await errorOf(TimeoutError, future);
    assert.deepEqual(linesOf(file("log")), ["saw it"]);
    assert.equal(await executor.submit(whereAmI), home, "the worker should have lived");
  }),
  law(
    "abort of a busy loop that never took its context: stopped at once, whatever the grace",
    ["workers"],
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      const home = await executor.submit(whereAmI);
      const future = executor.with({ grace: 60_000 }).submit(spinForEver, file("started"));
      await made(file("started"));
      future.abort("stop");
      assert.equal((await errorOf(CancelledError, future)).cause, "stop");
      assert.notEqual(await within(executor.submit(whereAmI), "the next call"), home, "the worker should be another");
    },
  ),
  law(
    "abort of a busy loop that took its context and never looks: stopped after the grace",
    ["workers"],
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      const home = await executor.submit(whereAmI);
      const future = executor.with({ grace: 20 }).submit(stopping.loopHoldingContext, file("started"));
      await made(file("started"));
      future.abort("stop");
      assert.equal((await errorOf(CancelledError, future)).cause, "stop");
      assert.notEqual(await within(executor.submit(whereAmI), "the next call"), home, "the worker should be another");
    },
  ),
  law(
    "abort of a wait that never took its context: stopped at once, whatever the grace",
    ["workers"],
    async ({ make, file }) => {
      const future = make().with({ grace: 60_000 }).submit(stopping.waitForEver, file("started"));
      await made(file("started"));
      future.abort("stop");
      assert.equal((await errorOf(CancelledError, future)).cause, "stop");
    },
  ),
  law("abort of a wait that ignores its signal: settles after the grace", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const future = executor.with({ grace: 20 }).submit(stopping.ignoreSignal, file("started"));
    await made(file("started"));
    future.abort("stop");
    assert.equal((await errorOf(CancelledError, future)).cause, "stop");
    assert.equal(await within(executor.submit(add, 1, 2), "the next call"), 3);
  }),
  law("a task that fails while it cleans up: the call is still cancelled, not failed", async ({ make, file }) => {
    const executor = make();
    const future = executor.submit(stopping.failWhileCleaningUp, file("started"));
    await made(file("started"));
    future.abort("stop");
    assert.equal((await errorOf(CancelledError, future)).cause, "stop");
    assert.equal(executor.stats().cancelled, 1);
  }),
  law("one signal cancels the running and the queued calls that carry it, and no other", async (bench) => {
    const executor = bench.make({ maxWorkers: 1 });
    const controller = new AbortController();
    const cancellable = executor.with({ signal: controller.signal, grace: 60_000 });
    const running = cancellable.submit(stopping.waitForSignal, bench.file("started"), bench.file("log"));
    const queued = [1, 2, 3].map((n) => cancellable.submit(square, n));
    const other = executor.submit(square, 4);
    await made(bench.file("started"));
    controller.abort("all of them");
    for (const future of [running, ...queued])
      assert.equal((await errorOf(CancelledError, future)).cause, "all of them");
    assert.equal(await within(other, "the other call"), 16);
  }),
  law("a signal aborted after the call has ended changes nothing", async ({ make }) => {
    const controller = new AbortController();
    const executor = make();
    const future = executor.with({ signal: controller.signal }).submit(add, 1, 2);
    assert.equal(await future, 3);
    controller.abort();
    assert.equal(future.state, "succeeded");
    assert.equal(await executor.submit(add, 2, 2), 4);
  }),
];

const NEIGHBOURS: readonly Law[] = [
  law("a call that will not stop does not hold up its neighbours during its grace", async ({ make, file }) => {
    const executor = make({ maxWorkers: 2 });
    const stubborn = executor.with({ grace: 60_000 }).submit(stopping.ignoreSignal, file("started"));
    await made(file("started"));
    stubborn.abort("stop");
    const neighbours = Array.from({ length: 50 }, (_, n) => executor.submit(square, n));
    await within(Promise.all(neighbours), "the neighbours");
    assert.equal(stubborn.done(), false, "it should still be in its grace");
    await within(executor.terminate(), "terminate()");
    await errorOf(CancelledError, stubborn);
  }),
  law("calls behind a long one are taken to the worker that is free", ["workers"], async ({ make, file, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const both = await gate();
    const warm = [1, 2].map((n) => executor.submit(passGate, both.path, String(n)));
    await both.arrived(2);
    both.open();
    await Promise.all(warm);
    const long = executor.submit(blockUntil, file("started"), file("release"));
    const short = Array.from({ length: 200 }, (_, n) => executor.submit(square, n));
    await within(Promise.all(short), "the short calls, with the long one still at work");
    assert.equal(long.done(), false);
    writeFileSync(file("release"), "");
    await within(long, "the long call");
  }),
  law(
    "calls behind a busy loop in the only worker can still be cancelled, and run after it",
    ["workers"],
    async ({ make, file }) => {
      const executor = make({ maxWorkers: 1 });
      await executor.submit(add, 1, 1);
      const long = executor.submit(blockUntil, file("started"), file("release"));
      const queued = Array.from({ length: 20 }, (_, n) => executor.submit(record, file("log"), String(n)));
      await made(file("started"));
      const dropped = queued.filter((_, n) => n % 2 === 1);
      for (const future of dropped) assert.equal(future.cancel(), true);
      await Promise.all(dropped.map((future) => errorOf(CancelledError, future)));
      writeFileSync(file("release"), "");
      await within(Promise.all([long, ...queued.filter((_, n) => n % 2 === 0)]), "the rest");
      assert.deepEqual(linesOf(file("log")), ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"]);
    },
  ),
  law(
    "half of a thousand calls cancelled at random places: every future settles, and the numbers agree",
    async ({ make }) => {
      const executor = make();
      const futures = Array.from({ length: 1_000 }, (_, n) => executor.submit(square, n));
      const answers = futures.map((future, n) => (n * 7919) % 2 === 0 && future.cancel());
      const outcomes = await Promise.all(futures.map((future) => outcomeOf(future)));
      for (const [n, outcome] of outcomes.entries()) {
        if (answers[n]) assert.ok(outcome.status === "rejected" && outcome.reason instanceof CancelledError);
        else assert.deepEqual(outcome, { status: "fulfilled", value: n * n });
      }
      const cancelled = answers.filter(Boolean).length;
      await until(() => executor.stats().running === 0, "nothing should be running");
      const stats = executor.stats();
      assert.deepEqual([stats.completed, stats.cancelled, stats.queued], [1_000 - cancelled, cancelled, 0]);
    },
  ),
  law("abort during the pause before a retry settles the call, which does not run again", async ({ make, file }) => {
    const executor = make();
    const future = executor.with({ retries: { limit: 3, delay: 600_000 } }).submit(succeedAt, 9, file("log"));
    await until(
      () => linesOf(file("log")).length === 1 && executor.stats().running === 0,
      "the first run should have ended",
    );
    assert.equal(future.abort("stop"), true);
    assert.equal((await errorOf(CancelledError, future)).cause, "stop");
    await within(executor.shutdown(), "shutdown()");
    assert.equal(linesOf(file("log")).length, 1);
  }),
];

export const CANCELLING: readonly Law[] = [...BEFORE_START, ...RUNNING, ...NEIGHBOURS];
