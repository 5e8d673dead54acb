/** examples/thread-pool-makespan.ts: whoever is done takes the next, which makes 11 units of nine naps on five threads. */
import { ThreadPool } from "manyhands/multiprocessing";
import { expect, test } from "vitest";
import { passGateInWorker } from "#tasks/pool.js";
import { makespan, type Nap, nap, schedule } from "../examples/built/thread-pool-makespan.js";
import { later, newGate } from "./keeping.js";
import { runExample } from "./run-example.js";

test("whoever is done first takes the next nap", async () => {
  const gates = await Promise.all(Array.from({ length: 9 }, () => newGate()));
  const pool = new ThreadPool(5);
  later(() => pool.terminate());
  const orders = gates.map(({ path }, units) => ({ path, label: String(units) }));
  const taken = pool.map(passGateInWorker, orders, { chunkSize: 1 });
  await Promise.all(gates.slice(0, 5).map((gate) => gate.arrived(1)));
  // The naps end in the order of their lengths; here each end is let happen once what came before it is seen.
  for (const [ended, next] of [
    [0, 5],
    [1, 6],
    [2, 7],
    [3, 8],
  ] as const) {
    expect(gates[next]?.arrivals).toEqual([]);
    gates[ended]?.open();
    await gates[next]?.arrived(1);
  }
  for (const gate of gates) gate.open();
  const naps: Nap[] = (await taken).map(({ label, worker }) => ({ units: Number(label), worker }));
  expect([...schedule(naps).values()].sort()).toEqual([[0, 5], [1, 6], [2, 7], [3, 8], [4]]);
  expect(makespan(naps)).toBe(11);
});

test("the makespan is that of the worker who is done last", () => {
  const naps = [
    { units: 1, worker: "a" },
    { units: 5, worker: "b" },
    { units: 3, worker: "a" },
  ];
  expect([makespan(naps), makespan(naps.slice(0, 1))]).toEqual([5, 1]);
});

test("a nap says how long it was and who took it", async () => {
  await using pool = new ThreadPool(1);
  expect(await pool.apply(nap, [{ units: 1, unit: 1 }])).toEqual({ units: 1, worker: "thread-pool-1" });
});

test("the program shows what each thread took", async () => {
  const { code, lines, stderr } = await runExample("thread-pool-makespan", "20");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const taken = lines.slice(0, -1).flatMap((line) => line.replace(/^thread-pool-\d: /, "").split(" + "));
  expect(taken.sort()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  expect(lines.at(-1)).toMatch(/^makespan: \d+ units by the schedule, [\d.]+ by the clock, 36 for one thread$/);
});
