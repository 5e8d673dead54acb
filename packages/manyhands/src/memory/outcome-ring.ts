/** The outcomes of one worker process, in a ring of records inside the call file.
 *
 *  The worker writes each outcome with one `pwrite` before it goes on (0.4 µs, where a write to a pipe takes 4): what it
 *  finished is in the page cache when it dies in the next call. The pool reads whole stretches, told of them or not.
 *
 *  Guarantees: a record that was written is read, once and in order, however the worker ended; a record of which only a
 *  part can be seen is not taken for one (its words must add up to its number). The ring never overruns what has not
 *  been read: it has twice as many records as there are slots, and a slot is used again only after its record was read.
 *
 *  Layout: RECORDS × 32 bytes: check u32, slot << 4 | kind i32, value f64, start f64 (epoch ms), token i32,
 *  duration f32 (ms). */
import { readSync, writeSync } from "node:fs";
import { type Place, spanOf } from "./byte-room.js";
import type { SlotValue } from "./slot-value.js";

const RECORDS = 4096;
const RECORD_BYTES = 32;
export const RING_BYTES: number = RECORDS * RECORD_BYTES;
/** Records read with the first system call of a look, and with each of the following: a lone call leaves one. */
const FIRST_STRETCH = 16;
const STRETCH = 512;

/** What a record says: a call ended with a small value, its outcome is a message, it was not run, or its value stands at
 *  the place that the record holds (parcels.ts). */
export const RECORD = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  message: 5,
  skipped: 6,
  placed: 7,
} as const;

/** What becomes of a record. */
export interface OutcomeVisitor {
  /** @param kind one of {@link RECORD}. */
  record(slot: number, token: number, kind: number, value: number, startedAt: number, duration: number): void;
}

/** Any one word that is not there yet changes the sum. */
function sum(words: Int32Array, at: number): number {
  let all = words[at + 1] ?? 0;
  for (let word = 2; word < 8; word += 1) all ^= words[at + word] ?? 0;
  return all;
}

/** The kind of record that carries this value; the value itself is carried when it is a number. */
export function recordKind(value: SlotValue): number {
  if (typeof value === "number") return RECORD.number;
  if (value === undefined) return RECORD.undefined;
  if (value === null) return RECORD.null;
  return value ? RECORD.true : RECORD.false;
}

/** The value of a record of {@link recordKind}. */
export function recordValue(kind: number, value: number): SlotValue {
  switch (kind) {
    case RECORD.number:
      return value;
    case RECORD.null:
      return null;
    case RECORD.true:
      return true;
    case RECORD.false:
      return false;
    default:
      return undefined;
  }
}

/** The worker's side. */
export class OutcomeWriter {
  readonly #fd: number;
  readonly #at: number;
  readonly #bytes = new Uint8Array(RECORD_BYTES);
  readonly #words = new Int32Array(this.#bytes.buffer);
  readonly #doubles = new Float64Array(this.#bytes.buffer);
  readonly #floats = new Float32Array(this.#bytes.buffer);
  /** Records written. */
  #count = 0;

  constructor(fd: number, at: number) {
    this.#fd = fd;
    this.#at = at;
  }

  write(slot: number, token: number, kind: number, value: number, startedAt: number, duration: number): void {
    const words = this.#words;
    words[1] = (slot << 4) | kind;
    this.#doubles[1] = value;
    this.#doubles[2] = startedAt;
    words[6] = token;
    this.#floats[7] = duration;
    const position = this.#count & (RECORDS - 1);
    this.#count = (this.#count + 1) | 0;
    words[0] = sum(words, 0) ^ this.#count;
    writeSync(this.#fd, this.#bytes, 0, RECORD_BYTES, this.#at + position * RECORD_BYTES);
  }
}

/** The pool's side. */
export class OutcomeReader {
  readonly #fd: number;
  readonly #at: number;
  readonly #bytes = new Uint8Array(STRETCH * RECORD_BYTES);
  readonly #words = new Int32Array(this.#bytes.buffer);
  readonly #doubles = new Float64Array(this.#bytes.buffer);
  readonly #floats = new Float32Array(this.#bytes.buffer);
  /** Records taken. */
  #count = 0;
  /** Records that were read last, and which of them is next. */
  #stretch = 0;
  #next = 0;
  /** What is shown a record may read on in the middle of it: what was read for the outer one is gone then. */
  #reads = 0;

  constructor(fd: number, at: number) {
    this.#fd = fd;
    this.#at = at;
  }

  /** Shows the records that were not taken yet, and takes them. */
  take(visitor: OutcomeVisitor): void {
    for (let most = FIRST_STRETCH; ; most = STRETCH) {
      this.#stretch = this.#read(this.#count, most);
      const read = this.#reads;
      for (this.#next = 0; this.#next < this.#stretch && read === this.#reads; ) {
        const index = this.#next;
        if (!this.#whole(index * 8, (this.#count + 1) | 0)) return;
        // First, so that a record is shown once, whatever is done about it.
        this.#count = (this.#count + 1) | 0;
        this.#next += 1;
        this.#show(index * 8, visitor);
      }
    }
  }

  /** Shows the records that were not taken yet, and leaves them. The visitor must not read on. */
  peek(visitor: OutcomeVisitor): void {
    let count = this.#count;
    for (let most = FIRST_STRETCH; ; most = STRETCH) {
      const stretch = this.#read(count, most);
      for (let index = 0; index < stretch; index += 1) {
        count = (count + 1) | 0;
        if (!this.#whole(index * 8, count)) return;
        this.#show(index * 8, visitor);
      }
    }
  }

  /** The place of a value and those that the records behind it have placed, as far as they were read and lie in a row of
   *  at most `most` bytes. */
  placedFrom(place: Place, most: number): Place {
    let span = place;
    for (let index = this.#next, count = this.#count; index < this.#stretch; index += 1) {
      count = (count + 1) | 0;
      if (!this.#whole(index * 8, count)) break;
      if (((this.#words[index * 8 + 1] ?? 0) & 15) !== RECORD.placed) continue;
      const longer = spanOf(place, this.#doubles[index * 4 + 1] ?? place, most);
      if (longer === place) break;
      span = longer;
    }
    return span;
  }

  #read(count: number, most: number): number {
    this.#reads += 1;
    const position = count & (RECORDS - 1);
    const stretch = Math.min(most, RECORDS - position);
    readSync(this.#fd, this.#bytes, 0, stretch * RECORD_BYTES, this.#at + position * RECORD_BYTES);
    return stretch;
  }

  #whole(at: number, number: number): boolean {
    return (sum(this.#words, at) ^ (this.#words[at] ?? 0)) === number;
  }

  #show(at: number, visitor: OutcomeVisitor): void {
    const where = this.#words[at + 1] ?? 0;
    const doubles = at / 2;
    visitor.record(
      where >> 4,
      this.#words[at + 6] ?? 0,
      where & 15,
      this.#doubles[doubles + 1] ?? 0,
      this.#doubles[doubles + 2] ?? 0,
      this.#floats[at + 7] ?? 0,
    );
  }
}
