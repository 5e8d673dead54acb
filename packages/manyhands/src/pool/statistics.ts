/** Counts and histograms of an executor.
 *
 *  Guarantees: an observation costs a few nanoseconds and keeps nothing; snapshots are frozen. */
import type { Histogram } from "../futures/mod.js";

/** Upper bounds double from 1 µs to about 18 minutes; what is longer falls into the last bucket. */
const BUCKETS = 32;
/** In ms; beyond it whole µs no longer fit 31 bits. */
const LONGEST = 2_000_000;
const BOUNDS: readonly number[] = Object.freeze(
  Array.from({ length: BUCKETS }, (_, bucket) =>
    bucket === BUCKETS - 1 ? Number.POSITIVE_INFINITY : 2 ** bucket / 1000,
  ),
);

export class Durations {
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param ms a duration; a clock that was set back in between can make it negative, which counts as 0. */
  observe(ms: number): void {
    const duration = ms > 0 ? ms : 0;
    // The number of bits of the whole microseconds is the bucket: 2^(b-1) <= µs < 2^b.
    const bucket = Math.min(BUCKETS - 1, 32 - Math.clz32(Math.min(duration * 1000, 0xffffffff)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += duration;
    if (duration > this.#max) this.#max = duration;
  }

  /** The first `count` of the list, each less `from`. */
  observeRun(list: Float64Array, from: number, count: number): void {
    const counts = this.#counts;
    let sum = 0;
    let max = this.#max;
    for (let at = 0; at < count; at += 1) {
      const ms = (list[at] ?? 0) - from;
      const duration = ms > 0 ? ms : 0;
      const bucket = duration < LONGEST ? 32 - Math.clz32(duration * 1000) : BUCKETS - 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += duration;
      if (duration > max) max = duration;
    }
    this.#count += count;
    this.#sum += sum;
    this.#max = max;
  }

  snapshot(): Histogram {
    return Object.freeze({
      count: this.#count,
      sum: this.#sum,
      max: this.#max,
      bounds: BOUNDS,
      counts: Object.freeze([...this.#counts]),
    });
  }
}

/** What an executor has done so far. */
export class Statistics {
  completed = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  lost = 0;
  readonly wait: Durations = new Durations();
  readonly run: Durations = new Durations();
  #copies = 0;
  #copiedBytes = 0;

  copied(bytes: number): void {
    this.#copies += 1;
    this.#copiedBytes += bytes;
  }

  get largeCopies(): { readonly count: number; readonly bytes: number } {
    return Object.freeze({ count: this.#copies, bytes: this.#copiedBytes });
  }
}
