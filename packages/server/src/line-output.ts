/** The lines of a map's answer, at the reader's pace.
 *
 *  Guarantees: in order, line `n` is written when all before it have been; no more wait for their turn than
 *  {@link MOST_HELD}, since whoever brings more waits; nothing is written to a reader that has left. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { type Signal, signal } from "./signal.js";

/** Lines that may wait for those before them. */
const MOST_HELD = 1000;

export class LineOutput {
  readonly #stream: Writable;
  readonly #order: "ordered" | "as-they-come";
  readonly #held = new Map<number, string>();
  #next = 0;
  #room: Signal<void> | undefined;

  constructor(stream: Writable, order: "ordered" | "as-they-come") {
    this.#stream = stream;
    this.#order = order;
  }

  /** Takes a line; resolves when there is room for more. */
  async put(index: number, line: string): Promise<void> {
    if (this.#order === "ordered" && index !== this.#next) {
      this.#held.set(index, line);
      return this.#whenRoom();
    }
    this.#next += 1;
    let writable = this.#write(line);
    for (let held = this.#held.get(this.#next); held !== undefined; held = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next += 1;
      writable = this.#write(held);
    }
    this.#room?.give();
    this.#room = undefined;
    if (!writable) await this.#drained();
  }

  /** Takes the line that ends it all, whatever is missing before it. */
  async putLast(line: string): Promise<void> {
    const held = [...this.#held].sort(([a], [b]) => a - b).map(([, text]) => text);
    this.#held.clear();
    const writable = [...held, line].map((each) => this.#write(each));
    if (writable.includes(false)) await this.#drained();
  }

  async #whenRoom(): Promise<void> {
    if (this.#held.size < MOST_HELD) return;
    this.#room ??= signal();
    await this.#room.promise;
  }

  #write(line: string): boolean {
    return this.#stream.destroyed || this.#stream.write(`${line}\n`);
  }

  async #drained(): Promise<void> {
    if (this.#stream.destroyed || !this.#stream.writableNeedDrain) return;
    // Whichever comes first: a reader that leaves never drains.
    const left = new AbortController();
    await Promise.race([
      once(this.#stream, "drain", { signal: left.signal }),
      once(this.#stream, "close", { signal: left.signal }),
    ]).finally(() => left.abort());
  }
}
