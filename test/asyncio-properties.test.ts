/** What holds of every program of tasks, tried on random ones (asyncio-programs.ts). A failure prints its seed, and the
 *  smallest program that shows it.
 *
 *  `MANYHANDS_LONG=1 npx vitest run test/asyncio-properties.test.ts` tries a hundred times as many. */
import fc from "fast-check";
import * as asyncio from "manyhands/asyncio";
import { expect, test } from "vitest";
import { programs, runProgram } from "./asyncio-programs.js";

const RUNS = process.env.MANYHANDS_LONG === undefined ? 1000 : 100_000;

test("no permit and no item is lost or doubled, every task ends, requests are balanced, nothing is left behind", async () => {
  const details = await fc.check(
    fc.asyncProperty(programs, (program) => runProgram(asyncio, program)),
    { numRuns: RUNS },
  );
  expect(details.failed, details.failed ? fc.defaultReportMessage(details) : "").toBe(false);
  expect(details.numRuns).toBe(RUNS);
}, 1_200_000);
