/** examples/pool-map.ts: all five naps at the same time, each in a process of its own; results in order. */
import { ProcessPoolExecutor } from "manyhands";
import { expect, test, vi } from "vitest";
import { napAll } from "../examples/built/pool-map.js";
import { runExample } from "./run-example.js";

test("the five naps run at once", async () => {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 8 });
  const stop = new AbortController();
  // None ends within this test: five busy workers show that none waits for another.
  const naps = napAll(pool, new Array<number>(5).fill(3_600_000), stop.signal);
  const outcome = Promise.allSettled([naps]);
  await vi.waitFor(() => expect(pool.stats().busy).toBe(5), { timeout: 20_000 });
  stop.abort();
  const [end] = await outcome;
  expect(end.status).toBe("rejected");
});

test("results come in the order of the durations, not of their ends", async () => {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 2 });
  const naps = await napAll(pool, [60, 1, 40, 1, 20]);
  expect(naps.map((nap) => nap.ms)).toEqual([60, 1, 40, 1, 20]);
});

test("the program shows five naps of five processes", async () => {
  const { code, lines, stderr } = await runExample("pool-map");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines).toHaveLength(6);
  const pids = lines.slice(0, 5).map((line) => /^process (\d+) slept 2 s$/.exec(line)?.[1]);
  expect(pids).not.toContain(undefined);
  expect(lines[5]).toMatch(/^5 sleeps of 2 s on 8 processes: [\d.]+ s$/);
});
