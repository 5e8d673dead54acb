/** What a dashboard shows. */
import { aggregate } from "manyhands/observe";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { failAtOdd } from "#tasks/observing.js";
import { CANDIDATES } from "./conformance/executors.js";
import { outcomeOf, within } from "./conformance/support.js";
import { keep, later, newGate } from "./keeping.js";
import { allSortsOf, hear, ofType } from "./observing.js";

function aggregated(options?: Parameters<typeof aggregate>[0]): ReturnType<typeof aggregate> {
  const made = aggregate(options);
  later(() => made[Symbol.dispose]());
  return made;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe.each(Object.entries(CANDIDATES))("%s", (_kind, { make }) => {
  test("counts by function add up to stats()", async () => {
    const overview = aggregated();
    const pool = keep(make({ maxWorkers: 2 }));
    await allSortsOf(pool, await newGate());
    const { functions } = overview.snapshot();
    const { completed, failed, cancelled, retried } = pool.stats();
    expect({
      completed: sum(functions.map(({ succeeded }) => succeeded)),
      failed: sum(functions.map((each) => each.failed)),
      cancelled: sum(functions.map((each) => each.cancelled)),
      retried: sum(functions.map((each) => each.retried)),
      submitted: sum(functions.map(({ submitted }) => submitted)),
    }).toEqual({ completed, failed, cancelled, retried, submitted: completed + failed + cancelled });
  });

  test("quantiles lie within 5 % of the truth, and the slowest calls are the slowest", async () => {
    const overview = aggregated({ window: 600_000, keep: 5 });
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await within(
      pool.map(
        square,
        Array.from({ length: 500 }, (_, n) => n),
      ),
      "the map",
    );
    const { functions, slow } = overview.snapshot();
    const durations = ofType(heard.tasks, "ended").map(({ run }) => run?.duration ?? 0);
    const sorted = durations.toSorted((a, b) => a - b);
    const [of] = functions;
    for (const [share, told] of [
      [0.5, of?.run.p50],
      [0.95, of?.run.p95],
      [0.99, of?.run.p99],
    ] as const) {
      // What is shorter than 1 µs is told as that.
      const truth = Math.max(0.001, sorted[Math.ceil(500 * share) - 1] ?? 0);
      expect(told).toBeGreaterThan(truth * 0.95);
      expect(told).toBeLessThan(Math.max(truth * 1.05, 0.0011));
    }
    expect(of?.run).toMatchObject({ count: 500, max: sorted.at(-1) });
    expect(of?.wait.count).toBe(500);
    expect(slow.map(({ duration }) => duration)).toEqual(sorted.toReversed().slice(0, 5));
  });

  test("failures that differ in numbers only are one group", async () => {
    const overview = aggregated();
    const pool = keep(make({ maxWorkers: 2 }));
    for (let n = 1; n < 20; n += 2) await outcomeOf(pool.submit(failAtOdd, n));
    await outcomeOf(pool.with({ retries: 1 }).submit(failAtOdd, 21));
    const { failures } = overview.snapshot();
    expect(failures).toMatchObject([
      { task: "failAtOdd", name: "RangeError", message: "odd: 21", count: 12, retried: 1 },
    ]);
  });

  test("what waits and what workers do is told as it is now, and can be cloned", async () => {
    const overview = aggregated();
    const gate = await newGate();
    const pool = keep(make({ maxWorkers: 1 }));
    const futures = [1, 2, 3].map((n) => pool.submit(passGate, gate.path, `${n}`));
    await gate.arrived(1);
    const amid = structuredClone(overview.snapshot());
    expect(amid.executors).toMatchObject([
      { waiting: 2, atWorkers: 1, workers: [{ state: "busy", held: 1, runs: 0 }] },
    ]);
    gate.open();
    await within(Promise.all(futures), "the calls");
    const after = overview.snapshot();
    expect(after.executors).toMatchObject([
      { waiting: 0, atWorkers: 0, workers: [{ state: "idle", held: 0, runs: 3 }] },
    ]);
    expect(JSON.parse(JSON.stringify(after))).toMatchObject({ functions: [{ task: "passGate", succeeded: 3 }] });
  });
});

test("lists are bounded", async () => {
  const overview = aggregated({ keep: 2 });
  const pool = keep(CANDIDATES["event-loop"].make({ maxWorkers: 4 }));
  for (const word of ["one", "two", "three", "four"]) {
    await outcomeOf(
      pool.submit(() => {
        throw new Error(word);
      }),
    );
  }
  const { slow, failures } = overview.snapshot();
  expect(slow.length).toBe(2);
  expect(failures.map(({ message }) => message)).toEqual(["four", "three"]);
});
