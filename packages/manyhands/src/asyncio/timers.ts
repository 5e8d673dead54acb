/** The timers of all tasks under one clock: a heap, and one timer of the system for the earliest.
 *
 *  A timer of Node's for each sleeping task would weigh more than the task. Timers that are due together are fired together,
 *  before any task goes on: two time-outs of the same moment are one cancellation.
 *
 *  Guarantees: a timer fires once, not before its time, in the order of times and then of making; a removed one never does;
 *  the program lives while there are timers. */
import { type Clock, systemClock } from "../base/clock.js";

/** Something that happens later. */
export interface Timer {
  /** When, in ms of the clock; `Infinity` is never. */
  readonly at: number;
  /** The how many-eth it is; set when it is added. */
  number: number;
  /** Where it stands in the heap; -1 when it has fired or was removed. */
  place: number;
  fire(): void;
}

export class Timers {
  readonly clock: Clock;
  readonly #heap: Timer[] = [];
  #armed: { readonly at: number; readonly timer: Disposable } | undefined;
  #made = 0;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** @param at when, in ms of the clock; `Infinity` is never */
  at(at: number, fire: () => void): Timer {
    return this.add({ at, number: 0, place: -1, fire });
  }

  /** Adds one that somebody else has made. */
  add<T extends Timer>(timer: T): T {
    this.#made += 1;
    timer.number = this.#made;
    if (timer.at === Number.POSITIVE_INFINITY) return timer;
    timer.place = this.#heap.length;
    this.#heap.push(timer);
    this.#rise(timer);
    if (timer.place === 0) this.#arm();
    return timer;
  }

  /** Nothing when it has fired. */
  remove(timer: Timer): void {
    const { place } = timer;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop();
    if (last !== undefined && last !== timer) {
      this.#put(last, place);
      this.#rise(last);
      this.#sink(last);
    }
    // One that is armed too early only looks once more; but with none left the program may end.
    if (this.#heap.length === 0) this.#disarm();
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#armed !== undefined && this.#armed.at <= first.at)) return;
    this.#disarm();
    const { at } = first;
    const timer = this.clock.after(Math.max(0, at - this.clock.now()), () => this.#due(), "hold");
    this.#armed = { at, timer };
  }

  #disarm(): void {
    this.#armed?.timer[Symbol.dispose]();
    this.#armed = undefined;
  }

  #due(): void {
    this.#armed = undefined;
    // Those that are added meanwhile are not due, though they may be for now: each turn ends.
    const now = this.clock.now();
    const newest = this.#made;
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > now || first.number > newest) break;
      this.remove(first);
      first.fire();
    }
    this.#arm();
  }

  #put(timer: Timer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }

  #rise(timer: Timer): void {
    for (;;) {
      const above = (timer.place - 1) >> 1;
      const parent = this.#heap[above];
      if (timer.place === 0 || parent === undefined || isBefore(parent, timer)) return;
      this.#put(parent, timer.place);
      this.#put(timer, above);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[2 * timer.place + 1];
      const right = this.#heap[2 * timer.place + 2];
      const first = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (first === undefined || isBefore(timer, first)) return;
      const { place } = first;
      this.#put(first, timer.place);
      this.#put(timer, place);
    }
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

const timers = new WeakMap<Clock, Timers>();

/** The timers under a clock: there is one heap for each. */
export function timersOf(clock: Clock): Timers {
  let found = timers.get(clock);
  if (found === undefined) {
    found = new Timers(clock);
    timers.set(clock, found);
  }
  return found;
}
