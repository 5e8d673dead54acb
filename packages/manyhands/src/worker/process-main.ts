/** The program of a worker process. Descriptor 3 brings the pool's messages, 4 takes the answers, 5 is the call file.
 *
 *  Guarantees: it ends when its parent is gone, however the parent ended; Ctrl-C, which the terminal sends to parent
 *  and child alike, is left to the parent. */
import { serializer } from "../base/serializer.js";
import { decodeCalls, FRAME, FrameReader } from "./frames.js";
import { setProcessIdentity } from "./identity.js";
import type { ToWorker } from "./messages.js";
import { leaveWithParent } from "./parent.js";
import { listen } from "./process-input.js";
import { ProcessLine } from "./process-line.js";
import type { ProcessBirth } from "./process-start.js";
import { Wakefulness } from "./wakefulness.js";
import { WorkerHost } from "./worker-host.js";

const settings = JSON.parse(process.argv[2] ?? "{}") as ProcessBirth;
// The task's own program arguments, if it looks at them, begin where they would without us.
process.argv.splice(1, 2);
const { name, parent } = settings;
setProcessIdentity({ name, daemon: false, path: "", parent: { name: parent, pid: process.ppid } });
const line = new ProcessLine(settings.tasksPerWorker);
const host = new WorkerHost(line, settings);
process.on("SIGINT", () => undefined);
process.on("exit", () => line.announce());
const reader = new FrameReader((kind, x, y, payload) => {
  if (kind === FRAME.message) return host.receive(serializer().deserialize(payload) as ToWorker);
  line.received(x);
  host.receive({ type: "calls", calls: decodeCalls(kind, y < 0 ? payload : line.takeArguments(y)) });
});
const wake = new Wakefulness();
listen({
  heard: (chunk) => {
    wake.heard();
    reader.push(chunk);
    wake.rest();
  },
  hurries: () => line.hurries,
  // Nobody waits for what still runs.
  closed: leaveWithParent,
});
