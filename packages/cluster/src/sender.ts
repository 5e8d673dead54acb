/** Puts jobs into the queue.
 *
 *  Guarantees: in the order in which they were handed over, the jobs of one turn together; a job is in the queue once,
 *  also when the connection breaks while it is sent; one that Redis does not take in time is given back with the reason. */
import { setTimeout as delay } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { taskName } from "manyhands/engine";
import { BREATH, isLoss, isReply, whenReady } from "./connections.js";
import type { JobData } from "./envelope.js";
import type { Keys } from "./keys.js";
import type { SentJob } from "./sent-job.js";

/** Jobs in one transaction, and characters of their data. */
const MOST_JOBS = 250;
const MOST_TEXT = 4 * 1024 * 1024;

export interface SenderSettings {
  readonly queue: Queue<JobData>;
  readonly redis: Redis;
  readonly keys: Keys;
  /** In ms. */
  readonly patience: number;
  /** Resolves when all that Redis has to tell by now has been heard. */
  caughtUp(): Promise<void>;
  /** Redis has the job. */
  added(job: SentJob): void;
  /** Redis has the job, or may have it, and meanwhile nobody wants it any more. */
  unwanted(job: SentJob): void;
  /** Redis did not take it. @param reached whether it may have it all the same. */
  gaveUp(job: SentJob, reached: "maybe" | "no", cause: unknown): void;
}

export class Sender {
  readonly #settings: SenderSettings;
  /** In order; those before `#head` need nothing more. A list of a million is not to be moved for each batch. */
  #waiting: SentJob[] = [];
  #head = 0;
  /** When Redis last took something. */
  #progressAt = 0;
  #phase: "idle" | "sending" | "closed" = "idle";
  #timer: NodeJS.Timeout | undefined;
  #trouble: unknown;

  constructor(settings: SenderSettings) {
    this.#settings = settings;
  }

  push(job: SentJob): void {
    this.#waiting.push(job);
    this.#watch();
    if (this.#phase !== "idle") return;
    this.#phase = "sending";
    queueMicrotask(() => void this.#send());
  }

  close(): void {
    this.#phase = "closed";
    this.#waiting = [];
    this.#head = 0;
    clearTimeout(this.#timer);
  }

  async #send(): Promise<void> {
    while (this.#phase === "sending" && this.#head < this.#waiting.length) {
      const batch = this.#next();
      try {
        await whenReady(this.#settings.redis);
        await this.#sort(batch);
        await this.#add(batch.filter(({ state }) => state === "unsent"));
      } catch (error) {
        this.#failed(batch, error);
        await delay(BREATH);
      }
    }
    if (this.#phase === "sending") this.#phase = "idle";
  }

  #next(): SentJob[] {
    let text = 0;
    let end = this.#head;
    for (let job = this.#waiting[end]; job !== undefined; job = this.#waiting[end]) {
      text += job.data.length;
      if (end > this.#head && (end - this.#head >= MOST_JOBS || text > MOST_TEXT)) break;
      end += 1;
    }
    // They stay in the list until Redis has them: then they can still be given up in time.
    return this.#waiting.slice(this.#head, end);
  }

  /** Finds out about those of which it is not sure that Redis has them: a job that is not there, and of which nothing has
   *  been heard, never got there, since its outcome is written before it leaves. */
  async #sort(batch: readonly SentJob[]): Promise<void> {
    const unsure = batch.filter(({ state }) => state === "unsure");
    if (unsure.length === 0) return;
    const { redis, keys, caughtUp } = this.#settings;
    const pipeline = redis.pipeline();
    for (const { id } of unsure) pipeline.exists(keys.job(id));
    const found = (await pipeline.exec()) ?? [];
    await caughtUp();
    for (const [at, job] of unsure.entries()) {
      const [error, there] = found[at] ?? [];
      if (error) throw error;
      if (job.state !== "unsure") continue;
      if (there === 1 || job.begun || job.over) this.#has(job);
      else job.state = "unsent";
    }
  }

  async #add(batch: readonly SentJob[]): Promise<void> {
    for (const job of batch) job.state = "adding";
    if (batch.length === 0) return this.#trim();
    await this.#settings.queue.addBulk(
      batch.map(({ id, data, first }) => ({
        name: taskName(first.task),
        data: { b64: data },
        opts: { jobId: id, priority: priorityOf(first.plan.priority) },
      })),
    );
    this.#progressAt = performance.now();
    for (const job of batch) this.#has(job);
    this.#trim();
  }

  #has(job: SentJob): void {
    if (job.state === "withdrawn") return this.#settings.unwanted(job);
    job.state = "added";
    this.#settings.added(job);
  }

  #failed(batch: readonly SentJob[], error: unknown): void {
    this.#trouble = error;
    for (const job of batch) {
      if (job.state === "adding") job.state = "unsure";
      else if (job.state === "withdrawn") this.#settings.unwanted(job);
    }
    // What passes by itself is waited for; what is wrong with these jobs is not.
    const passes = isLoss(error) || (error instanceof Error && error.name === "ReplyError" && !isReply(error));
    if (!passes || this.#settings.redis.status === "end") this.#giveUp(batch, error);
    this.#trim();
  }

  /** Passes over those that need nothing more from here. */
  #trim(): void {
    for (let job = this.#waiting[this.#head]; job !== undefined && isDone(job); job = this.#waiting[this.#head]) {
      this.#head += 1;
    }
    if (this.#head < this.#waiting.length && this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
    if (this.#waiting.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveUp(jobs: readonly SentJob[], cause: unknown): void {
    for (const job of jobs) {
      if (job.state === "added" || job.state === "withdrawn") continue;
      const reached = job.state === "unsent" ? "no" : "maybe";
      job.state = "withdrawn";
      this.#settings.gaveUp(job, reached, cause);
    }
  }

  /** Gives those up that have waited too long without Redis having taken any: a long list takes its time. */
  #watch(): void {
    const oldest = this.#waiting[this.#head];
    if (this.#timer !== undefined || oldest === undefined) return;
    const left = Math.max(oldest.since, this.#progressAt) + this.#settings.patience - performance.now();
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(left)));
  }

  #look(): void {
    this.#timer = undefined;
    const { patience } = this.#settings;
    const now = performance.now();
    if (now - this.#progressAt >= patience) {
      const late = this.#waiting.slice(this.#head).filter(({ since }) => now - since >= patience);
      this.#giveUp(late, this.#trouble);
      this.#trim();
    }
    this.#watch();
  }
}

function isDone({ state }: SentJob): boolean {
  return state === "added" || state === "withdrawn";
}

/** BullMQ's priorities are 1 to 2²¹, the smallest first, and a job without one goes before all that have one. */
const MIDDLE = 2 ** 20;

function priorityOf(priority: number): number {
  return Math.min(2 * MIDDLE, Math.max(1, MIDDLE - Math.round(priority)));
}
