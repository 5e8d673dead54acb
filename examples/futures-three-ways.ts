/** Twenty calls of which every second one fails, looked at in three ways: each way finds ten values and ten errors.
 *
 *      node examples/built/futures-three-ways.js */
import type { Executor, Future } from "manyhands";
import { asCompleted, isMain, ThreadPoolExecutor, wait } from "manyhands";

/** @throws RangeError when n is even. */
export function squareOfOdd(n: number): number {
  if (n % 2 === 0) throw new RangeError(`${n} is even`);
  return n * n;
}

/** What became of each input. */
export interface Tally {
  readonly values: Map<number, number>;
  readonly errors: Map<number, string>;
}

const emptyTally = (): Tally => ({ values: new Map(), errors: new Map() });

function addError(tally: Tally, n: number, error: unknown): void {
  tally.errors.set(n, error instanceof Error ? error.message : String(error));
}

/** A map from futures to inputs, and the futures as they complete. */
export async function byAsCompleted(pool: Executor, inputs: readonly number[]): Promise<Tally> {
  const tally = emptyTally();
  const inputOf = new Map<Future<number>, number>(inputs.map((n) => [pool.submit(squareOfOdd, n), n]));
  for await (const future of asCompleted(inputOf.keys())) {
    const n = inputOf.get(future) ?? Number.NaN;
    const error = await future.exception();
    if (error === undefined) tally.values.set(n, await future);
    else addError(tally, n, error);
  }
  return tally;
}

/** One map, whose outcomes come in the order of the inputs, failed ones among them. */
export async function byMap(pool: Executor, inputs: readonly number[]): Promise<Tally> {
  const tally = emptyTally();
  for await (const ended of pool.map(squareOfOdd, inputs).settled()) {
    const n = inputs[ended.index] ?? Number.NaN;
    if (ended.status === "fulfilled") tally.values.set(n, ended.value);
    else addError(tally, n, ended.reason);
  }
  return tally;
}

/** A callback on each future. It is told of failures like of values; it need not, and does not, throw them again. */
export async function byCallbacks(pool: Executor, inputs: readonly number[]): Promise<Tally> {
  const tally = emptyTally();
  const looks: Promise<void>[] = [];
  const futures = inputs.map((n) => {
    const future = pool.submit(squareOfOdd, n);
    future.addDoneCallback((done) => {
      const value = (square: number): void => void tally.values.set(n, square);
      looks.push(done.then(value, (error) => addError(tally, n, error)));
    });
    return future;
  });
  await wait(futures);
  await Promise.all(looks);
  return tally;
}

async function main(): Promise<void> {
  await using pool = new ThreadPoolExecutor();
  const inputs = Array.from({ length: 20 }, (_, n) => n);
  for (const way of [byAsCompleted, byMap, byCallbacks]) {
    const { values, errors } = await way(pool, inputs);
    console.log(`${way.name}: ${values.size} values (${[...values.values()].join(" ")})`);
    console.log(`${" ".repeat(way.name.length)}  ${errors.size} errors (${[...errors.values()].join(", ")})`);
  }
}

if (isMain(import.meta)) await main();
