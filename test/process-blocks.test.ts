/** Short calls of a worker process are claimed a block at a time: what holds for one call holds for each of a block.
 *
 *  Every call notes its runs in a file, so "ran once" is what happened, not what the pool believes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Future, ProcessPoolExecutor, WorkerExitedError } from "manyhands";
import { describe, expect, test } from "vitest";
import { short, shortOrKilled, shortOrStuck, shortOrWaiting, textOrKilled } from "#tasks/short.js";
import { within } from "./conformance/support.js";
import { folder, keep } from "./keeping.js";

/** Enough calls for many blocks. */
const CALLS = 2000;
const VICTIM = 1111;
const NOBODY = -1;

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** How often each number was noted. */
function runs(file: string): Map<number, number> {
  const counts = new Map<number, number>();
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
  }
  return counts;
}

/** Each of these once, and nothing else. */
function once(of: readonly number[]): Map<number, number> {
  return new Map(of.map((n) => [n, 1]));
}

function sorted(counts: Map<number, number>): Map<number, number> {
  return new Map([...counts].sort(([a], [b]) => a - b));
}

function settle<T>(futures: readonly Future<T>[]): Promise<PromiseSettledResult<T>[]> {
  return within(Promise.allSettled(futures), "all calls");
}

/** Runs the calls of a function that has proved short before. */
async function warm(run: (n: number) => Future<unknown>): Promise<void> {
  for (let round = 0; round < 3; round += 1) await Promise.all(numbers(0, 300).map(run));
}

describe("the worker ends in the middle of a block", () => {
  test.each(["SIGKILL", "exit"] as const)(
    "%s: what was finished is known, one is lost, the rest run once",
    async (how) => {
      const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
      const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
      await warm((n) => pool.submit(shortOrKilled, noise, n, NOBODY, how));
      const all = numbers(0, CALLS);
      const settled = await settle(all.map((n) => pool.submit(shortOrKilled, file, n, VICTIM, how)));
      expect(sorted(runs(file))).toEqual(once(all));
      for (const [n, outcome] of settled.entries()) {
        if (n === VICTIM) expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(WorkerExitedError) });
        else expect(outcome).toEqual({ status: "fulfilled", value: n });
      }
    },
  );

  test("outcomes that travel as messages are no exception", async () => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
    const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
    await warm((n) => pool.submit(textOrKilled, noise, n, NOBODY));
    const all = numbers(0, CALLS);
    const settled = await settle(all.map((n) => pool.submit(textOrKilled, file, n, VICTIM)));
    expect(sorted(runs(file))).toEqual(once(all));
    for (const [n, outcome] of settled.entries()) {
      if (n === VICTIM) expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(WorkerExitedError) });
      else expect(outcome).toEqual({ status: "fulfilled", value: String(n) });
    }
  });
});

describe("a call that was short is long this time", () => {
  test.each([
    ["and blocks its worker", shortOrStuck],
    ["and waits", shortOrWaiting],
  ] as const)("%s: its neighbours run elsewhere", async (_how, task) => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
    const [noise, file, open] = [join(folder(), "noise"), join(folder(), "runs"), join(folder(), "open")];
    await warm((n) => pool.submit(task, noise, n, NOBODY, open));
    const all = numbers(0, CALLS);
    const calls = all.map((n) => pool.submit(task, file, n, VICTIM, open));
    // The file that ends the long call comes only once all others have ended.
    await within(Promise.all(calls.filter((_, n) => n !== VICTIM)), "its neighbours");
    expect(calls[VICTIM]?.state).toBe("running");
    writeFileSync(open, "");
    await expect(within(Promise.all(calls), "the long call")).resolves.toEqual(all);
    expect(sorted(runs(file))).toEqual(once(all));
  });
});

test("what is cancelled never runs, what cannot be cancelled runs once", async () => {
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
  const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
  await warm((n) => pool.submit(short, noise, n));
  const kept: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const these = numbers(round * 500, (round + 1) * 500);
    const calls = these.map((n) => pool.submit(short, file, n));
    // From the middle of the work, when blocks are claimed and calls behind them are not.
    await calls[10];
    const cancelled = calls.map((call) => call.cancel());
    const settled = await settle(calls);
    for (const [index, n] of these.entries()) {
      expect(settled[index]?.status, `call ${n}`).toBe(cancelled[index] === true ? "rejected" : "fulfilled");
      if (cancelled[index] !== true) kept.push(n);
    }
  }
  expect(sorted(runs(file))).toEqual(once(kept));
});

test("what can be aborted among short calls is settled, the others run once", async () => {
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
  const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
  await warm((n) => pool.submit(short, noise, n));
  const all = numbers(0, CALLS);
  const calls = all.map((n) => pool.submit(short, file, n));
  await calls[10];
  for (const call of calls.filter((_, n) => n % 3 === 0)) call.abort();
  const settled = await settle(calls);
  const counts = runs(file);
  for (const [n, outcome] of settled.entries()) {
    expect(counts.get(n) ?? 0, `runs of ${n}`).toBeLessThanOrEqual(1);
    if (n % 3 !== 0) expect(outcome).toEqual({ status: "fulfilled", value: n });
  }
});
