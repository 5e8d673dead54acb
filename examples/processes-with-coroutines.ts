/** Calls that first wait for somebody else and then compute, run one after another and in three ways at once:
 *
 *  - coroutines alone: all wait together, but one core computes for all;
 *  - processes alone: every core computes, but a process that waits does nothing else;
 *  - processes with coroutines (`tasksPerWorker`): while some calls of a process wait, another computes.
 *
 *      node examples/built/processes-with-coroutines.js [CALLS] [PROCESSES] [TASKS_PER_PROCESS]
 *
 *  Every result is checked. The processes are started before the clock is. */
import { availableParallelism } from "node:os";
import { type Executor, isMain, ProcessPoolExecutor } from "manyhands";
import { gather, run, sleep } from "manyhands/asyncio";
import { isPrime, PRIME } from "./prime-benchmark.js";
import { commandLine, wholeNumber } from "./support/arguments.js";

/** One call: how long it waits, and how much it computes then. */
export interface Mixed {
  /** In ms. */
  readonly wait: number;
  /** How often it finds out whether a large number is prime. */
  readonly checks: number;
}

/** What a call has seen. */
export interface Seen {
  /** How many of the numbers were prime: all. */
  readonly primes: number;
  readonly process: number;
  /** How many calls were going on in its process when it began, itself among them. */
  readonly atOnce: number;
}

let going = 0;

/** Waits, as for a database or a server, and then computes. */
export async function mixed({ wait, checks }: Mixed): Promise<Seen> {
  going += 1;
  const atOnce = going;
  try {
    await sleep(wait);
    const primes = Array.from({ length: checks }, () => isPrime(PRIME)).filter(Boolean).length;
    return { primes, process: process.pid, atOnce };
  } finally {
    going -= 1;
  }
}

/** How one way of running the calls did. */
export interface Row {
  readonly name: string;
  /** In ms. */
  readonly total: number;
  readonly seen: readonly Seen[];
}

async function measured(name: string, work: () => PromiseLike<readonly Seen[]>): Promise<Row> {
  const begun = performance.now();
  const seen = await work();
  return { name, seen, total: performance.now() - begun };
}

async function onProcesses(name: string, pool: Executor, workers: number, calls: readonly Mixed[]): Promise<Row> {
  // One call for each process, each long enough to be still going on when the last process starts.
  const first: Mixed = { wait: 50, checks: 0 };
  await Promise.all(Array.from({ length: workers }, () => pool.submit(mixed, first)));
  return await measured(name, () => Promise.all(calls.map((call) => pool.submit(mixed, call))));
}

/** Runs all four ways over `calls`. */
export async function compare(calls: readonly Mixed[], maxWorkers: number, tasksPerWorker: number): Promise<Row[]> {
  await using single = new ProcessPoolExecutor({ maxWorkers });
  await using several = new ProcessPoolExecutor({ maxWorkers, tasksPerWorker });
  return [
    await measured("one after another", async () => {
      const seen: Seen[] = [];
      for (const call of calls) seen.push(await mixed(call));
      return seen;
    }),
    await measured("coroutines alone", () => gather(...calls.map((call) => () => mixed(call)))),
    await onProcesses("processes alone", single, maxWorkers, calls),
    await onProcesses("processes × coroutines", several, maxWorkers * tasksPerWorker, calls),
  ];
}

/** The rows as text, a line each. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ name, total, seen }) => [
    name,
    `${total.toFixed(0)} ms`,
    `${((rows[0]?.total ?? total) / total).toFixed(1)} ×`,
    String(new Set(seen.map((each) => each.process)).size),
    String(Math.max(...seen.map((each) => each.atOnce))),
  ]);
  const lines = [["", "total", "speed-up", "processes", "calls at once in each"], ...cells];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) => line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
    .map((line) => line.join("  "))
    .join("\n");
}

async function main(count: number, processes: number, tasks: number): Promise<void> {
  const call: Mixed = { wait: 100, checks: 2 };
  console.error(`${count} calls: each waits ${call.wait} ms, and then computes`);
  const rows = await compare(new Array<Mixed>(count).fill(call), processes, tasks);
  console.log(table(rows));
  const wrong = rows.filter(({ seen }) => seen.length !== count || seen.some(({ primes }) => primes !== call.checks));
  for (const { name } of wrong) console.error(`${name}: wrong results`);
  if (wrong.length > 0) process.exitCode = 1;
}

if (isMain(import.meta)) {
  const [calls, processes, tasks] = commandLine(
    "processes-with-coroutines.js [CALLS] [PROCESSES] [TASKS_PER_PROCESS]",
    () => {
      const [calls = "40", processes = String(availableParallelism()), tasks = "20", ...more] = process.argv.slice(2);
      if (more.length > 0) throw new TypeError(`Three arguments at most, not ${more.length + 3}`);
      return [
        wholeNumber("CALLS", calls, 1),
        wholeNumber("PROCESSES", processes, 1),
        wholeNumber("TASKS_PER_PROCESS", tasks, 2),
      ];
    },
  );
  await run(() => main(calls, processes, tasks));
}
