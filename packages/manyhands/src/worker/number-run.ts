/** Neighbouring items of a map that came to numbers, put together while records of them are read, to be told at once.
 *
 *  Guarantees: order is kept; what is taken out is a copy, good for whoever is told, whatever is read meanwhile. */
import type { ItemRun } from "../futures/mod.js";

/** Items that are told at once at most. */
const MOST = 512;

export class NumberRun<T> {
  readonly #values = new Float64Array(MOST);
  readonly #starts = new Float64Array(MOST);
  readonly #durations = new Float64Array(MOST);
  #longest = 0;
  #count = 0;
  #ticket: T | undefined;
  /** Of the first. */
  #slot = 0;
  #offset = 0;

  /** Whether the call in this slot follows those that are here. */
  goesOn(ticket: T, slot: number): boolean {
    return ticket === this.#ticket && slot === this.#slot + this.#count && this.#count < MOST;
  }

  begin(ticket: T, slot: number, offset: number): void {
    this.#ticket = ticket;
    this.#slot = slot;
    this.#offset = offset;
    this.#count = 0;
    this.#longest = 0;
  }

  add(value: number, startedAt: number, duration: number): void {
    const at = this.#count;
    this.#values[at] = value;
    this.#starts[at] = startedAt;
    this.#durations[at] = duration;
    if (duration > this.#longest) this.#longest = duration;
    this.#count = at + 1;
  }

  /** Takes them out. */
  take(): { readonly ticket: T; readonly slot: number; readonly offset: number; readonly run: ItemRun } | undefined {
    const ticket = this.#ticket;
    if (ticket === undefined) return undefined;
    this.#ticket = undefined;
    const list = (all: Float64Array): Float64Array => all.slice(0, this.#count);
    const [values, starts, durations] = [list(this.#values), list(this.#starts), list(this.#durations)];
    return {
      ticket,
      slot: this.#slot,
      offset: this.#offset,
      run: { values, starts, durations, longest: this.#longest },
    };
  }
}
