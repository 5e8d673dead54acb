/** examples/futures-three-ways.ts: each way finds ten values and ten errors, beside the right inputs. */
import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { byAsCompleted, byCallbacks, byMap } from "../examples/built/futures-three-ways.js";
import { runExample } from "./run-example.js";

const INPUTS = Array.from({ length: 20 }, (_, n) => n);
const ODD = INPUTS.filter((n) => n % 2 === 1);
const EVEN = INPUTS.filter((n) => n % 2 === 0);

describe.each([
  ["threads", ThreadPoolExecutor],
  ["processes", ProcessPoolExecutor],
])("on %s", (_, Executor) => {
  test.each([byAsCompleted, byMap, byCallbacks])("$name finds every value and every error", async (way) => {
    await using pool = new Executor({ maxWorkers: 2 });
    const { values, errors } = await way(pool, INPUTS);
    const sorted = <V>(tally: Map<number, V>): [number, V][] => [...tally].sort(([a], [b]) => a - b);
    expect(sorted(values)).toEqual(ODD.map((n) => [n, n * n]));
    expect(sorted(errors)).toEqual(EVEN.map((n) => [n, `${n} is even`]));
  });
});

test("the program prints ten of each, three times", async () => {
  const { code, lines, stderr } = await runExample("futures-three-ways");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines.map((line) => line.split(" (")[0]?.trim())).toEqual([
    "byAsCompleted: 10 values",
    "10 errors",
    "byMap: 10 values",
    "10 errors",
    "byCallbacks: 10 values",
    "10 errors",
  ]);
});
