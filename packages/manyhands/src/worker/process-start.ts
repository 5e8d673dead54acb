/** Starts a worker process: all that must be loaded before one can boot. */
import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openCallFile } from "../memory/mod.js";
import { workerExecArgv } from "../wire/mod.js";
import { processIdentity } from "./identity.js";
import type { WorkerSettings } from "./messages.js";

export interface ProcessSettings extends WorkerSettings {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly resourceLimits?: import("node:worker_threads").ResourceLimits | undefined;
}

/** What a process is told when it is made. */
export interface ProcessBirth extends WorkerSettings {
  /** The name of the process that makes it. */
  readonly parent: string;
}

/** A process on its way up, and the descriptor of the file it shares with its pool. Whoever asked for it listens to it before the turn
 *  ends. */
export interface StartedProcess {
  readonly child: ChildProcess;
  readonly file: number;
}

const ENTRY = fileURLToPath(new URL("./process-main.js", import.meta.url));

/** @throws Error when the system gives no file or no pipes. A program that cannot be run is told by the child's event. */
export function startProcess(settings: ProcessSettings): StartedProcess {
  const file = openCallFile();
  let child: ChildProcess | undefined;
  try {
    child = start(settings, file);
    if (child.stdio?.[4] == null) throw new Error("the system gives it no pipes (too many files are open?)");
    return { child, file };
  } catch (error) {
    closeSync(file);
    // Its maker is told by what is thrown; the same told by the event, unheard, would end the program.
    child?.on("error", () => undefined);
    if (child !== undefined) killChild(child);
    throw error;
  }
}

/** Not SIGTERM, which a task may have a handler for. And never a child without a pid, one that could not be started: Node
 *  would send the signal to pid 0, which is the program itself and its whole process group. */
export function killChild(child: ChildProcess): void {
  if (child.pid !== undefined) child.kill("SIGKILL");
}

function start(settings: ProcessSettings, callFile: number): ChildProcess {
  // Taken when it is needed: a program of threads need not load it.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const { name, tasksPerWorker, memory, resourceLimits } = settings;
  const flags = [...workerExecArgv(settings.execArgv ?? process.execArgv)];
  if (resourceLimits?.maxOldGenerationSizeMb !== undefined) {
    flags.push(`--max-old-space-size=${resourceLimits.maxOldGenerationSizeMb}`);
  }
  const birth: ProcessBirth = { name, tasksPerWorker, memory, parent: processIdentity().name };
  return spawn(process.execPath, [...flags, ENTRY, JSON.stringify(birth)], {
    // inherit: what a task prints belongs to the program's own output.
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe", callFile],
    ...(settings.env === undefined ? {} : { env: settings.env }),
    ...(settings.cwd === undefined ? {} : { cwd: settings.cwd }),
    ...(settings.uid === undefined ? {} : { uid: settings.uid }),
    ...(settings.gid === undefined ? {} : { gid: settings.gid }),
  });
}
