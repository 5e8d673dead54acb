/** Parks for an owner that answers what nobody can read; prints the code of the error. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

type OwnerLines = typeof import("../../packages/manyhands/dist/share/owner-line.js");
// By its address: this program is built into another folder than it stands in.
const { lineTo } = (await import(new URL("share/owner-line.js", import.meta.resolve("manyhands")).href)) as OwnerLines;

const path = join(tmpdir(), `manyhands-garbled-${process.pid}.sock`);
// Three bytes that are no message. In a thread of its own, for this one parks.
const owner = new Worker(
  `const { createServer } = require("node:net");
   const answer = Buffer.from([3, 0, 0, 0, 1, 2, 3]);
   const server = createServer((socket) => {
     socket.on("error", () => socket.destroy());
     socket.once("data", () => socket.write(answer));
   });
   server.listen(${JSON.stringify(path)}, () => require("node:worker_threads").parentPort.postMessage("up"));`,
  { eval: true },
);
await new Promise((resolve) => owner.once("message", resolve));
try {
  lineTo(path, "key").callSync(1, "look", []);
} catch (error) {
  console.log((error as { readonly code: string }).code);
}
rmSync(path, { force: true });
process.exit(0);
