/** Writes what an agent has to tell to the streams of its clients.
 *
 *  Guarantees: records of a client arrive in the order in which they were written; none is dropped while the agent lives,
 *  however long Redis is away; what is written while a batch is on its way goes with the next, so that the busier it is
 *  the less each record costs; every stream expires when nobody has heard of its client for `keep`. */
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { isReply, whenReady } from "./connections.js";
import { type AgentMessage, type AgentSelf, type JobRecord, pack } from "./envelope.js";

/** The field of an entry that holds the message. */
export const FIELD = "m";

/** In ms. */
const PAUSE_WHEN_FULL = 500;

/** Records in one entry. */
const MOST_RECORDS = 500;

interface Outgoing {
  readonly stream: string;
  readonly keep: number;
  readonly record: JobRecord;
  /** Who waits until it is written. */
  readonly waiting: { readonly written: () => void; readonly failed: (error: unknown) => void }[];
}

export class RecordWriter {
  readonly #redis: Redis;
  readonly #agent: AgentSelf;
  #waiting: Outgoing[] = [];
  #writing: Promise<void> = Promise.resolve();
  #phase: "idle" | "writing" = "idle";

  constructor(redis: Redis, agent: AgentSelf) {
    this.#redis = redis;
    this.#agent = agent;
  }

  /** Writes it some time. */
  tell(stream: string, keep: number, record: JobRecord): void {
    this.#add({ stream, keep, record, waiting: [] });
  }

  /** Resolves when all that was told so far stands in its stream. Rejects when Redis refuses it, or when the agent's connection is
   *  closed for good. */
  written(): Promise<void> {
    const last = this.#waiting.at(-1);
    if (last === undefined) return this.#writing;
    return new Promise((written, failed) => last.waiting.push({ written, failed }));
  }

  #add(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    if (this.#phase === "writing") return;
    this.#phase = "writing";
    // Together with what else is told in this turn.
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const waiting = batch.flatMap((outgoing) => outgoing.waiting);
      this.#writing = this.#put(batch);
      try {
        await this.#writing;
        for (const { written } of waiting) written();
      } catch (error) {
        for (const { failed } of waiting) failed(error);
      }
    }
    this.#phase = "idle";
  }

  /** Until it is there. An entry that was written unnoticed is written twice, and the client sees the second as one. */
  async #put(batch: readonly Outgoing[]): Promise<void> {
    for (;;) {
      try {
        await whenReady(this.#redis);
        return await this.#send(batch);
      } catch (error) {
        if (this.#redis.status === "end") throw error;
        // Room may come again, and the outcome is dear: it would have to be worked out anew.
        if (error instanceof Error && error.message.startsWith("OOM")) await delay(PAUSE_WHEN_FULL);
        else if (isReply(error)) throw error;
      }
    }
  }

  async #send(batch: readonly Outgoing[]): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const [stream, { keep, records }] of byStream(batch)) {
      for (let at = 0; at < records.length; at += MOST_RECORDS) {
        const message: AgentMessage = { agent: this.#agent, records: records.slice(at, at + MOST_RECORDS) };
        pipeline.xadd(stream, "*", FIELD, pack(message));
      }
      pipeline.expire(stream, keep);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}

function byStream(batch: readonly Outgoing[]): Map<string, { readonly keep: number; readonly records: JobRecord[] }> {
  const streams = new Map<string, { readonly keep: number; readonly records: JobRecord[] }>();
  for (const { stream, keep, record } of batch) {
    const known = streams.get(stream);
    if (known === undefined) streams.set(stream, { keep, records: [record] });
    else known.records.push(record);
  }
  return streams;
}
