/** Asks Redis, every few seconds and after each new connection, whether it still has the jobs that wait longest.
 *
 *  Without it a job that Redis lost would be waited for without end. What is found missing is lost for certain: an outcome is
 *  written before its job leaves the queue, so whoever has read the stream to its end afterwards would know it. */
import type { Redis } from "ioredis";
import { type Keys, STARTS } from "./keys.js";
import type { SentJob } from "./sent-job.js";

/** Jobs of one look. */
const AT_ONCE = 500;

export interface ReconcilerSettings {
  readonly redis: Redis;
  readonly keys: Keys;
  /** In ms. */
  readonly every: number;
  /** How long a job that was begun may be found without a lock: its agent may be on its way back to Redis. In ms. */
  readonly patience: number;
  jobs(): Iterable<SentJob>;
  caughtUp(): Promise<void>;
  /** Redis has it no more, and nothing has come of it. */
  lost(job: SentJob): void;
  /** It was begun, may be begun once only, and nobody has it in hand. */
  abandoned(job: SentJob): void;
  heard(error: unknown): void;
}

export class Reconciler {
  readonly #settings: ReconcilerSettings;
  #timer: NodeJS.Timeout | undefined;
  #phase: "idle" | "looking" = "idle";

  constructor(settings: ReconcilerSettings) {
    this.#settings = settings;
    settings.redis.on("ready", () => {
      for (const job of settings.jobs()) job.unlockedSince = undefined;
      void this.look();
    });
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), this.#settings.every).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<void> {
    if (this.#phase === "looking" || this.#settings.redis.status !== "ready") return;
    this.#phase = "looking";
    try {
      await this.#look(this.#oldest());
    } catch (error) {
      this.#settings.heard(error);
    } finally {
      this.#phase = "idle";
    }
  }

  #oldest(): SentJob[] {
    const oldest: SentJob[] = [];
    for (const job of this.#settings.jobs()) {
      if (job.state === "added" && oldest.push(job) === AT_ONCE) break;
    }
    return oldest;
  }

  async #look(jobs: readonly SentJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const { redis, keys, caughtUp, lost, abandoned } = this.#settings;
    const pipeline = redis.pipeline();
    for (const { id } of jobs) pipeline.exists(keys.job(id)).hget(keys.job(id), STARTS).exists(keys.lock(id));
    const found = (await pipeline.exec()) ?? [];
    await caughtUp();
    for (const [at, job] of jobs.entries()) {
      const [there, starts, lock] = found.slice(3 * at, 3 * at + 3).map(([error, value]) => {
        if (error !== null) throw error;
        return value;
      });
      if (job.over || job.state !== "added") continue;
      if (there === 0) lost(job);
      else if (this.#isAbandoned(job, Number(starts ?? 0), lock === 1)) abandoned(job);
    }
  }

  /** Of one whose agent is known the agent's own signs of life say more. */
  #isAbandoned(job: SentJob, starts: number, locked: boolean): boolean {
    if (starts === 0 || locked || !job.once || job.runner !== undefined) {
      job.unlockedSince = undefined;
      return false;
    }
    const now = performance.now();
    job.unlockedSince ??= now;
    return now - job.unlockedSince >= this.#settings.patience;
  }
}
