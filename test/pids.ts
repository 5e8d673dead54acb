/** Which processes run: for those of whose end nobody tells the test. */
import { existsSync, readFileSync } from "node:fs";

/** Whether the process runs. One that has ended and whose exit code nobody has read is still listed, but does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (!existsSync("/proc/self/stat")) return true;
    const [, state] = /^.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return state !== "Z";
  } catch {
    return false;
  }
}

/** The pid that a process wrote into a file. */
export function pidIn(file: string): number {
  return Number(readFileSync(file, "utf8"));
}
