/** Items of a map travel together where they may: what holds for a call of its own holds for each of them.
 *
 *  The functions are short and proved so beforehand, for items of an unknown function travel alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Executor, type MapOutcome, ProcessPoolExecutor, ThreadPoolExecutor, WorkerExitedError } from "manyhands";
import { describe, expect, test } from "vitest";
import { short, shortOrKilled, shortOrStuck } from "#tasks/short.js";
import { mixed, noted, secondTime } from "#tasks/together.js";
import { outcomeOf, within } from "./conformance/support.js";
import { folder, keep } from "./keeping.js";

const POOLS = [
  ["threads", ThreadPoolExecutor],
  ["processes", ProcessPoolExecutor],
] as const;
const ITEMS = 3000;
const NOBODY = -1;

const numbers = Array.from({ length: ITEMS }, (_, n) => n);

/** How often each number was noted, in order. */
function runs(file: string): readonly number[] {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map(Number).sort((a, b) => a - b);
}

async function settledOf(results: ReturnType<Executor["map"]>): Promise<MapOutcome<unknown>[]> {
  const all: MapOutcome<unknown>[] = [];
  for await (const outcome of results.settled()) all.push(outcome);
  return all;
}

/** Makes the function's shortness known. */
async function prove(run: () => PromiseLike<unknown>): Promise<void> {
  for (let round = 0; round < 200; round += 1) await run();
}

describe.each(POOLS)("%s", (_kind, Pool) => {
  test("each item has its own outcome at its own place, whatever its neighbours come to", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    await prove(() => pool.submit(mixed, 2));
    const all = await within(settledOf(pool.map(mixed, numbers)), "the map");
    expect(all.map(({ index }) => index)).toEqual(numbers);
    for (const { index, ...outcome } of all) {
      let expected: unknown;
      try {
        expected = { status: "fulfilled", value: await mixed(index) };
      } catch (reason) {
        expected = { status: "rejected", reason };
      }
      expect(outcome).toMatchObject(expected as object);
      expect(outcome.start).toBeGreaterThan(0);
      expect(outcome.worker).not.toBe("");
    }
    const { completed, failed, queued, running } = pool.stats();
    expect({ completed: completed + failed, queued, running }).toEqual({
      completed: ITEMS + 200,
      queued: 0,
      running: 0,
    });
  });

  test("an item that fails is tried again, alone", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    await prove(() => pool.submit(secondTime, 2));
    const results = pool.map(secondTime, numbers.slice(0, 500), { retries: 1 });
    expect(await within(results, "the map")).toEqual(numbers.slice(0, 500).map((n) => 1 + (n % 2)));
    expect(pool.stats().retried).toBe(250);
  });

  test("a worker that ends under one item costs that item; the others run, once each", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
    await prove(() => pool.submit(shortOrKilled, noise, 1, NOBODY, "exit"));
    const items = numbers.map((n): Parameters<typeof shortOrKilled> => [file, n, 1234, "exit"]);
    const all = await within(settledOf(pool.starmap(shortOrKilled, items)), "the map");
    expect(runs(file)).toEqual(numbers);
    const lost = all.filter(({ status }) => status === "rejected");
    expect(lost).toMatchObject([{ index: 1234, reason: expect.any(WorkerExitedError) }]);
    expect(all.filter(({ status }) => status === "fulfilled").map(({ index }) => index)).toEqual(
      numbers.filter((n) => n !== 1234),
    );
  });

  test("an item that is long for once holds up nobody who could run elsewhere", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
    const open = join(folder(), "open");
    await prove(() => pool.submit(shortOrStuck, noise, 1, NOBODY, open));
    const items = numbers.map((n): Parameters<typeof shortOrStuck> => [file, n, 777, open]);
    const results = pool.starmap(shortOrStuck, items, { ordered: false, bufferSize: ITEMS });
    const seen: number[] = [];
    await within(
      (async () => {
        for await (const n of results) {
          seen.push(n);
          // All but the one that is stuck.
          if (seen.length === ITEMS - 1) writeFileSync(open, "");
        }
      })(),
      "the map",
    );
    expect(seen.at(-1)).toBe(777);
    expect(runs(file)).toEqual(numbers);
  });

  test("leaving early cancels what has not started, and loses count of nothing", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    const [noise, file] = [join(folder(), "noise"), join(folder(), "runs")];
    await prove(() => pool.submit(noted, noise, 1));
    const before = pool.stats().completed;
    let pulled = 0;
    const endless = function* (): Generator<[string, number]> {
      for (;;) yield [file, pulled++];
    };
    for await (const n of pool.starmap(noted, endless())) if (n === 50) break;
    await within(pool.shutdown(), "shutdown()");
    const { completed, cancelled, failed, queued, running } = pool.stats();
    // Two workers run them, so that those that ran need not be the first ones.
    const ran = runs(file);
    expect([ran.length, new Set(ran).size]).toEqual([completed - before, completed - before]);
    expect({ failed, queued, running }).toEqual({ failed: 0, queued: 0, running: 0 });
    expect(completed - before + cancelled).toBe(pulled);
  });

  test("a map that is being collected ends with the executor", async () => {
    const pool = keep(new Pool({ maxWorkers: 2 }));
    const file = join(folder(), "runs");
    await prove(() => pool.submit(short, file, 1));
    const endless = function* (): Generator<[string, number]> {
      for (let n = 0; ; n += 1) yield [file, n];
    };
    const outcome = outcomeOf(pool.starmap(short, endless()));
    await pool.submit(short, file, 2);
    await within(pool.terminate(), "terminate()");
    expect((await within(outcome, "the map")).status).toBe("rejected");
    const { queued, running } = pool.stats();
    expect({ queued, running }).toEqual({ queued: 0, running: 0 });
  });
});
