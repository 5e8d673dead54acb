/** Smallest first, and of equal ones the oldest: records in a log, and a binary heap of their places beside it.
 *
 *  The log and the state are the truth. The heap is derived from them: it changes in many stores after the state has, and
 *  then names the state's version; so who comes next sees when a thread has died in between, and makes it anew. What is taken leaves a gap in the log; when half of it is gaps, the
 *  records move to another region, in the order of the heap.
 *
 *  A removed record is named by the state that is without it, and marked right after; so the log itself says which records
 *  count, however the thread ended. */

import { UnorderableError } from "../base/queue-errors.js";
import type { Item } from "./item.js";
import { compareKeys, isUnordered, orderKey } from "./order-key.js";
import { FIELD } from "./queue-state.js";
import { QueueStore } from "./queue-store.js";
import { isRemoved, itemUnits, markRemoved, placeIn, readRecord, unitsOf, writeRecord } from "./record.js";
import type { Slab } from "./slab.js";
import { UNIT } from "./slab.js";

/** The heap's own slab: the version in its first word, the places from its second unit on. */
const VERSION = 0;
const FIRST_PLACE = 1;

export class HeapStore extends QueueStore {
  readonly #heap: Slab;

  /** @param heap the places, one word each, behind the version of the state that they belong to. In a slab of its own, since
   *  none of its stores has to be seen at once. */
  constructor(slab: Slab, heap: Slab) {
    super(slab);
    this.#heap = heap;
  }

  override enter(): void {
    super.enter();
    this.#heap.reach(FIRST_PLACE + Math.ceil(this.size / 2));
    if (this.#heap.int(VERSION) !== this.state.version) this.#rebuild();
  }

  #rebuild(): void {
    const { slab, state } = this;
    const removed = state.get(FIELD.removed);
    if (removed !== 0) markRemoved(slab, removed);
    this.#reserve(this.size);
    let length = 0;
    const tail = state.get(FIELD.tail);
    for (let at = state.get(FIELD.base); at < tail; at += unitsOf(slab, at)) {
      if (isRemoved(slab, at)) continue;
      this.#setPlace(length, at);
      length += 1;
    }
    for (let index = (length >> 1) - 1; index >= 0; index -= 1) this.#sink(this.#place(index), index, length);
    this.#settled();
  }

  /** The heap is that of the state again. */
  #settled(): void {
    this.#heap.setInt(VERSION, this.state.version);
  }

  /** The record that stands at an index of the heap. */
  #place(index: number): number {
    return this.#heap.int(FIRST_PLACE * 2 + index);
  }

  #setPlace(index: number, at: number): void {
    this.#heap.setInt(FIRST_PLACE * 2 + index, at);
  }

  override taskDone(): void {
    super.taskDone();
    this.#settled();
  }

  override close(to: "draining" | "closed"): void {
    super.close(to);
    this.#settled();
  }

  push(item: Item): void {
    this.#push(item, 1);
  }

  restore(item: Item): void {
    this.#push(item, 0);
  }

  #push(item: Item, unfinished: 0 | 1): void {
    const { slab, state } = this;
    const size = this.size;
    const key = item.key ?? orderKey(item.value());
    const keyPlace = itemUnits(item);
    const units = keyPlace + 1 + key.length / UNIT;
    this.#reserve(size + 1);
    const at = this.#freePlace(units);
    const sequence = state.get(FIELD.sequence);
    writeRecord(slab, at, item, units, keyPlace);
    slab.setInt((at + keyPlace) * 2, item.sequence ?? sequence);
    slab.setBytes(at + keyPlace + 1, key);
    // Before the state changes: what cannot be compared throws here.
    const hole = this.#holeFor(at, size);
    state.begin();
    state.set(FIELD.tail, at + units);
    state.set(FIELD.sequence, (sequence + 1) | 0);
    state.set(FIELD.unfinished, this.unfinished + unfinished);
    this.count(1, units);
    state.commit();
    this.#raise(at, size, hole);
    this.#settled();
  }

  take(): Item | undefined {
    const { slab, state } = this;
    const size = this.size;
    if (size === 0) return undefined;
    const at = this.#place(0);
    const item = readRecord(slab, at);
    item.sequence = slab.int((at + placeIn(slab, at)) * 2);
    state.begin();
    this.count(-1, unitsOf(slab, at));
    state.set(FIELD.removed, size === 1 ? 0 : at);
    if (size === 1) state.set(FIELD.tail, state.get(FIELD.base));
    state.commit();
    if (size === 1) {
      this.#settled();
      return item;
    }
    markRemoved(slab, at);
    this.#sink(this.#place(size - 1), 0, size - 1);
    this.#settled();
    return item;
  }

  #reserve(places: number): void {
    const heap = this.#heap;
    const units = heap.buffer.byteLength / UNIT;
    const needed = FIRST_PLACE + Math.ceil(places / 2);
    if (needed > units) heap.grow(Math.max(needed, units * 2));
  }

  /** Where in the heap a new record belongs.
   *  @throws UnorderableError when it has no order with one that it is compared with. */
  #holeFor(at: number, size: number): number {
    let hole = size;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const compared = this.#compare(at, this.#place(parent));
      if (isUnordered(compared)) {
        throw new UnorderableError(
          "Cannot put: the item has no order with one in the queue, as a number has none with a string, or two objects behind equal priorities. Put [priority, sequence, item]",
        );
      }
      if (compared >= 0) break;
      hole = parent;
    }
    return hole;
  }

  /** Puts a record in its hole; those on the way move down. */
  #raise(at: number, from: number, hole: number): void {
    for (let each = from; each > hole; each = (each - 1) >> 1) this.#setPlace(each, this.#place((each - 1) >> 1));
    this.#setPlace(hole, at);
  }

  /** Puts a record at `from` or below, where it belongs. */
  #sink(at: number, from: number, length: number): void {
    let hole = from;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#compare(this.#place(child + 1), this.#place(child)) < 0) child += 1;
      if (this.#compare(this.#place(child), at) >= 0) break;
      this.#setPlace(hole, this.#place(child));
      hole = child;
    }
    this.#setPlace(hole, at);
  }

  #compare(left: number, right: number): number {
    const slab = this.slab;
    const [leftKey, rightKey] = [left + placeIn(slab, left), right + placeIn(slab, right)];
    const compared = compareKeys(slab, leftKey + 1, rightKey + 1);
    if (compared !== 0) return compared;
    // By difference: the count of records wraps.
    return Math.sign((slab.int(leftKey * 2) - slab.int(rightKey * 2)) | 0);
  }

  #freePlace(units: number): number {
    const { state } = this;
    while (state.get(FIELD.tail) + units > state.get(FIELD.limit)) {
      const capacity = state.get(FIELD.limit) - state.get(FIELD.base);
      if ((this.units + units) * 2 <= capacity) this.#compact(capacity);
      else this.extend(units);
    }
    return state.get(FIELD.tail);
  }

  /** Copies the records that count to another region, in the order of the heap: then it need not be sorted. */
  #compact(capacity: number): void {
    const { slab, state } = this;
    const base = this.elsewhere(capacity);
    let tail = base;
    for (let each = 0; each < this.size; each += 1) {
      const from = this.#place(each);
      slab.copy(tail, from, unitsOf(slab, from));
      tail += unitsOf(slab, from);
    }
    state.begin();
    state.set(FIELD.base, base);
    state.set(FIELD.limit, base + capacity);
    state.set(FIELD.tail, tail);
    state.set(FIELD.removed, 0);
    state.commit();
    for (let each = 0, at = base; each < this.size; each += 1) {
      this.#setPlace(each, at);
      at += unitsOf(slab, at);
    }
    this.#settled();
  }
}
