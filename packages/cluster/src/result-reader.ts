/** Reads what agents tell a client from its stream.
 *
 *  Not by BullMQ's own events: their stream is cut at some ten thousand entries, and a client that is away for three
 *  seconds loses thousands of results. This one belongs to the client, who cuts it when it has read it.
 *
 *  Guarantees: every entry is heeded, in order, once for each connection; a connection that has gone without a word is
 *  given up. */
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { BREATH, whenReady } from "./connections.js";
import { type AgentMessage, unpack } from "./envelope.js";
import { FIELD } from "./record-writer.js";

/** How long one read waits for an entry, in ms, and how much longer it may take before its connection counts as dead. */
const BLOCK = 2000;
const DEAD_AFTER = 2 * BLOCK;
/** Entries of one read. */
const AT_ONCE = 256;
/** Entries after which what was read is cut off. */
const CUT_AFTER = 1000;

type RawEntry = [id: Buffer, fields: Buffer[]];

export interface ResultReaderSettings {
  /** Its own: reads wait on it. */
  readonly reader: Redis;
  readonly redis: Redis;
  readonly stream: string;
  /** Whether entries that were read are cut off. */
  readonly read: "cut" | "kept";
  take(message: AgentMessage): void;
  heard(error: unknown): void;
}

export class ResultReader {
  readonly #settings: ResultReaderSettings;
  #last = "0-0";
  #uncut = 0;
  #reads = 0;
  #phase: "open" | "closed" = "open";
  #reached: { readonly id: string; readonly resolve: () => void }[] = [];
  /** Resolves when it is known from where on it reads. */
  readonly begun: Promise<void>;

  constructor(settings: ResultReaderSettings) {
    this.#settings = settings;
    this.begun = this.#begin();
    void this.begun.then(() => this.#read());
  }

  close(): void {
    this.#phase = "closed";
    for (const { resolve } of this.#reached.splice(0)) resolve();
  }

  /** Resolves when all that stands in the stream now has been heeded. */
  async caughtUp(): Promise<void> {
    await this.begun;
    const top = await this.#top();
    if (this.#phase === "closed" || !isAfter(top, this.#last)) return;
    await new Promise<void>((resolve) => this.#reached.push({ id: top, resolve }));
  }

  /** Goes through all that is kept, from the oldest on, until `take` has had enough. */
  async scan(take: (message: AgentMessage) => "enough" | "more"): Promise<void> {
    const { redis, stream } = this.#settings;
    for (let from = "-"; ; ) {
      const entries = await redis.xrangeBuffer(stream, from, "+", "COUNT", AT_ONCE);
      for (const entry of entries as RawEntry[]) {
        const message = this.#decode(entry);
        if (message !== undefined && take(message) === "enough") return;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < AT_ONCE) return;
      from = `(${last[0].toString()}`;
    }
  }

  async #begin(): Promise<void> {
    // One that was forgotten at its end has nothing behind it.
    while (this.#settings.read === "kept" && this.#phase === "open") {
      try {
        await whenReady(this.#settings.redis);
        this.#last = await this.#top();
        return;
      } catch (error) {
        this.#settings.heard(error);
        await delay(BREATH, undefined, { ref: false });
      }
    }
  }

  async #top(): Promise<string> {
    const [entry] = await this.#settings.redis.xrevrange(this.#settings.stream, "+", "-", "COUNT", 1);
    return entry?.[0] ?? "0-0";
  }

  async #read(): Promise<void> {
    const { reader, stream, heard } = this.#settings;
    while (this.#phase === "open") {
      const dead = setTimeout(() => this.#giveUpConnections(), BLOCK + DEAD_AFTER).unref();
      try {
        await whenReady(reader);
        dead.refresh();
        const found = await reader.xreadBuffer("COUNT", AT_ONCE, "BLOCK", BLOCK, "STREAMS", stream, this.#last);
        this.#reads += 1;
        const [first] = (found ?? []) as unknown as [name: Buffer, entries: RawEntry[]][];
        if (first !== undefined) this.#take(first[1]);
      } catch (error) {
        if (this.#phase === "open") heard(error);
        await delay(BREATH, undefined, { ref: false });
      } finally {
        clearTimeout(dead);
      }
    }
  }

  /** The one that reads has been silent for too long, and the other goes the same way through the network. */
  #giveUpConnections(): void {
    const { reader, redis } = this.#settings;
    const before = this.#reads;
    // It may be this program that was silent: then the answer lies there, and is read first.
    setImmediate(() => {
      if (this.#reads !== before || this.#phase === "closed") return;
      for (const each of [reader, redis]) if (each.status === "ready") each.disconnect(true);
    });
  }

  #take(entries: readonly RawEntry[]): void {
    for (const entry of entries) {
      // Before it is heeded: whoever is told may ask how far we have come.
      this.#last = entry[0].toString();
      const message = this.#decode(entry);
      if (message !== undefined) this.#heed(message);
    }
    this.#reached = this.#reached.filter(({ id, resolve }) => {
      if (isAfter(id, this.#last)) return true;
      resolve();
      return false;
    });
    this.#uncut += entries.length;
    if (this.#settings.read === "cut" && this.#uncut >= CUT_AFTER) this.#cut();
  }

  /** Whatever is wrong with a message harms no other. */
  #heed(message: AgentMessage): void {
    try {
      this.#settings.take(message);
    } catch (error) {
      process.emitWarning(`A message of agent ${message.agent.name} could not be heeded: ${error}`);
    }
  }

  #cut(): void {
    this.#uncut = 0;
    const { redis, stream, heard } = this.#settings;
    // All before the last one: its id must stay, or a new entry could get an earlier one.
    redis.xtrim(stream, "MINID", this.#last).catch(heard);
  }

  #decode([, fields]: RawEntry): AgentMessage | undefined {
    const bytes = fields[0]?.toString() === FIELD ? fields[1] : undefined;
    try {
      return bytes === undefined ? undefined : unpack<AgentMessage>(bytes);
    } catch (error) {
      // Written by another version: its job will be found lost.
      this.#settings.heard(error);
      return undefined;
    }
  }
}

/** Whether entry `a` comes after `b`. */
function isAfter(a: string, b: string): boolean {
  const [aMs = 0, aSeq = 0] = a.split("-").map(Number);
  const [bMs = 0, bSeq = 0] = b.split("-").map(Number);
  return aMs > bMs || (aMs === bMs && aSeq > bSeq);
}
