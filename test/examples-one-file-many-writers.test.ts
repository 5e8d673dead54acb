/** examples/one-file-many-writers.ts: 1 000 lines, each square once, whole. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "manyhands/multiprocessing";
import { expect, test } from "vitest";
import { writeSquares } from "../examples/built/one-file-many-writers.js";
import { failureOf } from "./conformance/support.js";
import { folder } from "./keeping.js";
import { runExample } from "./run-example.js";

const LINES = Array.from({ length: 1000 }, (_, n) => `${n} ${n * n}`);
const linesOf = (file: string): string[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

test("the file holds each square once", async () => {
  const file = join(folder(), "squares");
  await using pool = new Pool(2);
  const pids = await writeSquares(pool, file, 1000);
  expect(linesOf(file)).toEqual(LINES);
  expect(pids.has(process.pid)).toBe(false);
});

test("a file that cannot be written is an error", async () => {
  await using pool = new Pool(2);
  expect(await failureOf(writeSquares(pool, join(folder(), "none", "squares"), 10))).toMatchObject({ code: "ENOENT" });
  expect(await failureOf(writeSquares(pool, "/dev/full", 10))).toMatchObject({ code: "ENOSPC" });
});

test("the program writes the file and says so", async () => {
  const file = join(folder(), "squares");
  const { code, lines, stderr } = await runExample("one-file-many-writers", file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines).toEqual([expect.stringMatching(/^1000 squares of [1-4] processes in /)]);
  expect(linesOf(file)).toEqual(LINES);
});
