/** Many workers, one file: they compute, and the callbacks, which run one at a time in this thread, write. So no lock is
 *  needed, and no line is torn or written twice.
 *
 *      node examples/built/one-file-many-writers.js [FILE] [COUNT] */
import { closeSync, openSync, writeSync } from "node:fs";
import { isMain } from "manyhands";
import { Pool } from "manyhands/multiprocessing";

/** What a worker finds out. */
export interface Square {
  readonly n: number;
  readonly square: number;
  readonly pid: number;
}

export function square(n: number): Square {
  return { n, square: n * n, pid: process.pid };
}

/** Writes a line `n squared` for each number below `count`, as they come. @returns the processes that computed them. */
export async function writeSquares(pool: Pool, file: string, count: number): Promise<ReadonlySet<number>> {
  const pids = new Set<number>();
  const descriptor = openSync(file, "w");
  try {
    const callback = ({ n, square: squared, pid }: Square): void => {
      writeSync(descriptor, `${n} ${squared}\n`);
      pids.add(pid);
    };
    const jobs = Array.from({ length: count }, (_, n) => pool.applyAsync(square, [n], { callback }));
    // Fails when a job or the callback did: a full disk is not passed over in silence.
    await Promise.all(jobs);
  } finally {
    closeSync(descriptor);
  }
  return pids;
}

async function main(): Promise<void> {
  const [file = "squares.txt", count = "1000"] = process.argv.slice(2);
  await using pool = new Pool(4);
  const pids = await writeSquares(pool, file, Number(count));
  console.log(`${count} squares of ${pids.size} processes in ${file}`);
}

if (isMain(import.meta)) await main();
