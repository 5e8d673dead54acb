/** The call slots of one worker thread: who owns each call that was handed over, and how it ended.
 *
 *  Guarantees: a call is run by the worker or taken back by the pool, never both and never neither (one
 *  compare-and-swap decides); a slot used again is not mistaken for its former call (the word holds a generation);
 *  an outcome published here is readable even when the worker dies in the next instruction. See PROTOCOL.md.
 *
 *  Layout, in bytes:
 *  ```
 *  0     finished   number of outcomes ever published in the ring
 *  64    slots      SLOTS × 32: word (generation << 3 | state), kind, value f64, start f64, duration f64
 *  …     ring       SLOTS × 4: the slots whose outcome was published, in order
 *  …     rows       see item-rows.ts
 *  ```
 *  Only `finished`, the words and the kinds are ever touched by both sides at once; all else is written before one of
 *  them and read after it, and needs no atomic access, which would cost as much as the rest of a small call. */
import { type Cells, SharedCells } from "./cells.js";
import { ItemRows, rowBytes } from "./item-rows.js";
import type { SlotValue } from "./slot-value.js";

export const SLOTS = 1024;
const HEADER = 64;
const SLOT_BYTES = 32;
const RING_AT = HEADER + SLOTS * SLOT_BYTES;
const ROWS_AT = RING_AT + SLOTS * 4;
const BYTES = ROWS_AT + rowBytes(SLOTS);

/** States of a slot: the lowest three bits of its word. */
const FREE = 0;
const HANDED = 1;
const CLAIMED = 2;
const STOPPING = 3;
const STATE_BITS = 3;
const STATE_MASK = 7;
/** The generation wraps here; what remains fits an Int32. */
const GENERATIONS = 1 << 28;

/** What a slot's `kind` says about its value; `none`: the outcome comes as a message. Bit 8 is apart: the task took its
 *  context, so that it can be asked to stop. */
const KIND = { none: 0, undefined: 1, null: 2, true: 3, false: 4, number: 5 } as const;
const COOPERATIVE = 1 << 8;

/** The memory of a new worker's slots: none of them holds a call. */
export function newSlotBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(BYTES);
}

export class CallSlots {
  readonly buffer: SharedArrayBuffer;
  readonly rows: ItemRows;
  readonly #cells: Cells;
  readonly #plain: Int32Array;
  readonly #doubles: Float64Array;
  /** Outcomes taken from the ring so far (the pool's side) or published (the worker's). */
  #position = 0;
  /** Outcomes known to be published (the pool's side). */
  #published = 0;

  /** @param buffer from {@link newSlotBuffer}. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new SharedCells(buffer, 0, ROWS_AT / 4);
    this.#plain = new Int32Array(buffer, 0, ROWS_AT / 4);
    this.#doubles = new Float64Array(buffer, 0, RING_AT / 8);
    this.rows = new ItemRows(buffer, ROWS_AT, SLOTS);
  }

  // ── the pool's side ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes a slot that no call holds one that was handed over. @param token from {@link slotToken}, never used before in
   *  this slot; the worker must show it to claim the call. */
  hand(slot: number, token: number): void {
    // Plain: the worker learns of the call by a message that is posted after this.
    const at = word(slot);
    this.#plain[at + 1] = KIND.none;
    this.#doubles[start(slot)] = 0;
    this.#plain[at] = token;
  }

  /** Takes a call back. @returns true when the worker will never run it. */
  recall(slot: number, token: number): boolean {
    return this.#cells.replace(word(slot), token, stated(token, FREE));
  }

  /** Raises the flag that `stopRequested` reads; without effect on a call that is not claimed. */
  requestStop(slot: number, token: number): void {
    this.#cells.replace(word(slot), stated(token, CLAIMED), stated(token, STOPPING));
  }

  /** Whether the worker has claimed the call (it may have ended since). */
  started(slot: number): boolean {
    return (this.#cells.load(word(slot)) & STATE_MASK) >= CLAIMED;
  }

  startedAt(slot: number): number {
    return this.#doubles[start(slot)] ?? 0;
  }

  duration(slot: number): number {
    return this.#doubles[start(slot) + 1] ?? 0;
  }

  cooperative(slot: number): boolean {
    return (this.#cells.load(word(slot) + 1) & COOPERATIVE) !== 0;
  }

  /** Looks how many outcomes are published; {@link takeFinished} gives those and no others. A pool that went on as long
   *  as there are more would run after its worker, outcome by outcome. */
  refresh(): void {
    this.#published = this.#cells.load(0);
  }

  /** The next slot whose outcome was published, or -1. */
  takeFinished(): number {
    if (this.#published === this.#position) return -1;
    const slot = this.#plain[RING_AT / 4 + (this.#position & (SLOTS - 1))] ?? 0;
    this.#position = (this.#position + 1) | 0;
    return slot;
  }

  value(slot: number): SlotValue {
    switch ((this.#plain[word(slot) + 1] ?? 0) & ~COOPERATIVE) {
      case KIND.number:
        return this.#doubles[start(slot) - 1];
      case KIND.null:
        return null;
      case KIND.true:
        return true;
      case KIND.false:
        return false;
      default:
        return undefined;
    }
  }

  // ── the worker's side ────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes the call for good. @returns false when the pool has taken it back. */
  claim(slot: number, token: number, startedAt: number): boolean {
    // Before the claim: a pool that sees the claim must not see an older start. When the claim fails the slot may hold
    // another call, which only this worker can start, and whose start it then writes again.
    this.#doubles[start(slot)] = startedAt;
    return this.#cells.replace(word(slot), token, stated(token, CLAIMED));
  }

  /** Corrects the start of a claimed call. */
  begun(slot: number, startedAt: number): void {
    this.#doubles[start(slot)] = startedAt;
  }

  stopRequested(slot: number, token: number): boolean {
    return this.#cells.load(word(slot)) === stated(token, STOPPING);
  }

  markCooperative(slot: number): void {
    this.#cells.store(word(slot) + 1, COOPERATIVE);
  }

  /** Says how long the call ran, before its outcome leaves as a message. */
  ended(slot: number, duration: number): void {
    this.#doubles[start(slot) + 1] = duration;
  }

  /** Publishes an outcome in the slot itself. The pool sees it when it looks, or after the worker's death. */
  finish(slot: number, value: SlotValue, duration: number): void {
    let kind: number = KIND.undefined;
    if (typeof value === "number") {
      this.#doubles[start(slot) - 1] = value;
      kind = KIND.number;
    } else if (value === null) kind = KIND.null;
    else if (value !== undefined) kind = value ? KIND.true : KIND.false;
    this.#doubles[start(slot) + 1] = duration;
    this.#plain[word(slot) + 1] = kind;
    this.#plain[RING_AT / 4 + (this.#position & (SLOTS - 1))] = slot;
    this.#position = (this.#position + 1) | 0;
    // Last, and atomic: what the pool finds counted here is complete.
    this.#cells.store(0, this.#position);
  }
}

/** Index of a slot's word among the Int32s. */
function word(slot: number): number {
  return HEADER / 4 + slot * (SLOT_BYTES / 4);
}

/** Index of a slot's start time among the doubles; the value stands before it, the duration behind. */
function start(slot: number): number {
  return HEADER / 8 + slot * (SLOT_BYTES / 8) + 2;
}

function stated(token: number, state: number): number {
  return (token & ~STATE_MASK) | state;
}

/** The token of a call handed over, by the generation of its slot. */
export function slotToken(generation: number): number {
  return ((generation % GENERATIONS) << STATE_BITS) | HANDED;
}
