/** `--rate`: evenly spaced starts.
 *
 *  Guarantees: two starts are never closer than the interval; time that was not used is not saved up for a burst. */

/** When the next start may be, given when the last one was allowed and what time it is. */
export function nextStart(previous: number, interval: number, now: number): number {
  return Math.max(previous + interval, now);
}

export class Pace {
  readonly #interval: number;
  #previous = Number.NEGATIVE_INFINITY;

  constructor(interval: number) {
    this.#interval = interval;
  }

  /** Takes the next start: a promise until it is due, or `undefined` when it is due now. */
  take(): Promise<void> | undefined {
    const now = performance.now();
    this.#previous = nextStart(this.#previous, this.#interval, now);
    const wait = this.#previous - now;
    return wait <= 0 ? undefined : new Promise((resolve) => setTimeout(resolve, wait));
  }
}
