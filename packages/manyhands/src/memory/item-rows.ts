/** Rows of items in the memory of one worker thread: several items of a map that travel as one, in neighbouring slots,
 *  and whose ownership is one word.
 *
 *  Guarantees: each item is run by the worker or taken back by the pool, never both and never neither; an outcome is
 *  published in the very step that claims the next item, one compare-and-swap for both; what was published is readable
 *  even when the worker dies in the next instruction. See PROTOCOL.md.
 *
 *  Layout, in bytes, behind the slots of `call-slots.ts`; a row goes by the slot of its first item:
 *  ```
 *  0     words      SLOTS × 4: generation << 19 | limit << 10 | progress
 *  …     numbers    SLOTS × 4: the outcomes before this one are numbers, every one
 *  …     longest    SLOTS × 8: the longest running time in the row so far, ms
 *  …     values     SLOTS × 8, by item, as are the next three
 *  …     starts     SLOTS × 8: epoch ms
 *  …     durations  SLOTS × 8: ms
 *  …     kinds      SLOTS × 1, of outcomes that are no numbers
 *  ```
 *  `limit`: the items before it are the row's; the pool lowers it. `progress`: twice the number of items that have ended,
 *  and one more while the next one runs. All else is plain, written before the word and read after it. */
import { type Cells, SharedCells } from "./cells.js";
import type { SlotValue } from "./slot-value.js";

const PROGRESS_MASK = 0x3ff;
const LIMIT_SHIFT = 10;
const LIMIT_MASK = 0x1ff;
const GENERATION_SHIFT = 19;
const GENERATIONS = 1 << 13;

/** Items of a row at most. */
export const LONGEST_ROW = 256;

const KIND = { number: 0, undefined: 1, null: 2, true: 3, false: 4, message: 5 } as const;
/** What outcomes are by their kind; that of a message is not here. */
const CONSTANTS: readonly SlotValue[] = [undefined, undefined, null, true, false];

/** Bytes behind the slots. */
export function rowBytes(slots: number): number {
  return slots * (4 + 4 + 8 * 4 + 1);
}

/** The word of a row that is handed over: none of its items has begun. */
export function rowToken(generation: number, count: number): number {
  return ((generation % GENERATIONS) << GENERATION_SHIFT) | (count << LIMIT_SHIFT);
}

/** Whether a token is a row's. That of a call has a state in its lowest bits, which is never 0 when it is handed over. */
export function isRow(token: number): boolean {
  return (token & 7) === 0;
}

function limitOf(word: number): number {
  return (word >>> LIMIT_SHIFT) & LIMIT_MASK;
}

/** Items that have begun. */
function begunOf(word: number): number {
  return ((word & PROGRESS_MASK) + 1) >> 1;
}

export class ItemRows {
  readonly #cells: Cells;
  readonly #numbers: Int32Array;
  readonly #longest: Float64Array;
  readonly #values: Float64Array;
  readonly #starts: Float64Array;
  readonly #durations: Float64Array;
  readonly #kinds: Uint8Array;
  /** The row that the worker is at (the worker's side), and its word as it was last seen. */
  #row = -1;
  #word = 0;
  /** The slot of its item that runs; -1 when none does. */
  #slot = -1;
  #peak = 0;

  constructor(buffer: SharedArrayBuffer, at: number, slots: number) {
    this.#cells = new SharedCells(buffer, at, slots);
    this.#numbers = new Int32Array(buffer, at + slots * 4, slots);
    const list = (place: number): Float64Array => new Float64Array(buffer, at + slots * 8 * (1 + place), slots);
    this.#longest = list(0);
    this.#values = list(1);
    this.#starts = list(2);
    this.#durations = list(3);
    this.#kinds = new Uint8Array(buffer, at + slots * 8 * 5, slots);
  }

  // ── the pool's side ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes it a row that was handed over. @param token from {@link rowToken}, never used before for this row. */
  hand(row: number, token: number): void {
    this.#numbers[row] = limitOf(token);
    this.#longest[row] = 0;
    this.#cells.store(row, token);
  }

  /** Takes back the items from `from` on that have not begun. @returns how many these are, the last of the row. */
  recall(row: number, from: number): number {
    for (;;) {
      const word = this.#cells.load(row);
      const limit = limitOf(word);
      const kept = Math.max(from, begunOf(word));
      if (kept >= limit) return 0;
      const next = (word & ~(LIMIT_MASK << LIMIT_SHIFT)) | (kept << LIMIT_SHIFT);
      if (this.#cells.replace(row, word, next)) return limit - kept;
    }
  }

  /** Items that have ended. Those that are no message can be read. */
  ended(row: number): number {
    return (this.#cells.load(row) & PROGRESS_MASK) >> 1;
  }

  /** Items that have begun, those that have ended included. */
  begun(row: number): number {
    return begunOf(this.#cells.load(row));
  }

  /** The outcomes of items before this one are numbers. */
  numbers(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  longest(row: number): number {
    return this.#longest[row] ?? 0;
  }

  /** Values, starts and durations of neighbours that came to numbers. Views of what is shared: good until the slots are
   *  given again. */
  valuesOf(slot: number, count: number): Float64Array {
    return this.#values.subarray(slot, slot + count);
  }

  startsOf(slot: number, count: number): Float64Array {
    return this.#starts.subarray(slot, slot + count);
  }

  durationsOf(slot: number, count: number): Float64Array {
    return this.#durations.subarray(slot, slot + count);
  }

  /** How the outcome of an item that has ended is known: it stands here, or it is a message. */
  route(slot: number): "here" | "message" {
    return this.#kinds[slot] === KIND.message ? "message" : "here";
  }

  value(slot: number): SlotValue {
    const kind = this.#kinds[slot] ?? KIND.undefined;
    return kind === KIND.number ? this.#values[slot] : CONSTANTS[kind];
  }

  startedAt(slot: number): number {
    return this.#starts[slot] ?? 0;
  }

  duration(slot: number): number {
    return this.#durations[slot] ?? 0;
  }

  // ── the worker's side ────────────────────────────────────────────────────────────────────────────────────────────

  /** Claims the item in `slot`, the next of its row. @returns false when the pool has taken back what is left. */
  claim(row: number, token: number, slot: number): boolean {
    let word = this.#cells.load(row);
    for (;;) {
      // The row of a later generation: all of this one was taken back.
      if (word >>> GENERATION_SHIFT !== token >>> GENERATION_SHIFT || begunOf(word) >= limitOf(word)) return false;
      if (this.#cells.replace(row, word, word + 1)) break;
      word = this.#cells.load(row);
    }
    this.#peak = this.#row === row && begunOf(word) > 0 ? this.#peak : 0;
    this.#row = row;
    this.#word = word + 1;
    this.#slot = slot;
    return true;
  }

  /** The item that runs came to this: publishes it and claims the next one.
   *  @returns whether there was a next one. */
  pass(value: SlotValue, startedAt: number, duration: number): boolean {
    const slot = this.#slot;
    if (typeof value === "number") {
      this.#values[slot] = value;
      this.#kinds[slot] = KIND.number;
    } else this.#odd(kindOf(value));
    this.#starts[slot] = startedAt;
    this.#durations[slot] = duration;
    if (duration > this.#peak) {
      this.#peak = duration;
      this.#longest[this.#row] = duration;
    }
    this.#slot = slot + 1;
    for (let word = this.#word; ; word = this.#cells.load(this.#row)) {
      // Only the limit can have changed, and only downward.
      const step = begunOf(word) < limitOf(word) ? 2 : 1;
      if (!this.#cells.replace(this.#row, word, word + step)) continue;
      this.#word = word + step;
      return step === 2;
    }
  }

  /** The item that runs has come to this: publishes it, and claims nothing. */
  finish(value: SlotValue, startedAt: number, duration: number): void {
    if (typeof value === "number") this.#values[this.#slot] = value;
    this.#end(kindOf(value), startedAt, duration);
  }

  /** The outcome of the item that runs is about to leave as a message. */
  finishByMessage(startedAt: number, duration: number): void {
    this.#end(KIND.message, startedAt, duration);
  }

  /** The item that runs came to no number. */
  #odd(kind: number, slot = this.#slot): void {
    this.#kinds[slot] = kind;
    const item = begunOf(this.#word) - 1;
    if ((this.#numbers[this.#row] ?? 0) > item) this.#numbers[this.#row] = item;
  }

  #end(kind: number, startedAt: number, duration: number): void {
    const [row, slot] = [this.#row, this.#slot];
    // A result that turns out not to travel ends its item a second time, with the error that says so.
    if (slot < 0) return;
    this.#slot = -1;
    this.#starts[slot] = startedAt;
    this.#durations[slot] = duration;
    if (kind === KIND.number) this.#kinds[slot] = kind;
    else this.#odd(kind, slot);
    this.#peak = Math.max(this.#peak, duration);
    this.#longest[row] = this.#peak;
    for (let word = this.#word; !this.#cells.replace(row, word, word + 1); ) word = this.#cells.load(row);
  }
}

function kindOf(value: SlotValue): number {
  if (typeof value === "number") return KIND.number;
  if (value === undefined) return KIND.undefined;
  if (value === null) return KIND.null;
  return value ? KIND.true : KIND.false;
}
