/** The program of a worker process. Descriptor 3 brings the pool's messages, 4 takes the answers, 5 is the call file.
 *
 *  Guarantees: it ends when its parent is gone, however the parent ended; Ctrl-C, which the terminal sends to parent
 *  and child alike, is left to the parent. */
import { Socket } from "node:net";
import { InheritedCallFile } from "../memory/mod.js";
import { FRAME, FrameReader, FrameWriter, smallKind } from "./frames.js";
import type { Job } from "./job.js";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.js";
import { callGeneration, isFirm } from "./process-token.js";
import { type Line, WorkerHost } from "./worker-host.js";

/** A look at the call file costs a system call; a busy loop that asks all the time is answered from the last look. */
const LOOK_EVERY = 0.05;

class ProcessLine implements Line {
  readonly kind = "process";
  readonly id = process.pid;
  readonly #frames = new FrameWriter(4);
  readonly #file = new InheritedCallFile(5);
  readonly #looks = new WeakMap<Job, { readonly at: number; readonly stop: boolean }>();

  post(message: FromWorker): void {
    this.#frames.message(message);
    this.#frames.flush();
  }

  claim(job: Job): boolean {
    if (!isFirm(job.token) && !this.#file.claim(job.slot, callGeneration(job.token))) {
      this.post({ type: "skipped", slot: job.slot });
      return false;
    }
    this.#frames.frame(FRAME.started, job.slot, job.startedAt, 0);
    // With it leaves the outcome of the call before: nothing finished is in this process when the next call runs.
    this.#frames.flush();
    return true;
  }

  begun(job: Job): void {
    this.#frames.frame(FRAME.started, job.slot, job.startedAt, 0);
    this.#frames.flush();
  }

  stopRequested(job: Job): boolean {
    const now = performance.now();
    const last = this.#looks.get(job);
    // Once asked to stop, always asked to stop.
    if (last !== undefined && (last.stop || now - last.at < LOOK_EVERY)) return last.stop;
    const stop = this.#file.stopRequested(job.slot, callGeneration(job.token));
    this.#looks.set(job, { at: now, stop });
    return stop;
  }

  tookContext(job: Job): void {
    this.post({ type: "cooperative", slot: job.slot });
  }

  publish(job: Job, value: unknown, duration: number): boolean {
    const kind = smallKind(value);
    if (kind === undefined) return false;
    this.#frames.frame(kind, job.slot, typeof value === "number" ? value : 0, duration);
    return true;
  }

  ended(job: Job, duration: number): void {
    // The duration of a posted outcome goes ahead of it.
    this.#frames.frame(FRAME.started, job.slot, job.startedAt, duration);
  }

  announce(): void {
    this.#frames.flush();
  }

  memory(): number {
    return process.memoryUsage.rss();
  }

  exit(code: number): void {
    process.exit(code);
  }
}

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
// The task's own program arguments, if it looks at them, begin where they would without us.
process.argv.splice(1, 2);
const line = new ProcessLine();
const host = new WorkerHost(line, settings);
process.on("SIGINT", () => undefined);
process.on("exit", () => line.announce());
const reader = new FrameReader({
  message: (message) => host.receive(message as ToWorker),
  small: () => undefined,
});
const input = new Socket({ fd: 3, readable: true, writable: false });
input.on("data", (chunk: Buffer) => reader.push(chunk));
// The parent is gone: nobody waits for what still runs.
input.on("close", () => process.exit(1));
input.on("error", () => process.exit(1));
