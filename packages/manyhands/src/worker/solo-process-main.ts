/** The program of a process that runs one function. Descriptor 3 connects it with its parent, in both directions.
 *
 *  Guarantees: it ends when its parent is gone, however the parent ended; Ctrl-C, which the terminal sends to parent and
 *  child alike, is left to the parent. */
import { Socket } from "node:net";
import { inspect } from "node:util";
import { serializer } from "../base/serializer.js";
import { FrameReader, FrameWriter } from "./frames.js";
import { type ProcessIdentity, setProcessIdentity } from "./identity.js";
import { Solo, type SoloLine } from "./solo.js";
import type { SoloArguments, ToSolo } from "./solo-messages.js";

const identity = JSON.parse(process.argv[2] ?? "{}") as ProcessIdentity;
// The function's own program arguments, if it looks at them, begin where they would without us.
process.argv.splice(1, 2);
setProcessIdentity(identity);

const frames = new FrameWriter(3);
const leaveToParent = (): void => undefined;
process.on("SIGINT", leaveToParent);

const line: SoloLine = {
  kind: "process",
  post: (message) => frames.message(message, 0, 0),
  print: (text) => process.stderr.write(`${text}\n`),
  report: (error) => process.stderr.write(`Exception in process ${identity.name}:\n${inspect(error)}\n`),
  over: () => undefined,
  interrupt() {
    if (process.listenerCount("SIGINT") > 1) {
      process.emit("SIGINT", "SIGINT");
      return;
    }
    // Without a handler the signal ends the process.
    process.off("SIGINT", leaveToParent);
    process.kill(process.pid, "SIGINT");
  },
  flushed: () => new Promise((done) => process.stdout.write("", () => process.stderr.write("", () => done()))),
};

/** The arguments come first of all. */
let solo: Solo | undefined;
const reader = new FrameReader((_kind, _x, _y, payload) => {
  const message: unknown = serializer().deserialize(payload);
  if (solo === undefined) solo = new Solo(line, message as SoloArguments);
  else solo.receive(message as ToSolo);
});
const input = new Socket({ fd: 3, readable: true, writable: false });
input.on("data", (chunk: Buffer) => reader.push(chunk));
const parted = (): void => (solo === undefined ? process.exit(1) : solo.abandoned());
input.on("close", parted);
input.on("error", parted);
