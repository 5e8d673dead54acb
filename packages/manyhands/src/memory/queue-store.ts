/** The items of a queue in shared memory, for whoever has exclusive access.
 *
 *  Guarantees: each of `push`, `restore`, `take`, `taskDone` and `close` happens wholly or not at all, wherever its thread
 *  dies: what it writes before the state changes is seen by nobody, and the state changes by a single store (QueueState).
 *  Memory that items no longer take up is used again; it never goes back to the system before the queue itself does. */
import type { Item } from "./item.js";
import { FIELD, FIRST_UNIT, QueueState } from "./queue-state.js";
import { Slab } from "./slab.js";

/** Whether a queue takes and gives: as usual, no more puts, or neither. */
export type Closing = "open" | "draining" | "closed";
const CLOSING: readonly Closing[] = ["open", "draining", "closed"];

/** What a new queue begins with: 16 KiB, which stay in the processor's cache. */
const INITIAL_UNITS = 2048;

export abstract class QueueStore {
  protected readonly slab: Slab;
  protected readonly state: QueueState;

  constructor(slab: Slab) {
    this.slab = slab;
    this.state = new QueueState(slab);
  }

  /** To be called first whenever exclusive access was gained. Makes good what a thread left that died while it had it. */
  enter(): void {
    this.state.refresh();
    this.slab.reach(this.state.get(FIELD.limit));
  }

  /** Puts an item in.
   *  @throws QueueMemoryError when the memory cannot grow, UnorderableError; the queue is as before. */
  abstract push(item: Item): void;
  /** Puts an item that was taken back to where it was, and counts it as never taken. */
  abstract restore(item: Item): void;
  /** Takes the next item; `undefined` when there is none. */
  abstract take(): Item | undefined;

  get size(): number {
    return this.state.get(FIELD.size);
  }

  get unfinished(): number {
    return this.state.get(FIELD.unfinished);
  }

  /** The memory that items take up, in units of 8 bytes. */
  get units(): number {
    return this.state.get(FIELD.units);
  }

  get closing(): Closing {
    return CLOSING[this.state.get(FIELD.closing)] ?? "closed";
  }

  /** The same without exclusive access: each true at some instant of the call. */
  peek(field: "size" | "unfinished" | "units"): number {
    return this.state.peek(FIELD[field]);
  }

  peekClosing(): Closing {
    return CLOSING[this.state.peek(FIELD.closing)] ?? "closed";
  }

  /** One item less to be reported done. */
  taskDone(): void {
    this.state.begin();
    this.state.set(FIELD.unfinished, this.unfinished - 1);
    this.state.commit();
  }

  /** Closes for puts, or for all; a queue that is closed for all has dropped its items, which count as done. */
  close(to: "draining" | "closed"): void {
    const state = this.state;
    if (CLOSING.indexOf(to) <= state.get(FIELD.closing)) return;
    state.begin();
    state.set(FIELD.closing, CLOSING.indexOf(to));
    if (to === "closed") {
      state.set(FIELD.unfinished, this.unfinished - this.size);
      state.set(FIELD.size, 0);
      state.set(FIELD.units, 0);
      state.set(FIELD.removed, 0);
      state.set(FIELD.head, state.get(FIELD.base));
      state.set(FIELD.tail, state.get(FIELD.base));
    }
    state.commit();
  }

  /** Notes one item more (or, with −1, less) in a change that has begun. */
  protected count(items: 1 | -1, units: number): void {
    this.state.set(FIELD.size, this.size + items);
    this.state.set(FIELD.units, this.units + items * units);
  }

  /** Makes room behind the region in use, where nothing ever is: there is one region at a time. */
  protected extend(units: number): void {
    const limit = this.state.get(FIELD.limit);
    const capacity = limit - this.state.get(FIELD.base);
    const larger = limit + Math.max(capacity, units);
    this.slab.grow(larger);
    this.state.begin();
    this.state.set(FIELD.limit, larger);
    this.state.commit();
  }

  /** The begin of a free region, before or behind the one in use. */
  protected elsewhere(units: number): number {
    if (this.state.get(FIELD.base) - FIRST_UNIT >= units) return FIRST_UNIT;
    const limit = this.state.get(FIELD.limit);
    this.slab.grow(limit + units);
    return limit;
  }
}

/** The memory of a new queue. */
export function newSlab(): Slab {
  const slab = new Slab(FIRST_UNIT + INITIAL_UNITS);
  const state = new QueueState(slab);
  state.begin();
  for (const field of [FIELD.base, FIELD.head, FIELD.tail]) state.set(field, FIRST_UNIT);
  state.set(FIELD.limit, FIRST_UNIT + INITIAL_UNITS);
  state.commit();
  return slab;
}
