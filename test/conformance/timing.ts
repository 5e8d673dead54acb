/** Laws of time: running time is not waiting time, and each has its own limit and its own error. */
import assert from "node:assert/strict";
import { CancelledError, QueueTimeoutError, TimeoutError } from "manyhands";
import { add, record, whereAmI } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import * as stopping from "#tasks/stopping.js";
import { describeContext, succeedAt } from "#tasks/telling.js";
import { type Law, law } from "./conformance.js";
import { errorOf, failureOf, linesOf, made, outcomeOf, within } from "./support.js";

export const TIMING: readonly Law[] = [
  law("timeout: a call that runs too long fails with TimeoutError, the next one works", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const future = executor.with({ timeout: 20, grace: 20 }).submit(stopping.waitForEver, file("started"));
    const error = await errorOf(TimeoutError, future);
    assert.match(error.message, /20/);
    assert.equal(future.state, "failed");
    assert.equal(await within(executor.submit(add, 1, 2), "the next call"), 3);
  }),
  law("timeout: the task's signal tells it, it cleans up, and its worker lives", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const home = await executor.submit(whereAmI);
    const future = executor
      .with({ timeout: 20, grace: 60_000 })
      .submit(stopping.waitForSignal, file("started"), file("log"));
    await errorOf(TimeoutError, future);
    assert.deepEqual(linesOf(file("log")), ["cleaned up"]);
    assert.equal(await executor.submit(whereAmI), home);
  }),
  law("timeout: time in the queue does not count", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    const holder = executor.submit(passGate, door.path, "holder");
    await door.arrived(1);
    const patient = executor.with({ timeout: 1_000 }).submit(add, 1, 2);
    // Its failure is the proof that more than the patient call's running time has gone by in the queue.
    await errorOf(QueueTimeoutError, executor.with({ queueTimeout: 1_100 }).submit(add, 0, 0));
    door.open();
    assert.equal(await within(patient, "the call that waited longer than it may run"), 3);
    await holder;
  }),
  law(
    "queueTimeout: a call that waits too long fails with QueueTimeoutError and never starts",
    async ({ make, gate, file }) => {
      const executor = make({ maxWorkers: 1 });
      const door = await gate();
      const holder = executor.submit(passGate, door.path, "holder");
      await door.arrived(1);
      const future = executor.with({ queueTimeout: 10 }).submit(record, file("log"), "ran");
      const error = await errorOf(QueueTimeoutError, future, "the call, with the worker still held");
      assert.match(error.message, /10/);
      assert.equal(executor.stats().queued, 0);
      door.open();
      await within(holder, "the holder");
      await executor.submit(record, file("log"), "next");
      assert.deepEqual(linesOf(file("log")), ["next"]);
    },
  ),
  law("queueTimeout: running time does not count", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const [warm, door] = [await gate(), await gate()];
    const ready = [1, 2].map((n) => executor.submit(passGate, warm.path, String(n)));
    await warm.arrived(2);
    warm.open();
    await Promise.all(ready);
    const started = executor.with({ queueTimeout: 500 }).submit(passGate, door.path, "started");
    await door.arrived(1);
    // Its failure is the proof that more than the waiting time has gone by since.
    await errorOf(TimeoutError, executor.with({ timeout: 600, grace: 0 }).submit(passGate, door.path, "clock"));
    assert.equal(started.state, "running");
    door.open();
    assert.equal(await within(started, "the call"), "started");
  }),
  law("timeout: one call's does not touch another's", async ({ make, gate, file }) => {
    const executor = make({ maxWorkers: 2 });
    const door = await gate();
    const neighbour = executor.submit(passGate, door.path, "neighbour");
    await door.arrived(1);
    const late = executor.with({ timeout: 20, grace: 20 }).submit(stopping.ignoreSignal, file("started"));
    await errorOf(TimeoutError, late);
    assert.equal(neighbour.state, "running");
    door.open();
    assert.equal(await within(neighbour, "the neighbour"), "neighbour");
  }),
  law("timeout: a call that ends in time is not disturbed", async ({ make }) => {
    const executor = make().with({ timeout: 60_000, queueTimeout: 60_000 });
    assert.equal(await executor.submit(add, 1, 2), 3);
    await within(executor.shutdown(), "shutdown(), with no timer left");
  }),
  law("timeout: whichever comes first, abort or time-out, decides the error", async ({ make, file }) => {
    const future = make()
      .with({ timeout: 600_000, grace: 60_000 })
      .submit(stopping.waitForSignal, file("started"), file("log"));
    await made(file("started"));
    future.abort("first");
    assert.equal((await errorOf(CancelledError, future)).cause, "first");
  }),
  law("timeout: retries give each attempt the whole time", async ({ make, file }) => {
    const executor = make().with({ timeout: 30, grace: 20, retries: 2 });
    const outcome = await outcomeOf(executor.submit(stopping.ignoreSignal, file("started")));
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof TimeoutError);
    assert.equal(executor.stats().retried, 2);
  }),
  law("deadline: set with a timeout, unset without", async ({ make }) => {
    const executor = make();
    assert.equal((await executor.submit(describeContext)).deadline, undefined);
    const { deadline, now } = await executor.with({ timeout: 60_000 }).submit(describeContext);
    assert.ok(deadline !== undefined && deadline > now && deadline <= now + 60_001, `deadline ${deadline}, now ${now}`);
  }),
  law("retries: a count; the attempt is visible in the context", async ({ make, file }) => {
    const executor = make();
    assert.equal(await within(executor.with({ retries: 2 }).submit(succeedAt, 3, file("log")), "the call"), 3);
    const attempts = linesOf(file("log")).map((line) => line.split(" ")[0]);
    assert.deepEqual(attempts, ["1", "2", "3"]);
    const { retried, completed, failed } = executor.stats();
    assert.deepEqual([retried, completed, failed], [2, 1, 0]);
  }),
  law("retries: when they are used up, the last error is the call's", async ({ make, file }) => {
    const reason = await failureOf(make().with({ retries: 2 }).submit(succeedAt, 9, file("log")));
    assert.ok(reason instanceof Error);
    assert.equal(reason.message, "run 3 failed");
    assert.equal(linesOf(file("log")).length, 3);
  }),
  law("retries: none unless asked for", async ({ make, file }) => {
    await failureOf(make().submit(succeedAt, 9, file("log")));
    assert.equal(linesOf(file("log")).length, 1);
  }),
  law("retries: `when` sees the error as the caller would, and decides", async ({ make, file }) => {
    const seen: unknown[] = [];
    const when = (error: unknown): boolean => {
      seen.push(error instanceof Error && error.message);
      return seen.length < 2;
    };
    const reason = await failureOf(
      make()
        .with({ retries: { limit: 9, when } })
        .submit(succeedAt, 9, file("log")),
    );
    assert.equal(reason instanceof Error && reason.message, "run 2 failed");
    assert.deepEqual(seen, ["run 1 failed", "run 2 failed"]);
    assert.equal(linesOf(file("log")).length, 2);
  }),
  law("retries: a `when` that throws fails that call alone", async ({ make, file }) => {
    const executor = make();
    const when = (): boolean => {
      throw new RangeError("cannot decide");
    };
    const outcome = await outcomeOf(executor.with({ retries: { limit: 9, when } }).submit(succeedAt, 9, file("log")));
    assert.equal(outcome.status, "rejected");
    assert.equal(linesOf(file("log")).length, 1);
    assert.equal(await within(executor.submit(add, 1, 2), "the next call"), 3);
  }),
  law("retries: the pause lasts at least as long as it should, and grows", async ({ make, file }) => {
    const executor = make().with({ retries: { limit: 2, delay: 30, factor: 2 } });
    assert.equal(await within(executor.submit(succeedAt, 3, file("log")), "the call"), 3);
    const [first = 0, second = 0, third = 0] = linesOf(file("log")).map((line) => Number(line.split(" ")[1]));
    // Timers may fire up to a millisecond early, and each stamp is rounded down.
    assert.ok(second - first >= 28, `the first pause lasted ${second - first} ms`);
    assert.ok(third - second >= 58, `the second pause lasted ${third - second} ms`);
  }),
  law("retries: a pause does not hold up the queue", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const paused = executor.with({ retries: { limit: 1, delay: 600_000 } }).submit(succeedAt, 9, file("log"));
    assert.equal(await within(executor.submit(add, 1, 2), "the call behind it"), 3);
    paused.abort();
    await errorOf(CancelledError, paused);
  }),
  law("retries: a cancelled call is not run again", async ({ make, file }) => {
    const executor = make().with({ retries: 5, grace: 60_000 });
    const future = executor.submit(stopping.waitForSignal, file("started"), file("log"));
    await made(file("started"));
    future.abort("stop");
    await errorOf(CancelledError, future);
    await executor.submit(add, 1, 2);
    assert.deepEqual(linesOf(file("log")), ["cleaned up"]);
    assert.equal(executor.stats().retried, 0);
  }),
];
