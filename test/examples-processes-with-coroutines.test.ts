/** examples/processes-with-coroutines.ts: which calls are in which process at once, and that all of them are right. */
import { expect, test } from "vitest";
import { compare, type Row } from "../examples/built/processes-with-coroutines.js";
import { runExample } from "./run-example.js";

const NAMES = ["one after another", "coroutines alone", "processes alone", "processes × coroutines"] as const;

const processesOf = ({ seen }: Row): Set<number> => new Set(seen.map((each) => each.process));
const mostAtOnce = ({ seen }: Row): number => Math.max(...seen.map((each) => each.atOnce));

test("coroutines go on in one process, processes have a call each, and both together have several in each", async () => {
  const [WORKERS, TASKS] = [2, 4];
  const calls = Array.from({ length: WORKERS * TASKS }, () => ({ wait: 200, checks: 1 }));
  const rows = await compare(calls, WORKERS, TASKS);
  expect(rows.map((row) => row.name)).toEqual(NAMES);
  for (const { seen } of rows) expect(seen.map((each) => each.primes)).toEqual(calls.map(() => 1));
  const [serial, coroutines, processes, both] = rows as [Row, Row, Row, Row];

  expect([processesOf(serial), mostAtOnce(serial)]).toEqual([new Set([process.pid]), 1]);
  expect([processesOf(coroutines), mostAtOnce(coroutines)]).toEqual([new Set([process.pid]), calls.length]);
  expect([processesOf(processes).size, mostAtOnce(processes)]).toEqual([WORKERS, 1]);
  // As many calls as there are places: each is taken once.
  expect([processesOf(both).size, mostAtOnce(both)]).toEqual([WORKERS, TASKS]);
  for (const row of [processes, both]) expect(processesOf(row).has(process.pid)).toBe(false);
});

test("the program prints a row for each way", async () => {
  const { code, lines } = await runExample("processes-with-coroutines", "6", "2", "3");
  expect(code).toBe(0);
  expect(lines.slice(1).map((line) => line.split(/ {2,}/)[0])).toEqual(NAMES);
  for (const line of lines.slice(1)) expect(line).toMatch(/ \d+ ms {2,}\d+\.\d × {2,}\d+ {2,}\d+$/);
});

test.each([
  [["0"], "CALLS"],
  [["4", "two"], "PROCESSES"],
  [["4", "2", "1"], "TASKS_PER_PROCESS"],
])("arguments %j are refused in one line", async (args, name) => {
  const { code, lines, stderr } = await runExample("processes-with-coroutines", ...args);
  expect([code, lines]).toEqual([2, []]);
  expect(stderr).toMatch(new RegExp(`^${name} must be a whole number of at least \\d.*\nUsage: .*\n$`));
});
