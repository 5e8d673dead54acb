/** Last in, first out: records one upon the other, each naming the one below. */
import type { Item } from "./item.js";
import { FIELD } from "./queue-state.js";
import { QueueStore } from "./queue-store.js";
import { itemUnits, placeIn, readRecord, unitsOf, writeRecord } from "./record.js";

export class StackStore extends QueueStore {
  push(item: Item): void {
    this.#push(item, 1);
  }

  restore(item: Item): void {
    this.#push(item, 0);
  }

  #push(item: Item, unfinished: 0 | 1): void {
    const { slab, state } = this;
    const units = itemUnits(item);
    while (state.get(FIELD.tail) + units > state.get(FIELD.limit)) this.extend(units);
    const at = state.get(FIELD.tail);
    writeRecord(slab, at, item, units, state.get(FIELD.head));
    state.begin();
    state.set(FIELD.head, at);
    state.set(FIELD.tail, at + units);
    state.set(FIELD.unfinished, this.unfinished + unfinished);
    this.count(1, units);
    state.commit();
  }

  take(): Item | undefined {
    const { slab, state } = this;
    if (this.size === 0) return undefined;
    const at = state.get(FIELD.head);
    const item = readRecord(slab, at);
    state.begin();
    state.set(FIELD.head, placeIn(slab, at));
    state.set(FIELD.tail, at);
    this.count(-1, unitsOf(slab, at));
    state.commit();
    return item;
  }
}
