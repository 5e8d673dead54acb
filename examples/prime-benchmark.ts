/** The same CPU-bound work one after another, on the event loop, on threads and on processes, side by side.
 *
 *      node examples/built/prime-benchmark.js [COUNT] [WORKERS]
 *
 *  Every result is checked. Starting the workers is measured apart: a pool is started once and used for long. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Executor } from "manyhands";
import { EventLoopExecutor, isMain, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";

export const PRIME = 112272535095293;

/** Whether `value` is prime, exactly, however large it is. A string is read as a decimal number, so that the function
 *  can be run over the lines of a file.
 *
 *  @throws RangeError when it is not a whole number from 0 upward. */
export function isPrime(value: number | bigint | string): boolean {
  const n = wholeNumber(value);
  return typeof n === "number" ? isPrimeNumber(n) : isPrimeBigInt(n);
}

function wholeNumber(value: number | bigint | string): number | bigint {
  if (typeof value === "number" ? !Number.isSafeInteger(value) || value < 0 : !/^\s*\d+\s*$/.test(String(value))) {
    throw new RangeError(`Not a whole number that is exact: ${value} (above 2^53 - 1, give a bigint or a string)`);
  }
  const exact = BigInt(value);
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}

function isPrimeNumber(n: number): boolean {
  if (n < 4) return n > 1;
  if (n % 2 === 0) return false;
  // i divides n exactly when floor(n / i) * i === n. `n % i === 0` says the same and takes seven times as long, since
  // the remainder of two doubles is worked out bit by bit. Below 2^53 nothing is lost by it: when i divides n, the
  // quotient is a whole number that a double holds exactly. When it does not, floor gives a whole number q with
  // q * i ≠ n; that product is exact below 2^53, and at or above it no rounding leads back to n.
  const last = Math.floor(Math.sqrt(n));
  for (let i = 3; i <= last; i += 2) {
    if (Math.floor(n / i) * i === n) return false;
  }
  return true;
}

function isPrimeBigInt(n: bigint): boolean {
  if (n % 2n === 0n) return false;
  for (let i = 3n; i * i <= n; i += 2n) {
    if (n % i === 0n) return false;
  }
  return true;
}

/** How one way of running the work did. Times are milliseconds. */
export interface Row {
  readonly name: string;
  /** Until every worker had answered once; 0 where there are none. */
  readonly startup: number;
  readonly total: number;
  readonly results: readonly boolean[];
}

/** Keeps one worker busy for a moment. */
export async function settleIn(ms: number): Promise<void> {
  await sleep(ms);
}

async function measure(name: string, inputs: readonly number[], executor: Executor, workers: number): Promise<Row> {
  await using pool = executor;
  const begun = performance.now();
  // One call for each worker, each long enough to be still running when the last worker starts.
  await Promise.all(Array.from({ length: workers }, () => pool.submit(settleIn, 20)));
  const started = performance.now();
  const results = await pool.map(isPrime, inputs);
  return { name, startup: workers > 0 ? started - begun : 0, total: performance.now() - started, results };
}

/** Runs all four ways over `inputs`. */
export async function benchmark(inputs: readonly number[], workers: number): Promise<Row[]> {
  const begun = performance.now();
  const results = inputs.map(isPrime);
  const serial: Row = { name: "one after another", startup: 0, total: performance.now() - begun, results };
  return [
    serial,
    await measure("event loop", inputs, new EventLoopExecutor(), 0),
    await measure("threads", inputs, new ThreadPoolExecutor({ maxWorkers: workers }), workers),
    await measure("processes", inputs, new ProcessPoolExecutor({ maxWorkers: workers }), workers),
  ];
}

/** The rows as text, a line each. Speed-up is against the first row, efficiency is speed-up over the cores there are. */
export function table(rows: readonly Row[], cores: number): string {
  const [serial] = rows;
  const cells = rows.map((row) => {
    const speedUp = (serial?.total ?? row.total) / row.total;
    return [
      row.name,
      `${row.total.toFixed(0)} ms`,
      row.startup > 0 ? `${row.startup.toFixed(0)} ms` : "–",
      `${(row.total / row.results.length).toFixed(2)} ms`,
      `${speedUp.toFixed(2)} ×`,
      `${((100 * speedUp) / cores).toFixed(0)} %`,
    ];
  });
  const lines = [["", "total", "start-up apart", "per call", "speed-up", "efficiency"], ...cells];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))))
    .map((line) => line.join("  "))
    .join("\n");
}

async function main(): Promise<void> {
  const [count = "100", workersGiven = String(availableParallelism())] = process.argv.slice(2);
  const workers = Number(workersGiven);
  const rows = await benchmark(new Array<number>(Number(count)).fill(PRIME), workers);
  console.log(table(rows, availableParallelism()));
  const wrong = rows.filter((row) => row.results.length !== Number(count) || row.results.includes(false));
  for (const row of wrong) console.error(`${row.name}: wrong results`);
  if (wrong.length > 0) process.exitCode = 1;
  else console.log(`\nAll ${rows.length} × ${count} results agree: ${PRIME} is prime.`);
}

if (isMain(import.meta)) await main();
