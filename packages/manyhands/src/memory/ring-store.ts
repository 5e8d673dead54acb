/** First in, first out: a ring of records in one region, which grows where it is or moves to a larger one. */
import type { Item } from "./item.js";
import { FIELD } from "./queue-state.js";
import { QueueStore } from "./queue-store.js";
import { itemUnits, readRecord, unitsOf, writeRecord } from "./record.js";

export class RingStore extends QueueStore {
  push(item: Item): void {
    const units = itemUnits(item);
    const at = this.#place(units);
    const { slab, state } = this;
    writeRecord(slab, at, item, units, 0);
    state.begin();
    if (this.size === 0) state.set(FIELD.head, at);
    else if (at < state.get(FIELD.tail)) state.set(FIELD.wrap, state.get(FIELD.tail));
    state.set(FIELD.tail, at + units);
    state.set(FIELD.unfinished, this.unfinished + 1);
    this.count(1, units);
    state.commit();
  }

  restore(item: Item): void {
    const units = itemUnits(item);
    const at = this.#placeBefore(units);
    const { slab, state } = this;
    writeRecord(slab, at, item, units, 0);
    state.begin();
    if (this.size > 0 && at > state.get(FIELD.head)) state.set(FIELD.wrap, at + units);
    state.set(FIELD.head, at);
    if (this.size === 0) state.set(FIELD.tail, at + units);
    this.count(1, units);
    state.commit();
  }

  take(): Item | undefined {
    const { slab, state } = this;
    if (this.size === 0) return undefined;
    const head = state.get(FIELD.head);
    const item = readRecord(slab, head);
    const units = unitsOf(slab, head);
    state.begin();
    this.count(-1, units);
    if (this.size === 1) {
      // Back to the begin: a queue that is often empty stays within the same few lines of the cache.
      state.set(FIELD.head, state.get(FIELD.base));
      state.set(FIELD.tail, state.get(FIELD.base));
    } else {
      const wraps = state.get(FIELD.tail) < head && head + units === state.get(FIELD.wrap);
      state.set(FIELD.head, wraps ? state.get(FIELD.base) : head + units);
    }
    state.commit();
    return item;
  }

  /** A free place behind the last record. */
  #place(units: number): number {
    for (;;) {
      const { state } = this;
      const [base, limit, head] = [state.get(FIELD.base), state.get(FIELD.limit), state.get(FIELD.head)];
      const tail = state.get(FIELD.tail);
      if (tail >= head) {
        if (tail + units <= limit) return tail;
        // Less than up to the head: were the two equal, a full ring would look like one that is not wrapped.
        if (this.size > 0 && base + units < head) return base;
        this.extend(units);
      } else if (tail + units < head) return tail;
      else this.#move(units);
    }
  }

  /** A free place before the first record. */
  #placeBefore(units: number): number {
    for (;;) {
      if (this.size === 0) return this.#place(units);
      const { state } = this;
      const [base, limit, head] = [state.get(FIELD.base), state.get(FIELD.limit), state.get(FIELD.head)];
      const tail = state.get(FIELD.tail);
      if (tail < head) {
        if (head - units > tail) return head - units;
      } else if (head - units >= base) return head - units;
      // At the end, as a ring: to move for the want of room before the first record alone would double the memory with each
      // item that comes back.
      else if (limit - units > tail) return limit - units;
      this.#move(units);
    }
  }

  /** Copies the records to a larger region. */
  #move(more: number): void {
    const { slab, state } = this;
    const [base, head, tail] = [state.get(FIELD.base), state.get(FIELD.head), state.get(FIELD.tail)];
    const capacity = Math.max(state.get(FIELD.limit) - base, this.units + more) * 2;
    const to = this.elsewhere(capacity);
    const wrapped = tail < head;
    const first = (wrapped ? state.get(FIELD.wrap) : tail) - head;
    slab.copy(to, head, first);
    if (wrapped) slab.copy(to + first, base, tail - base);
    state.begin();
    state.set(FIELD.base, to);
    state.set(FIELD.limit, to + capacity);
    state.set(FIELD.head, to);
    state.set(FIELD.tail, to + this.units);
    state.commit();
  }
}
