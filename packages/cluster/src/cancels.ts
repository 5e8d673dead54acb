/** What clients have cancelled, as an agent hears of it.
 *
 *  A cancellation is published, and stands in a key as well: whoever was not connected when it was published asks for the
 *  keys of the jobs that it runs. It may come before its job does, so those of late are remembered.
 *
 *  Guarantees: memory is bounded; each job is told once. */
import type { Redis } from "ioredis";
import { CancelledError } from "manyhands";
import { decodeError } from "manyhands/engine";
import { type CancelMessage, unpack } from "./envelope.js";
import type { Keys } from "./keys.js";

/** Cancellations that are remembered. */
const MOST = 10_000;

export interface CancelsSettings {
  readonly keys: Keys;
  /** Is given to the channel, and can do nothing else any more. */
  readonly channel: Redis;
  readonly redis: Redis;
  /** The jobs that run here. */
  running(): readonly string[];
  stop(job: string, reason: unknown): void;
  heard(error: unknown): void;
}

export class Cancels {
  readonly #settings: CancelsSettings;
  readonly #recent = new Map<string, unknown>();

  constructor(settings: CancelsSettings) {
    this.#settings = settings;
    const { channel } = settings;
    channel.on("messageBuffer", (_channel: Buffer, message: Buffer) => this.#take(message));
    channel.on("ready", () => void this.#catchUp());
  }

  /** Resolves when none is missed any more. */
  async start(): Promise<void> {
    await this.#settings.channel.subscribe(this.#settings.keys.cancels);
  }

  /** Why the job was cancelled; `undefined` when it was not, as far as is known. */
  reasonFor(job: string): { readonly reason: unknown } | undefined {
    return this.#recent.has(job) ? { reason: this.#recent.get(job) } : undefined;
  }

  #take(bytes: Buffer): void {
    try {
      const { job, reason } = unpack<CancelMessage>(bytes);
      const error = decodeError(reason);
      // The library wraps what was given as the reason, here again.
      this.#note(job, error instanceof CancelledError ? error.cause : error);
    } catch (error) {
      this.#settings.heard(error);
    }
  }

  #note(job: string, reason: unknown): void {
    if (this.#recent.has(job)) return;
    this.#recent.set(job, reason);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MOST && oldest !== undefined) this.#recent.delete(oldest);
    this.#settings.stop(job, reason);
  }

  /** What was published while nobody listened. */
  async #catchUp(): Promise<void> {
    const { redis, keys, running, heard } = this.#settings;
    try {
      // First: whatever is published from here on is heard.
      await this.start();
      const jobs = running();
      if (jobs.length === 0) return;
      const found = await redis.mgetBuffer(jobs.map((job) => keys.cancelled(job)));
      for (const bytes of found) if (bytes !== null) this.#take(bytes);
    } catch (error) {
      // The next connection asks again.
      heard(error);
    }
  }
}
