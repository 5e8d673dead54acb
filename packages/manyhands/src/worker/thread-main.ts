/** The program of a worker thread. */

import { type MessagePort, parentPort, threadId, workerData } from "node:worker_threads";
import type { Transferable } from "../futures/mod.js";
import { CallSlots, fitsSlot } from "../memory/call-slots.js";
import type { Job } from "./job.js";
import { type FromWorker, LOOK, type ToWorker } from "./messages.js";
import type { ThreadStart } from "./thread-start.js";
import { Wakefulness } from "./wakefulness.js";
import { type Line, WorkerHost } from "./worker-host.js";

class ThreadLine implements Line {
  readonly kind = "thread";
  readonly id = threadId;
  readonly #slots: CallSlots;
  readonly #answers: MessagePort;
  #published: "nothing" | "something" = "nothing";

  constructor(slots: CallSlots, answers: MessagePort) {
    this.#slots = slots;
    this.#answers = answers;
  }

  post(message: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#answers.postMessage(message, transfer as never);
  }

  claim(job: Job): boolean {
    return this.#slots.claim(job.slot, job.token, job.startedAt);
  }

  begun(job: Job): void {
    this.#slots.begun(job.slot, job.startedAt);
  }

  stopRequested(job: Job): boolean {
    return this.#slots.stopRequested(job.slot, job.token);
  }

  tookContext(job: Job): void {
    this.#slots.markCooperative(job.slot);
  }

  publish(job: Job, value: unknown, duration: number): boolean {
    if (!fitsSlot(value)) return false;
    this.#slots.finish(job.slot, value, duration);
    this.#published = "something";
    return true;
  }

  ended(job: Job, duration: number): void {
    this.#slots.ended(job.slot, duration);
  }

  announce(): void {
    if (this.#published === "nothing") return;
    this.#published = "nothing";
    this.post(LOOK);
  }

  memory(): number {
    // Few pools ask for it.
    const heap = process.getBuiltinModule("node:v8").getHeapStatistics();
    return heap.used_heap_size + heap.external_memory;
  }

  exit(code: number): void {
    process.exit(code);
  }
}

const { buffer, answers, settings } = workerData as ThreadStart;
const line = new ThreadLine(new CallSlots(buffer), answers);
const host = new WorkerHost(line, settings);
// Whatever a task that calls process.exit() had finished before must still be heard of.
process.on("exit", () => line.announce());
const wake = new Wakefulness();
parentPort?.on("message", (message: ToWorker) => {
  wake.heard();
  host.receive(message);
  wake.rest();
});
