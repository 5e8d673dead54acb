/** `orphans.js FOLDER`: a program with two busy process workers, which waits to be killed. */
import { join } from "node:path";
import { ProcessPoolExecutor } from "manyhands";
import { processId } from "#tasks/basic.js";
import { waitForEver } from "#tasks/stopping.js";
import { made } from "../conformance/support.js";

const [, , folder = ""] = process.argv;
// Nobody may be left to end it when the test that started it was cut off.
setTimeout(() => process.exit(9), 30_000).unref();
const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
const pids = new Set<number>();
while (pids.size < 2)
  for (const pid of await Promise.all([1, 2, 3, 4].map(() => pool.submit(processId)))) pids.add(pid);
void pool.submit(waitForEver, join(folder, "started"));
await made(join(folder, "started"));
console.log(`workers ${[...pids].join(" ")}`);
