/** What is known of a function's running time, and how many of its calls to hand to a worker ahead of their turn.
 *
 *  A crossing costs about as much as a small call, so small calls travel together; a call whose length is not known, or
 *  is known to be long, is never handed over before the worker is free for it. */

export class Profile {
  #mean = Number.POSITIVE_INFINITY;
  #peak = 0;
  /** The longest of late, which counts once another comes near it: any call may be interrupted, and one that was says
   *  nothing of its function. */
  #suspect = 0;

  /** Learns from a call that ran `duration` ms. */
  observe(duration: number): void {
    if (this.#mean === Number.POSITIVE_INFINITY) {
      this.#mean = duration;
      this.#suspect = duration;
      return;
    }
    this.#mean += (duration - this.#mean) * 0.1;
    this.#rise(duration, 0.98);
  }

  /** Learns from calls that ran one after another: what they took in all, and the longest of them, in ms. */
  observeRun(count: number, sum: number, longest: number): void {
    const mean = sum / count;
    if (this.#mean === Number.POSITIVE_INFINITY) this.#mean = mean;
    this.#mean += (mean - this.#mean) * (1 - 0.9 ** count);
    this.#rise(longest, 0.98 ** count);
  }

  /** Falls slowly: a function that was slow lately is handed over carefully. */
  #rise(duration: number, fall: number): void {
    this.#peak = Math.max(Math.min(duration, this.#suspect), this.#peak * fall);
    this.#suspect = Math.max(duration, this.#suspect * fall);
  }

  /** Expected time of one call in whole µs, so that sums of costs come out even; `UNKNOWN` when nothing is known. */
  get cost(): number {
    const ms = Math.max(this.#mean, this.#peak / 4);
    return ms < LONG ? Math.max(LEAST, Math.ceil(ms * 1000)) : UNKNOWN;
  }

  /** Calls that are worth handing to one worker together. */
  get batch(): number {
    return this.within(BUDGET / 2);
  }

  /** How many calls fit into so many µs; at least one. */
  within(budget: number): number {
    return Math.max(1, Math.floor(budget / this.cost));
  }
}

/** What a call costs a worker at the least, in µs: reading it from its message and answering. */
const LEAST = 1;

/** The work that a worker holds at most, in µs, so that it never runs dry while the answer to its last batch crosses. */
export const BUDGET = 2000;

/** The cost in µs of what is not known, or too long for its length to matter. */
export const UNKNOWN = 1_000_000;
/** In ms. */
const LONG = 1000;

/** What a worker holds, as seen when the next call is placed. */
export interface Load {
  /** Calls handed over and not settled. */
  readonly held: number;
  /** Their expected time in µs. */
  readonly expected: number;
  /** Calls that the worker runs at once. */
  readonly slots: number;
  /** Calls it runs that only wait for other calls of the same executor. */
  readonly lending: number;
  /** Whether it has been silent for too long to be handed anything ahead of its turn. */
  readonly silent: boolean;
}

/** Whether a worker with this load takes calls of this cost, all together, now. */
export function takes(load: Load, cost: number): boolean {
  if (load.held < load.slots || (load.lending > 0 && load.lending === load.held)) return true;
  return !load.silent && load.expected + cost <= BUDGET;
}
