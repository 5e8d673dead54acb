/** Five sleeps of 2 s on a pool of eight processes take about 2 s, not 10.
 *
 *      node examples/built/pool-map.js */
import { setTimeout as sleep } from "node:timers/promises";
import type { Executor, MapResults } from "manyhands";
import { context, isMain, ProcessPoolExecutor } from "manyhands";

/** What a process says about its sleep. */
export interface Slept {
  readonly pid: number;
  readonly ms: number;
}

export async function nap(ms: number): Promise<Slept> {
  await sleep(ms, undefined, { signal: context().signal });
  return { pid: process.pid, ms };
}

/** One nap for each of `durations`, all at once; the results come in the order of the durations. */
export function napAll(pool: Executor, durations: readonly number[], signal?: AbortSignal): MapResults<Slept> {
  return pool.map(nap, durations, signal === undefined ? {} : { signal });
}

async function main(): Promise<void> {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 8 });
  const begun = performance.now();
  const naps = await napAll(pool, [2000, 2000, 2000, 2000, 2000]);
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  for (const { pid, ms } of naps) console.log(`process ${pid} slept ${ms / 1000} s`);
  console.log(`${naps.length} sleeps of 2 s on 8 processes: ${seconds} s`);
}

if (isMain(import.meta)) await main();
