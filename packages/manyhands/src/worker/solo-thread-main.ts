/** The program of a thread that runs one function. */
import { parentPort, workerData } from "node:worker_threads";
import type { Transferable } from "../futures/mod.js";
import { threadTable } from "./all-threads.js";
import { setThreadIdentity } from "./identity.js";
import { Solo, type SoloLine } from "./solo.js";
import type { FromSolo, ToSolo } from "./solo-messages.js";
import type { ThreadBirth } from "./solo-thread.js";

const { identity, args, takes, target } = workerData as ThreadBirth;
setThreadIdentity(identity);
const { ticket } = identity;
// What it has started ends with it, and its starter may not hear of the end for a while.
if (ticket !== undefined) process.on("exit", () => threadTable().bury(ticket));

const line: SoloLine = {
  kind: "thread",
  post(message: FromSolo, transfer: readonly Transferable[] = []) {
    parentPort?.postMessage(message, transfer as never);
  },
  // An error is told by the starter, to its excepthook; the text of an exit by nobody, as in Python.
  print: () => undefined,
  report: () => undefined,
  interrupt: () => undefined,
  over() {
    if (ticket !== undefined) threadTable().retire(ticket);
  },
  async flushed() {
    // The starter takes what is printed piece by piece, and what it has not taken would be lost. Only then: it takes
    // nothing while its event loop does not turn.
    const printing = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
    await Promise.all(printing.map((stream) => new Promise((done) => stream.write("", done))));
  },
};

const solo = new Solo(line, { args, takes });
// Keeps the thread alive until its function has ended, even when that waits for something that does not.
parentPort?.on("message", (message: ToSolo) => solo.receive(message));
if (target !== undefined) solo.receive({ type: "target", target });
