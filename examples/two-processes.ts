/** Two processes, one working for 1 s and one for 2 s, take about 2 s in all; and numbers stay exact.
 *
 *      node examples/built/two-processes.js */
import { setTimeout as sleep } from "node:timers/promises";
import type { Executor } from "manyhands";
import { context, isMain, ProcessPoolExecutor } from "manyhands";

/** What a process says about the work it did. */
export interface Report {
  readonly pid: number;
  readonly value: bigint;
}

/** Works for `ms`, then gives `base ** exponent`. With bigints, for 8 ** 20 is above 2^53: as a double it would be the
 *  nearest representable number, and near is not equal. */
export async function power(base: bigint, exponent: bigint, ms: number): Promise<Report> {
  context().report("working");
  await sleep(ms, undefined, { signal: context().signal });
  return { pid: process.pid, value: base ** exponent };
}

/** The two at once: `unit` ms of work and twice as much. */
export async function runBoth(pool: Executor, unit: number): Promise<[Report, Report]> {
  return await Promise.all([pool.submit(power, 8n, 10n, unit), pool.submit(power, 8n, 20n, 2 * unit)]);
}

async function main(): Promise<void> {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 2 });
  const begun = performance.now();
  const [first, second] = await runBoth(pool, 1000);
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  console.log(`process ${first.pid} worked for 1 s: 8 ** 10 = ${first.value}`);
  console.log(`process ${second.pid} worked for 2 s: 8 ** 20 = ${second.value}`);
  console.log(`both, this is process ${process.pid}: ${seconds} s`);
}

if (isMain(import.meta)) await main();
