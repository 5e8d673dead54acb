/** Starts a worker thread: all that must be loaded before one can boot. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { newSlotBuffer } from "../memory/mod.js";
import { threadExecArgv } from "../wire/mod.js";
import type { WorkerSettings } from "./messages.js";
import { joinOutput } from "./worker-output.js";

export interface ThreadSettings extends WorkerSettings {
  readonly resourceLimits?: import("node:worker_threads").ResourceLimits | undefined;
}

/** What the thread is told when it starts. */
export interface ThreadStart {
  readonly buffer: SharedArrayBuffer;
  /** Where its messages go. */
  readonly answers: MessagePort;
  readonly settings: WorkerSettings;
}

/** A thread on its way up. Whoever asked for it listens to it before the turn ends. */
export interface StartedThread {
  readonly worker: Worker;
  /** The memory of its call slots. */
  readonly buffer: SharedArrayBuffer;
  /** Where its messages come. A port of our own: from the worker's, messages cannot be taken without an event. */
  readonly answers: MessagePort;
}

const ENTRY = new URL("./thread-main.js", import.meta.url);

/** Who joins what workers print to the program's output. */
let output: "we" | "node" = "we";

/** @throws whatever `new Worker` does: limits that are no numbers, a thread that the system does not give. */
export function startThread(settings: ThreadSettings): StartedThread {
  const { name, tasksPerWorker, memory, resourceLimits } = settings;
  const buffer = newSlotBuffer();
  const { port1: answers, port2: mouth } = new MessageChannel();
  const start: ThreadStart = { buffer, answers: mouth, settings: { name, tasksPerWorker, memory } };
  const worker = new Worker(ENTRY, {
    workerData: start,
    transferList: [mouth],
    execArgv: threadExecArgv(process.execArgv),
    name,
    ...(output === "we" ? { stdout: true, stderr: true } : {}),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  });
  if (output === "node" || joinOutput(worker) === "joined") return { worker, buffer, answers };
  output = "node";
  void worker.terminate();
  answers.close();
  return startThread(settings);
}
