/** What tasks print in threads: the thread starts before the program's own streams are opened. */
import { expect, test } from "vitest";
import { node } from "./conformance/support.js";

/** More than an emitter has listeners before Node takes them for a leak. */
const WORKERS = 12;

/** Its calls wait while they boot, so as many are started. Nothing ends them: a worker whose output is read must not hold the program. */
const PROGRAM = `
import { ThreadPoolExecutor } from ${JSON.stringify(new URL("../packages/manyhands/dist/mod.js", import.meta.url).href)};
const pool = new ThreadPoolExecutor({ maxWorkers: ${WORKERS} });
const speak = (n) => {
  console.log("out", n);
  console.error("err", n);
};
await Promise.all(Array.from({ length: ${WORKERS} }, (_, n) => pool.submit(speak, n)));
`;

const lines = (text: string): readonly string[] => text.trim().split("\n").sort();

test("comes out of the program where it was meant to, and keeps no program alive", async () => {
  const end = await node(["--input-type=module", "-e", PROGRAM]).ended;
  const numbers = Array.from({ length: WORKERS }, (_, n) => n);
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(lines(end.stdout)).toEqual(lines(numbers.map((n) => `out ${n}`).join("\n")));
  expect(lines(end.stderr)).toEqual(lines(numbers.map((n) => `err ${n}`).join("\n")));
});
