/** Preloaded by `node --import` into a program, its worker threads and its worker processes: samples each of them from its
 *  first line to its exit, and writes the profile into the folder that MANYHANDS_PROFILES names.
 *
 *  `--cpu-prof` would do that for the main thread alone: workers do not inherit it, and must not. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";

/** In µs. Finer, and the sampling itself is what is seen. */
const INTERVAL = 200;

const folder = process.env["MANYHANDS_PROFILES"];
if (folder !== undefined) {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: INTERVAL });
  session.post("Profiler.start");
  // A child knows its parent; the main thread of the program itself has none that is profiled.
  const who = process.env["MANYHANDS_PROFILED"] === undefined && isMainThread ? "main" : "worker";
  process.env["MANYHANDS_PROFILED"] = "1";
  process.on("exit", () => {
    // Sessions with one's own thread answer before post() returns.
    session.post("Profiler.stop", (error, result) => {
      if (error !== null) throw error;
      writeFileSync(join(folder, `${who}-${process.pid}-${threadId}.json`), JSON.stringify(result.profile));
    });
  });
}
