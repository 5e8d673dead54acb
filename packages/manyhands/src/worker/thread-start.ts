/** Starts a worker thread: all that must be loaded before one can boot. */
import { Worker } from "node:worker_threads";
import { CallSlots } from "../memory/mod.js";
import { threadExecArgv } from "../wire/mod.js";
import type { WorkerSettings } from "./messages.js";

export interface ThreadSettings extends WorkerSettings {
  readonly resourceLimits?: import("node:worker_threads").ResourceLimits | undefined;
}

/** A thread on its way up. Whoever asked for it listens to it before the turn ends. */
export interface StartedThread {
  readonly worker: Worker;
  readonly slots: CallSlots;
}

const ENTRY = new URL("./thread-main.js", import.meta.url);

/** @throws whatever `new Worker` does: limits that are no numbers, a thread that the system does not give. */
export function startThread({ name, tasksPerWorker, memory, resourceLimits }: ThreadSettings): StartedThread {
  const slots = new CallSlots();
  const worker = new Worker(ENTRY, {
    workerData: { buffer: slots.buffer, settings: { name, tasksPerWorker, memory } },
    execArgv: threadExecArgv(process.execArgv),
    name,
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  });
  return { worker, slots };
}
