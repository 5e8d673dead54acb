/** Tells the cluster that jobs are not wanted any more.
 *
 *  A job that waits is taken off the queue. One that an agent has is told to stop, twice: by a message for those that listen, by a
 *  key for those that are just not connected.
 *
 *  Guarantees: as long as the client lives nothing is forgotten that Redis could not be told at once; the keys expire. */
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { encodeError } from "manyhands/engine";
import { isLoss, whenReady } from "./connections.js";
import { type CancelMessage, type JobData, pack } from "./envelope.js";
import type { Keys } from "./keys.js";

export interface CancellerSettings {
  readonly queue: Queue<JobData>;
  readonly redis: Redis;
  readonly keys: Keys;
  /** In seconds. */
  readonly keep: number;
  /** The job was taken off the queue before anybody had it. */
  removed(job: string): void;
  heard(error: unknown): void;
}

export class Canceller {
  readonly #settings: CancellerSettings;
  /** Jobs to be cancelled, and why. */
  readonly #waiting = new Map<string, unknown>();
  #work: Promise<void> | undefined;
  #phase: "open" | "closed" = "open";

  constructor(settings: CancellerSettings) {
    this.#settings = settings;
  }

  cancel(job: string, reason: unknown): void {
    this.#waiting.set(job, reason);
    this.#work ??= Promise.resolve().then(() => this.#run());
  }

  /** Resolves when Redis has been told all, or cannot be told now. */
  async told(): Promise<void> {
    if (this.#settings.redis.status === "ready") await this.#work;
  }

  close(): void {
    this.#phase = "closed";
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && this.#phase === "open") {
      const batch = [...this.#waiting];
      try {
        await whenReady(this.#settings.redis);
        await this.#tell(batch);
        for (const [job, reason] of batch) if (this.#waiting.get(job) === reason) this.#waiting.delete(job);
      } catch (error) {
        this.#settings.heard(error);
        // The next connection is told; anything else would be refused again.
        if (!isLoss(error)) for (const [job] of batch) this.#waiting.delete(job);
      }
    }
    this.#work = undefined;
  }

  async #tell(batch: readonly (readonly [job: string, reason: unknown])[]): Promise<void> {
    const { queue, redis, keys, keep, removed } = this.#settings;
    const found = await Promise.all(batch.map(([job]) => queue.remove(job)));
    const pipeline = redis.pipeline();
    for (const [at, [job, reason]] of batch.entries()) {
      if (found[at] === 1) {
        removed(job);
        continue;
      }
      const message: CancelMessage = { job, reason: encodeError(reason) };
      const bytes = pack(message);
      pipeline.set(keys.cancelled(job), bytes, "EX", keep);
      pipeline.publish(keys.cancels, bytes);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}
