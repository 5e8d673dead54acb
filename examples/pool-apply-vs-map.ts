/** 20 000 squares on a pool of processes: by one map, and by 20 000 single jobs with a callback each. Both give all 20 000.
 *
 *      node examples/built/pool-apply-vs-map.js [COUNT] [PROCESSES] */
import { availableParallelism } from "node:os";
import { isMain } from "manyhands";
import { Pool } from "manyhands/multiprocessing";

export function square(n: number): number {
  return n * n;
}

/** One job of many inputs, whose callback gets the whole list. */
export async function byMap(pool: Pool, numbers: readonly number[]): Promise<number[]> {
  const squares: number[] = [];
  const result = pool.mapAsync(square, numbers, { callback: (values) => squares.push(...values) });
  // Without this wait the list would be looked at before the work has ended: submitting is not doing.
  await result.get();
  return squares;
}

/** A job for each input, whose callback gets one square. They come in the order in which the jobs end. */
export async function byApply(pool: Pool, numbers: readonly number[]): Promise<number[]> {
  const squares: number[] = [];
  const results = numbers.map((n) => pool.applyAsync(square, [n], { callback: (value) => squares.push(value) }));
  await Promise.all(results);
  return squares;
}

async function main(): Promise<void> {
  const [count = "20000", processes = String(availableParallelism())] = process.argv.slice(2);
  const numbers = Array.from({ length: Number(count) }, (_, n) => n);
  for (const [name, work] of [
    ["one mapAsync", byMap],
    [`${count} × applyAsync`, byApply],
  ] as const) {
    const begun = performance.now();
    await using pool = new Pool(Number(processes));
    const squares = await work(pool, numbers);
    const ms = (performance.now() - begun).toFixed(0);
    const right =
      new Set(squares).size === numbers.length && squares.every((value) => Number.isInteger(Math.sqrt(value)));
    console.log(`${name}: ${squares.length} squares, ${right ? "all right" : "WRONG"}, ${ms} ms with the pool's start`);
    if (!right) process.exitCode = 1;
  }
}

if (isMain(import.meta)) await main();
