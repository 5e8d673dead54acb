/** examples/array-sum.ts: whatever the slices and whoever adds them up, the sum is the serial one to the last bit. */
import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { SharedMemory } from "manyhands/multiprocessing";
import { describe, expect, test } from "vitest";
import {
  BLOCK,
  blockSums,
  fill,
  pairwise,
  parallelSum,
  slices,
  sumInProcess,
  sumInThread,
} from "../examples/built/array-sum.js";
import { keep } from "./keeping.js";
import { runExample } from "./run-example.js";

const LENGTHS = [0, 1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5, 1_000_003];

test.each(LENGTHS)("slices of %i numbers are whole blocks, and the last takes the rest", (length) => {
  for (const count of [1, 2, 3, 4, 100]) {
    const parts = slices(length, count);
    expect(parts.length).toBeLessThanOrEqual(count);
    expect([parts[0]?.from, parts.at(-1)?.to]).toEqual([0, length]);
    for (const [index, { from, to }] of parts.entries()) {
      expect(from % BLOCK).toBe(0);
      if (index > 0) expect(parts[index - 1]?.to).toBe(from);
      if (length > 0) expect(to).toBeGreaterThan(from);
    }
  }
});

test.each(LENGTHS)("the sum of %i numbers does not depend on the slices", (length) => {
  const array = fill(new Float64Array(length));
  const serial = pairwise(blockSums(array, 0, length));
  for (const count of [1, 2, 3, 4, 100]) {
    const sums = slices(length, count).flatMap(({ from, to }) => blockSums(array, from, to));
    expect(pairwise(sums)).toBe(serial);
  }
});

test("the sum is nearer to the truth than a loop's", () => {
  const length = 10_000_000;
  const array = new Float64Array(length).fill(0.1);
  const exact = 1_000_000;
  const loop = array.reduce((sum, each) => sum + each, 0);
  const error = Math.abs(pairwise(blockSums(array, 0, length)) - exact);
  expect(error).toBeLessThan(Math.abs(loop - exact) / 100);
});

test("every number counts, once", () => {
  const length = 2 * BLOCK + 13;
  for (const at of [0, 7, 8, BLOCK - 1, BLOCK, 2 * BLOCK, length - 1]) {
    const array = new Float64Array(length);
    array[at] = 1;
    expect(pairwise(blockSums(array, 0, length))).toBe(1);
  }
});

describe("in parallel", () => {
  const length = 1_000_003;

  test("threads add up the caller's own array, to the serial sum", async () => {
    const array = fill(new Float64Array(new SharedArrayBuffer(8 * length)));
    const pool = keep(new ThreadPoolExecutor({ maxWorkers: 2 }));
    const sum = (): Promise<number> => parallelSum(pool, sumInThread, array, slices(length, 3));
    expect(await sum()).toBe(pairwise(blockSums(array, 0, length)));
    // It is not copied: what is changed here is seen there.
    array[length - 1] = 1e9;
    expect(await sum()).toBe(pairwise(blockSums(array, 0, length)));
    expect(pool.stats().largeCopies.count).toBe(0);
  });

  test("processes add up shared memory, to the serial sum", async () => {
    using memory = new SharedMemory({ create: true, size: 8 * length });
    const array = fill(new Float64Array(memory.buffer));
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
    const sum = (): Promise<number> => parallelSum(pool, sumInProcess, memory.name, slices(length, 3));
    expect(await sum()).toBe(pairwise(blockSums(array, 0, length)));
    array[length - 1] = 1e9;
    expect(await sum()).toBe(pairwise(blockSums(array, 0, length)));
    expect(pool.stats().largeCopies.count).toBe(0);
  });
});

test("the program shows the speed of each way, and that the sums are the same", async () => {
  const { code, lines, stderr } = await runExample("array-sum", "300007", "2");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines.map((line) => line.replace(/[\d.]+ GB/, "N GB"))).toEqual([
    "this thread alone: N GB/s",
    "2 threads: N GB/s, the same sum",
    "2 processes: N GB/s, the same sum",
    `sum of 300007 numbers: ${pairwise(blockSums(fill(new Float64Array(300_007)), 0, 300_007))}`,
  ]);
});
