/** The inside of a worker, thread or process: takes the pool's messages, runs the loop, answers over its line.
 *
 *  Guarantees: the initializer runs before any call; a function is loaded once; every claimed call is answered, also
 *  when its result cannot travel; an error that no task caught is told to the pool before the worker ends of it. */
import { systemClock } from "../base/clock.js";
import { SerializationError } from "../base/errors.js";
import type { Transferable } from "../futures/mod.js";
import { encodeError } from "../wire/errors.js";
import { transferListOf } from "../wire/transfer.js";
import type { TaskContext } from "./context.js";
import type { Job, JobCode, JobHost, PassingLine } from "./job.js";
import { TaskLoop } from "./loop.js";
import { type FromWorker, type Initializer, LARGE, readCalls, type ToWorker, type WorkerSettings } from "./messages.js";
import { rarely } from "./rarely.js";
import { loadTarget, type Target } from "./target.js";

/** The worker's end of its connection with the pool. */
export interface Line extends PassingLine {
  readonly kind: "thread" | "process";
  readonly id: number;
  /** Sends a message; throws when a part of it cannot be cloned. */
  post(message: FromWorker, transfer?: readonly Transferable[]): void;
  claim(job: Job): boolean;
  /** Tells the true start of a call that was claimed while its module was loading. */
  begun(job: Job): void;
  stopRequested(job: Job): boolean;
  tookContext(job: Job): void;
  /** Publishes a small outcome without a message. @returns false when it must be posted. */
  publish(job: Job, value: unknown, duration: number): boolean;
  /** Says how long a call ran whose outcome is about to be posted: behind its reports, if it has made any. */
  ended(job: Job, duration: number, reports: "some" | "none"): void;
  /** Makes known what was published. */
  announce(): void;
  /** Bytes in use by this worker. */
  memory(): number;
  /** Ends the worker in good order. */
  exit(code: number): void;
}

/** Memory is looked at no more often than this, in ms: the look itself takes some 30 µs. */
const MEMORY_EVERY = 20;

export class WorkerHost implements JobHost {
  readonly worker: TaskContext["worker"];
  readonly line: Line;
  readonly #settings: WorkerSettings;
  readonly #loop: TaskLoop;
  readonly #targets: Target[] = [];
  readonly #codes: (JobCode | Promise<JobCode> | undefined)[] = [];
  /** Jobs that reported progress: their outcome must be a message too, or it would overtake the reports. */
  readonly #reported = new WeakSet<Job>();
  #phase: "starting" | "serving" | "closing" = "starting";
  #memoryAt = 0;

  constructor(line: Line, settings: WorkerSettings) {
    this.line = line;
    this.#settings = settings;
    this.worker = { kind: line.kind, id: line.id, name: settings.name };
    this.#loop = new TaskLoop(this, settings.tasksPerWorker, settings.tasksPerWorker === 1 ? "alone" : "among");
    process.on("uncaughtException", (error) => {
      line.post({ type: "uncaught", error: encodeError(error) });
      line.exit(1);
    });
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case "initialize":
        void this.#initialize(message.initializer);
        break;
      case "function":
        this.#targets[message.index] = message;
        break;
      case "calls":
        readCalls(message.calls, this.line.kind, this, (run) => this.#loop.push(run));
        if (this.#phase !== "starting") this.#loop.drain();
        break;
      case "stop":
        this.#loop.stop(message.slot, message.token, message.reason);
        break;
      case "ping":
        this.line.post({ type: "alive" });
        break;
      case "examine":
        this.line.post({ type: "vitals", memory: this.line.memory(), at: systemClock.now() });
        break;
      case "close":
        this.#phase = "closing";
        this.#leaveWhenDone();
        break;
    }
  }

  claim(job: Job): boolean {
    return this.line.claim(job);
  }

  begun(job: Job): void {
    this.line.begun(job);
  }

  stopRequested(job: Job): boolean {
    return this.line.stopRequested(job);
  }

  tookContext(job: Job): void {
    this.line.tookContext(job);
  }

  progress(job: Job, value: unknown): void {
    this.#reported.add(job);
    try {
      this.line.post({ type: "progress", slot: job.slot, token: job.token, value });
    } catch {
      // Thrown into the task, where the value comes from: there it can be mended.
      if (!this.#postParcel(job, value, "report")) throw rarely().serializationError(value, "progress", this.line.kind);
    }
  }

  resolve(code: unknown): JobCode | Promise<JobCode> {
    const index = code as number;
    return this.#codes[index] ?? this.#load(index);
  }

  fulfilled(job: Job, value: unknown, duration: number): void {
    // A job that has not taken its context has reported nothing.
    const reported = job.context !== undefined && this.#reported.has(job);
    if (reported || !this.line.publish(job, value, duration))
      this.#postValue(job, value, duration, reported ? "some" : "none");
  }

  rejected(job: Job, reason: unknown, duration: number): void {
    this.line.ended(job, duration, "none");
    this.line.post({ type: "error", slot: job.slot, error: encodeError(reason) });
  }

  announce(): void {
    this.line.announce();
    if (this.#settings.memory === "report") this.#reportMemory();
    if (this.#phase === "closing") this.#leaveWhenDone();
  }

  async #initialize(initializer: Initializer | undefined): Promise<void> {
    if (initializer !== undefined) {
      try {
        const run = await loadTarget(initializer);
        await run(...(initializer.args as never[]));
      } catch (error) {
        this.line.post({ type: "broken", error: encodeError(error) });
        return;
      }
    }
    if (this.#phase === "starting") this.#phase = "serving";
    this.line.post({ type: "ready" });
    this.#loop.drain();
  }

  /** Loads a function when its first call is here, not before: a module that ends its worker while it is loaded must do
   *  so under a call, or that call would be given to one worker after another. */
  #load(index: number): Promise<JobCode> {
    const code = loadTarget(this.#targets[index] as Target).then((run): JobCode => {
      const loaded: JobCode = { run, expected: Number.POSITIVE_INFINITY };
      this.#codes[index] = loaded;
      return loaded;
    });
    // Each call of the function hears of the failure; a call that was taken back meanwhile leaves nobody to hear it.
    code.catch(() => undefined);
    this.#codes[index] = code;
    return code;
  }

  #postValue(job: Job, value: unknown, duration: number, reports: "some" | "none"): void {
    this.line.ended(job, duration, reports);
    const moved = this.line.kind === "thread" ? transferListOf(value) : [];
    try {
      const copied = moved.length > 0 ? 0 : largeSize(value);
      this.line.post({ type: "value", slot: job.slot, value, copied }, moved);
    } catch (cause) {
      this.#postRefused(job, value, duration, cause);
    }
  }

  /** A result that cannot be posted as it is: one with shared objects, or one that cannot travel at all. */
  #postRefused(job: Job, value: unknown, duration: number, cause: unknown): void {
    try {
      if (this.#postParcel(job, value, "result")) return;
      throw rarely().serializationError(value, "result", this.line.kind);
    } catch (error) {
      if (error instanceof SerializationError && error.cause === undefined) error.cause = cause;
      this.rejected(job, error, duration);
    }
  }

  /** @returns whether the value holds shared objects. */
  #postParcel({ slot, token }: Job, value: unknown, of: "result" | "report"): boolean {
    const { kind } = this.line;
    const parcel = rarely().pack(value, of === "result" ? of : "progress", kind, "once");
    if (parcel === undefined) return false;
    this.line.post({ type: "parcel", of, slot, token, parcel }, kind === "thread" ? transferListOf(parcel) : []);
    return true;
  }

  #reportMemory(): void {
    const now = performance.now();
    if (now - this.#memoryAt < MEMORY_EVERY) return;
    this.#memoryAt = now;
    this.line.post({ type: "memory", bytes: this.line.memory() });
  }

  #leaveWhenDone(): void {
    if (this.#loop.idle) this.line.exit(0);
  }
}

/** The size of a value that is one large piece; 0 for others, which are not worth a walk on the hot path. */
function largeSize(value: unknown): number {
  let bytes = 0;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes = value.byteLength;
  else if (typeof value === "string") bytes = value.length;
  return bytes > LARGE ? bytes : 0;
}
