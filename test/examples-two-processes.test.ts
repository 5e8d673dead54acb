/** examples/two-processes.ts: the two work at the same time, and the result is exact. */
import { ProcessPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { power, runBoth } from "../examples/built/two-processes.js";
import { runExample } from "./run-example.js";

test("8 ** 20 is exact", async () => {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 2 });
  const [first, second] = await runBoth(pool, 1);
  expect(first.value).toBe(1_073_741_824n);
  expect(second.value).toBe(1_152_921_504_606_846_976n);
});

test("the second is at work before the first has ended, in another process", async () => {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 2 });
  // Neither ends by itself within this test: that both report to be at work shows that none waits for the other.
  const futures = [pool.submit(power, 8n, 10n, 3_600_000), pool.submit(power, 8n, 20n, 3_600_000)];
  await Promise.all(futures.map((future) => new Promise((working) => future.onProgress(working))));
  expect(pool.stats().busy).toBe(2);
  for (const future of futures) future.abort();
  const ends = await Promise.allSettled(futures);
  expect(ends.map((end) => end.status)).toEqual(["rejected", "rejected"]);
});

test("the program shows both results and three processes", async () => {
  const { code, lines, stderr } = await runExample("two-processes");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const shape = lines.map((line) => line.replace(/process \d+/, "process PID").replace(/[\d.]+ s$/, "TIME"));
  expect(shape).toEqual([
    "process PID worked for 1 s: 8 ** 10 = 1073741824",
    "process PID worked for 2 s: 8 ** 20 = 1152921504606846976",
    "both, this is process PID: TIME",
  ]);
  expect(new Set(lines.map((line) => /process (\d+)/.exec(line)?.[1])).size).toBe(3);
});
