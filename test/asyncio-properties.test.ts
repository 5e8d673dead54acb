/** What holds of every program of tasks, tried on random ones (asyncio-programs.ts). A failure prints its seed, and the
 *  smallest program that shows it.
 *
 *  Each run tries the same ones. `MANYHANDS_LONG=1 npx vitest run test/asyncio-properties.test.ts` tries a hundred times as
 *  many, others each time. */
import fc from "fast-check";
import * as asyncio from "manyhands/asyncio";
import { expect, test } from "vitest";
import { programs, runProgram } from "./asyncio-programs.js";

const SAMPLE =
  process.env.MANYHANDS_LONG === undefined ? { numRuns: 1000, seed: 20261125 } : { numRuns: 100_000, seed: Date.now() };

test("no permit and no item is lost or doubled, every task ends, requests are balanced, nothing is left behind", async () => {
  const details = await fc.check(
    fc.asyncProperty(programs, (program) => runProgram(asyncio, program)),
    SAMPLE,
  );
  expect(details.failed, details.failed ? fc.defaultReportMessage(details) : "").toBe(false);
  expect(details.numRuns).toBe(SAMPLE.numRuns);
}, 1_200_000);
