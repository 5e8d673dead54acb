/** examples/pool-apply-vs-map.ts: both ways give every square, and only when the work has ended. */
import { Pool } from "manyhands/multiprocessing";
import { expect, test } from "vitest";
import { byApply, byMap } from "../examples/built/pool-apply-vs-map.js";
import { runExample } from "./run-example.js";

const NUMBERS = Array.from({ length: 20_000 }, (_, n) => n);
const SQUARES = NUMBERS.map((n) => n * n);

test("one map gives all 20 000 squares, in order", async () => {
  await using pool = new Pool(2);
  expect(await byMap(pool, NUMBERS)).toEqual(SQUARES);
});

test("20 000 single jobs give all 20 000 squares, each once", async () => {
  await using pool = new Pool(2);
  expect((await byApply(pool, NUMBERS)).sort((a, b) => a - b)).toEqual(SQUARES);
});

test("the program shows both, with their time", async () => {
  const { code, lines, stderr } = await runExample("pool-apply-vs-map", "20000", "2");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines.map((line) => line.replace(/\d+ ms/, "T"))).toEqual([
    "one mapAsync: 20000 squares, all right, T with the pool's start",
    "20000 × applyAsync: 20000 squares, all right, T with the pool's start",
  ]);
});
