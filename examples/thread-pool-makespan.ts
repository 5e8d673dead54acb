/** Nine naps of 0, 1, … 8 units on a pool of five threads. Whoever is done takes the next: the last is done after 11 units,
 *  where one thread alone would need 36.
 *
 *      node examples/built/thread-pool-makespan.js [UNIT_MS] */
import { setTimeout as sleep } from "node:timers/promises";
import { context, isMain } from "manyhands";
import { ThreadPool } from "manyhands/multiprocessing";

/** A nap to take. */
export interface Order {
  readonly units: number;
  /** The length of a unit in ms. */
  readonly unit: number;
}

/** A nap taken, and by whom. */
export interface Nap {
  readonly units: number;
  readonly worker: string;
}

export async function nap({ units, unit }: Order): Promise<Nap> {
  const { worker, signal } = context();
  await sleep(units * unit, undefined, { signal });
  return { units, worker: worker.name };
}

/** The naps of each worker, in the order in which they were taken. */
export function schedule(naps: readonly Nap[]): ReadonlyMap<string, readonly number[]> {
  const byWorker = new Map<string, number[]>();
  for (const { worker, units } of naps) byWorker.set(worker, [...(byWorker.get(worker) ?? []), units]);
  return byWorker;
}

/** When the last worker is done, in units. */
export function makespan(naps: readonly Nap[]): number {
  return Math.max(...[...schedule(naps).values()].map((units) => units.reduce((sum, each) => sum + each, 0)));
}

async function main(): Promise<void> {
  const unit = Number(process.argv[2] ?? 250);
  await using pool = new ThreadPool(5);
  // The threads start before the clock does: it is the naps that are looked at.
  await pool.map(nap, new Array<Order>(5).fill({ units: 1, unit: 50 }), { chunkSize: 1 });
  const begun = performance.now();
  // One at a time: in larger chunks a thread would sit on naps that another has time for.
  const naps = await pool.map(
    nap,
    Array.from({ length: 9 }, (_, units) => ({ units, unit })),
    { chunkSize: 1 },
  );
  const units = ((performance.now() - begun) / unit).toFixed(1);
  for (const [worker, slept] of schedule(naps)) console.log(`${worker}: ${slept.join(" + ")}`);
  console.log(`makespan: ${makespan(naps)} units by the schedule, ${units} by the clock, 36 for one thread`);
}

if (isMain(import.meta)) await main();
