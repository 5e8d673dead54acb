/** examples/prime-benchmark.ts: four ways, all results checked, start-up apart; and isPrime is exact. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { benchmark, isPrime, PRIME, type Row, table } from "../examples/built/prime-benchmark.js";
import { runExample } from "./run-example.js";

const below = (limit: number): number[] => Array.from({ length: limit }, (_, n) => n);

test("isPrime agrees with the sieve of Eratosthenes below 10 000", () => {
  const composite = new Set<number>([0, 1]);
  for (let n = 2; n < 10_000; n++) for (let m = 2 * n; m < 10_000 && !composite.has(n); m += n) composite.add(m);
  expect(below(10_000).filter(isPrime)).toEqual(below(10_000).filter((n) => !composite.has(n)));
});

test.each([
  [PRIME, true],
  [PRIME + 2, false],
  [2 ** 53 - 111, true],
  // The squares of primes on both sides of 2^26: the largest divisor that the loop must still try.
  [94_906_249 ** 2, false],
  [9_007_199_254_740_881, true],
  [BigInt(2 ** 31 - 1) * 3n, false],
  ["112272535095293", true],
  [" 7\n", true],
])("isPrime(%s) is %s", (n, expected) => {
  expect(isPrime(n)).toBe(expected);
});

test("isPrime tells neighbours apart that are one double", () => {
  // Both are 2 ** 60 as a double. The first is even; the second has the factor 17.
  expect(isPrime("1152921504606846978")).toBe(false);
  expect(isPrime(2n ** 60n + 1n)).toBe(false);
});

test.each([1.5, -1, Number.NaN, 2 ** 53, "abc", "", "1e3"])("isPrime(%j) is refused", (value) => {
  expect(() => isPrime(value)).toThrow(RangeError);
});

test("the four ways give the same results in the order of the inputs", async () => {
  const inputs = [2, 9, 97, 91, 7919, 7917, 2, 1];
  const rows = await benchmark(inputs, 2);
  expect(rows.map((row) => row.name)).toEqual(["one after another", "event loop", "threads", "processes"]);
  for (const row of rows) expect(row.results).toEqual(inputs.map(isPrime));
  expect(rows.map((row) => row.startup > 0)).toEqual([false, false, true, true]);
});

test("the table shows speed-up and efficiency against the cores there are", () => {
  const row = (name: string, startup: number, total: number): Row => ({ name, startup, total, results: [true, true] });
  const text = table([row("one after another", 0, 100), row("threads", 30, 50)], 2);
  expect(text.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["total", "start-up apart", "per call", "speed-up", "efficiency"],
    ["one after another", "100 ms", "–", "50.00 ms", "1.00 ×", "50 %"],
    ["threads", "50 ms", "30 ms", "25.00 ms", "2.00 ×", "100 %"],
  ]);
});

test("the program prints the table and that all results agree", async () => {
  const { code, lines, stderr } = await runExample("prime-benchmark", "3", "2");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines.map((line) => line.split("  ")[0])).toEqual([
    "",
    "one after another",
    "event loop",
    "threads",
    "processes",
    "All 4 × 3 results agree: 112272535095293 is prime.",
  ]);
});

test("primes.txt holds the prime a hundred times", () => {
  const lines = readFileSync(new URL("../examples/primes.txt", import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines).toEqual(new Array(100).fill(String(PRIME)));
});
