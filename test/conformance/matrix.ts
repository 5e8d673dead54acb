/** The matrix that no peer passes: whatever a task does, its call settles, nobody else is harmed, and the executor goes on.
 *
 *  For each case: (1) the call settles, with the right error; (2) a neighbour and the queue are unharmed; (3) the next call works;
 *  (4) `shutdown()` returns; (5) a program that did the same ends by itself; (6) there are as many workers as before. */
import assert from "node:assert/strict";
import type { Executor } from "manyhands";
import { add } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import type { Case } from "./cases.js";
import { CASES } from "./cases.js";
import { type Bench, type Law, law } from "./conformance.js";
import { outcomeOf, outputOf, program, until, within } from "./support.js";

/** Two calls that are on two workers at once; gives how many workers there are then. */
async function occupyBoth(executor: Executor, bench: Bench): Promise<number> {
  const gate = await bench.gate();
  const calls = ["left", "right"].map((label) => executor.submit(passGate, gate.path, label));
  await gate.arrived(2);
  const { workers } = executor.stats();
  gate.open();
  await within(Promise.all(calls), "two calls side by side");
  return workers;
}

async function survive({ name, options, lost, submit, judge }: Case, bench: Bench): Promise<void> {
  const { kind } = bench.traits;
  const ended = outputOf(program("case", kind, name, bench.file("program")));
  const executor = bench.make(options);
  const workers = await occupyBoth(executor, bench);
  const gate = await bench.gate();
  const neighbour = executor.submit(passGate, gate.path, "neighbour");
  await gate.arrived(1);

  const victim = submit({ executor, kind, file: bench.file("victim") });
  const queued = [1, 2, 3].map((n) => executor.submit(add, n, 10));
  judge(await outcomeOf(victim, "the call"), kind);
  assert.deepEqual(await within(Promise.all(queued), "the calls that were queued"), [11, 12, 13]);
  assert.equal(neighbour.state, "running", "the neighbour should not have been touched");
  gate.open();
  assert.equal(await within(neighbour, "the neighbour"), "neighbour");
  assert.equal(await within(executor.submit(add, 1, 2), "the next call"), 3);

  assert.equal(await occupyBoth(executor, bench), workers, "workers, compared with before");
  if (lost !== undefined) assert.equal(executor.stats().lost, lost, "workers lost");
  await until(() => executor.stats().running === 0, "no call should be left running");
  await within(executor.shutdown(), "shutdown()");
  const { workers: left, booting, queued: waiting } = executor.stats();
  if (bench.traits.workers)
    assert.deepEqual([left, booting, waiting], [0, 0, 0], "workers, booting, queued at the end");
  assert.match(await ended, /^done$/m, "the program of the case");
}

export const MATRIX: readonly Law[] = CASES.map((entry) =>
  law(entry.name, entry.needs, (bench) => survive(entry, bench)),
);
