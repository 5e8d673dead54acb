/** The sum of a large array, in as many slices as there are cores, over memory that all share: nothing is copied, neither to
 *  threads (a SharedArrayBuffer) nor to processes (SharedMemory). The sums are the same to the last bit.
 *
 *      node examples/built/array-sum.js [LENGTH] [WORKERS] */
import { availableParallelism } from "node:os";
import type { Executor } from "manyhands";
import { isMain, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { SharedMemory, SharedMemoryUnavailableError } from "manyhands/multiprocessing";

/** Numbers that are added up before their sum goes into the tree: 512 KB, which stays in a core's own cache. */
export const BLOCK = 65_536;

/** The sum of each block from `from` to before `to`.
 *
 *  Eight sums side by side, or each addition would wait for the one before. */
export function blockSums(numbers: Float64Array, from: number, to: number): number[] {
  const sums: number[] = [];
  for (let begin = from; begin < to; begin += BLOCK) sums.push(sumOf(numbers, begin, Math.min(begin + BLOCK, to)));
  return sums;
}

function sumOf(v: Float64Array, from: number, to: number): number {
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  let i = from;
  for (const last = to - 7; i < last; i += 8) {
    a += v[i] as number;
    b += v[i + 1] as number;
    c += v[i + 2] as number;
    d += v[i + 3] as number;
    e += v[i + 4] as number;
    f += v[i + 5] as number;
    g += v[i + 6] as number;
    h += v[i + 7] as number;
  }
  for (; i < to; i += 1) a += v[i] as number;
  return a + b + (c + d) + (e + f + (g + h));
}

/** Adds up in pairs, then the pairs in pairs, and so on: the error grows with the logarithm of the length, where a loop's
 *  grows with the length. And the shape of the tree depends on nothing but the length: whoever worked out the blocks, the
 *  sum is the same. */
export function pairwise(sums: readonly number[], from = 0, to: number = sums.length): number {
  if (to - from <= 1) return sums[from] ?? 0;
  const middle = from + ((to - from) >> 1);
  return pairwise(sums, from, middle) + pairwise(sums, middle, to);
}

/** A part of the array, in whole blocks but for the end. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/** As many slices as `count`, or as there are blocks; the last takes the rest. */
export function slices(length: number, count: number): Slice[] {
  const blocks = Math.max(1, Math.floor(length / BLOCK / count));
  const size = blocks * BLOCK;
  const parts = Math.max(1, Math.min(count, Math.ceil(length / size)));
  return Array.from({ length: parts }, (_, part) => ({
    from: part * size,
    to: part === parts - 1 ? length : (part + 1) * size,
  }));
}

/** A thread's task: it sees the caller's own array. */
export function sumInThread(numbers: Float64Array, { from, to }: Slice): number[] {
  return blockSums(numbers, from, to);
}

/** A process's task: it attaches to the memory when it first hears of it. */
export function sumInProcess(name: string, { from, to }: Slice): number[] {
  if (attached?.name !== name) {
    attached?.close();
    attached = new SharedMemory({ name });
    numbers = new Float64Array(attached.buffer);
  }
  return blockSums(numbers, from, to);
}
let attached: SharedMemory | undefined;
let numbers = new Float64Array(0);

/** The sum, worked out by `pool`: `share` is what its tasks know the array by. */
export async function parallelSum<S>(
  pool: Executor,
  task: (share: S, slice: Slice) => number[],
  share: S,
  parts: readonly Slice[],
): Promise<number> {
  const sums = await Promise.all(parts.map((slice) => pool.submit(task, share, slice)));
  return pairwise(sums.flat());
}

/** Numbers whose sum shows every rounding. */
export function fill(array: Float64Array): Float64Array {
  for (let i = 0; i < array.length; i += 1) array[i] = (i % 1009) / 7;
  return array;
}

const PASSES = 5;

/** Runs it twice to warm up, then some times, and says how fast the best was. */
async function show(
  name: string,
  bytes: number,
  sum: () => number | Promise<number>,
  expected?: number,
): Promise<number> {
  let [result, best] = [await sum(), Number.POSITIVE_INFINITY];
  await sum();
  for (let pass = 0; pass < PASSES; pass += 1) {
    const begun = performance.now();
    result = await sum();
    best = Math.min(best, performance.now() - begun);
  }
  const verdict = expected === undefined ? "" : result === expected ? ", the same sum" : ", ANOTHER SUM";
  console.log(`${name}: ${(bytes / best / 1e6).toFixed(1)} GB/s${verdict}`);
  if (expected !== undefined && result !== expected) process.exitCode = 1;
  return result;
}

async function main(): Promise<void> {
  const [length = 10_000_000, workers = availableParallelism()] = process.argv.slice(2).map(Number);
  const bytes = 8 * length;
  const parts = slices(length, workers);
  const array = fill(new Float64Array(new SharedArrayBuffer(bytes)));
  const serial = await show("this thread alone", bytes, () => pairwise(blockSums(array, 0, length)));
  {
    await using pool = new ThreadPoolExecutor({ maxWorkers: workers });
    await show(`${parts.length} threads`, bytes, () => parallelSum(pool, sumInThread, array, parts), serial);
  }
  try {
    using memory = new SharedMemory({ create: true, size: bytes });
    fill(new Float64Array(memory.buffer));
    await using pool = new ProcessPoolExecutor({ maxWorkers: workers });
    await show(`${parts.length} processes`, bytes, () => parallelSum(pool, sumInProcess, memory.name, parts), serial);
  } catch (error) {
    if (!(error instanceof SharedMemoryUnavailableError)) throw error;
    console.log(`processes: ${error.message}`);
  }
  console.log(`sum of ${length} numbers: ${serial}`);
}

if (isMain(import.meta)) await main();
