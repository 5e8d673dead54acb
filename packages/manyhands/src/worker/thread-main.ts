/** The program of a worker thread. */

import { type MessagePort, parentPort, threadId, workerData } from "node:worker_threads";
import type { Transferable } from "../futures/mod.js";
import { CallSlots } from "../memory/call-slots.js";
import type { ItemRows } from "../memory/item-rows.js";
import { fitsSlot, type SlotValue } from "../memory/slot-value.js";
import { setThreadIdentity } from "./identity.js";
import type { Job } from "./job.js";
import { type FromWorker, LOOK, type ToWorker } from "./messages.js";
import type { ThreadStart } from "./thread-start.js";
import { Wakefulness } from "./wakefulness.js";
import { type Line, WorkerHost } from "./worker-host.js";

class ThreadLine implements Line {
  readonly kind = "thread";
  readonly id = threadId;
  readonly #rows: ItemRows;
  readonly #slots: CallSlots;
  readonly #answers: MessagePort;
  #published: "nothing" | "something" = "nothing";

  constructor(slots: CallSlots, answers: MessagePort) {
    this.#slots = slots;
    this.#rows = slots.rows;
    this.#answers = answers;
  }

  post(message: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#answers.postMessage(message, transfer as never);
  }

  claim(job: Job): boolean {
    if (job.form === "calls") return this.#slots.claim(job.slot, job.token, job.startedAt);
    this.#published = "something";
    return this.#rows.claim(job.run.header.slot, job.token, job.slot);
  }

  begun(job: Job): void {
    if (job.form === "calls") this.#slots.begun(job.slot, job.startedAt);
  }

  pass(job: Job, value: SlotValue, duration: number, next: number): boolean {
    if (job.form === "row") return this.#rows.pass(value, job.startedAt, duration);
    this.#published = "something";
    this.#slots.finish(job.slot, value, duration);
    return this.#slots.claim(job.slot + 1, job.token, next);
  }

  stopRequested(job: Job): boolean {
    // Nobody asks an item of a row to stop: whatever would is what keeps items from travelling together.
    return job.form === "calls" && this.#slots.stopRequested(job.slot, job.token);
  }

  tookContext(job: Job): void {
    if (job.form === "calls") this.#slots.markCooperative(job.slot);
  }

  publish(job: Job, value: unknown, duration: number): boolean {
    if (!fitsSlot(value)) return false;
    if (job.form === "calls") this.#slots.finish(job.slot, value, duration);
    else this.#rows.finish(value, job.startedAt, duration);
    this.#published = "something";
    return true;
  }

  ended(job: Job, duration: number): void {
    if (job.form === "calls") this.#slots.ended(job.slot, duration);
    else this.#rows.finishByMessage(job.startedAt, duration);
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
setThreadIdentity({ name: settings.name, daemon: false, ticket: undefined });
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
