/** `busy-workers.js FOLDER WAY`: a program whose two process workers never yield, and which then ends in some way. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ProcessPoolExecutor } from "manyhands";
import { busyWithPid } from "#tasks/stopping.js";
import { until } from "../conformance/support.js";
import { pidIn } from "../pids.js";

const [, , folder = "", way = ""] = process.argv;
// Nobody may be left to end it when the test that started it was cut off.
setTimeout(() => process.exit(9), 30_000).unref();
const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
const files = ["one", "two"].map((name) => join(folder, name));
for (const file of files) void pool.submit(busyWithPid, file);
await until(() => files.every((file) => existsSync(file)), "both workers should be busy");
console.log(`workers ${files.map(pidIn).join(" ")}`);
if (way === "guard ended") {
  const [guard = 0] = shells();
  process.kill(guard, "SIGKILL");
  await until(() => shells().some((shell) => shell !== guard), "another guard should have begun");
  process.kill(process.pid, "SIGKILL");
}
if (way === "exit") process.exit(3);
if (way === "throw") throw new Error("the program fails");

/** The shells among the children of this program: its guards. */
function shells(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ");
  return children.map(Number).filter((pid) => /^\/bin\/sh\0/.test(commandOf(pid)));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended since it was listed.
    return "";
  }
}
