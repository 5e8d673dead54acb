/** Lets at most `limit` calls start in any window of `per` ms.
 *
 *  A sliding window over the last `limit` starts: unlike a bucket that is refilled at intervals it never lets twice the
 *  limit through around the end of one. */
import { RingQueue } from "../base/ring-queue.js";

export class RateGate {
  readonly #limit: number;
  readonly #per: number;
  readonly #starts = new RingQueue<number>();

  constructor(limit: number, per: number) {
    this.#limit = limit;
    this.#per = per;
  }

  /** @returns 0 when a call may start at `now`, else the ms until one may. */
  wait(now: number): number {
    const oldest = this.#starts.length < this.#limit ? undefined : this.#starts.peek();
    return oldest === undefined ? 0 : Math.max(0, oldest + this.#per - now);
  }

  /** A call starts at `now`. */
  pass(now: number): void {
    this.#starts.push(now);
    if (this.#starts.length > this.#limit) this.#starts.shift();
  }
}
