/** The state of a queue, of which each change is made by a single store.
 *
 *  There are two copies, and a version whose lowest bit says which of them counts. A change is written into the other
 *  copy, unseen, and becomes the state when the version is stored. A thread that dies before that store has changed
 *  nothing; one that dies after it has made the whole change.
 *
 *  Whoever changes the state has exclusive access. Reading a single field needs none: the copy that counts is not written
 *  again before the version has moved on, which the reader checks. */
import type { Slab } from "./slab.js";

/** Fields of the state. Places are in units from the begin of the slab. */
export const FIELD = {
  /** The region in use: where it begins, and where it ends. */
  base: 0,
  limit: 1,
  /** The next record to be taken (a stack: the topmost). */
  head: 2,
  /** Where the next record goes. */
  tail: 3,
  /** While `tail < head`: where the first stretch of the ring ends, which goes on at `base`. */
  wrap: 4,
  /** Items in the queue, and the units they take up. */
  size: 5,
  units: 6,
  /** Items that were put and not yet reported done. */
  unfinished: 7,
  /** A record that this state is without, though its mark may be missing (priority order only); 0: none. */
  removed: 8,
  /** Records ever written: the order of items that compare equal. */
  sequence: 9,
  /** Whether it is open, was shut down, or shut down at once. */
  closing: 10,
} as const;

/** Where the copies stand in the slab, in words of 32 bits. The version is the first of all. */
const COPY = [16, 32] as const;
const FIELDS = 11;
/** The first unit after the copies. */
export const FIRST_UNIT = 24;

export class QueueState {
  readonly #slab: Slab;
  #version = 0;
  /** Where the copy begins that counts, and the other. */
  #now = 0;
  #next = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
    this.refresh();
  }

  /** Reads which copy counts; first of all when exclusive access was gained. */
  refresh(): void {
    this.#version = this.#slab.version;
    const odd = this.#version & 1;
    this.#now = odd === 0 ? COPY[0] : COPY[1];
    this.#next = odd === 0 ? COPY[1] : COPY[0];
  }

  /** Names the state; no two that follow each other have the same. */
  get version(): number {
    return this.#version;
  }

  /** A field of the state. */
  get(field: number): number {
    return this.#slab.int(this.#now + field);
  }

  /** A field as it was at some instant of this call; needs no exclusive access. */
  peek(field: number): number {
    for (;;) {
      const version = this.#slab.version;
      const value = this.#slab.int((version & 1) === 0 ? COPY[0] + field : COPY[1] + field);
      if (this.#slab.version === version) return value;
    }
  }

  /** Begins a change. */
  begin(): void {
    const slab = this.#slab;
    for (let field = 0; field < FIELDS; field += 1) slab.setInt(this.#next + field, slab.int(this.#now + field));
  }

  set(field: number, value: number): void {
    this.#slab.setInt(this.#next + field, value);
  }

  /** The one store by which the change is made. */
  commit(): void {
    this.#slab.publish((this.#version + 1) | 0);
    this.refresh();
  }
}
