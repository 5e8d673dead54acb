/** `interrupted.js FOLDER`: takes SIGINT as a request to finish: what runs in a process worker must be allowed to. */
import { join } from "node:path";
import { ProcessPoolExecutor } from "manyhands";
import { passGate } from "#tasks/gate.js";
import { Gate } from "../conformance/support.js";

const [, , folder = ""] = process.argv;
// Nobody may be left to end it when the test that started it was cut off.
setTimeout(() => process.exit(9), 30_000).unref();
const gate = await Gate.at(join(folder, "gate"));
const pool = new ProcessPoolExecutor({ maxWorkers: 1 });
const call = pool.submit(passGate, gate.path, "x");
process.once("SIGINT", () => {
  console.log("interrupted");
  gate.open();
});
await gate.arrived(1);
console.log("ready");
console.log(`the call ended with ${await call}`);
await gate.close();
