/** What tasks print in threads: the thread starts before the program's own streams are opened. */
import { expect, test } from "vitest";
import { node } from "./conformance/support.js";

/** More than an emitter has listeners before Node takes them for a leak. */
const WORKERS = 12;

/** Its calls wait while they boot, so as many are started.
 *  @param end what ends the pool, or nothing: a worker whose output is read must not hold the program. */
const program = (end: string): string => `
import { ThreadPoolExecutor } from ${JSON.stringify(new URL("../packages/manyhands/dist/mod.js", import.meta.url).href)};
const pool = new ThreadPoolExecutor({ maxWorkers: ${WORKERS} });
const speak = (n) => {
  console.log("out", n);
  console.error("err", n);
};
await Promise.all(Array.from({ length: ${WORKERS} }, (_, n) => pool.submit(speak, n)));
${end}
`;

const lines = (text: string): readonly string[] => text.trim().split("\n").sort();
const spoken = (stream: string): readonly string[] =>
  lines(Array.from({ length: WORKERS }, (_, n) => `${stream} ${n}`).join("\n"));

test("comes out of the program where it was meant to, all of it when the pool is shut down", async () => {
  const end = await node(["--input-type=module", "-e", program("await pool.shutdown();")]).ended;
  expect(end).toMatchObject({ code: 0, signal: null });
  expect([lines(end.stdout), lines(end.stderr)]).toEqual([spoken("out"), spoken("err")]);
});

test("keeps no program alive", async () => {
  const end = await node(["--input-type=module", "-e", program("")]).ended;
  expect(end).toMatchObject({ code: 0, signal: null });
  // A result may overtake what was printed, as with every Worker of Node's that does not hold the program.
  expect(spoken("out")).toEqual(expect.arrayContaining(lines(end.stdout).filter((line) => line !== "")));
});
