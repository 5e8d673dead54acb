/** Quantiles of the durations of late.
 *
 *  The window is cut into slices, each a histogram whose buckets grow by an eighth of a doubling: what is told lies at most 5 %
 *  beside the truth. Guarantees: memory does not depend on how much is observed; what is older than the window does not count. */

/** Slices of a window. One more is there: the one that is being filled. */
const SLICES = 6;
const PER_DOUBLING = 8;
/** From 1 µs to about 70 minutes; what is shorter or longer falls into the first or the last. */
const BUCKETS = 32 * PER_DOUBLING;

/** Durations in ms. */
export interface Quantiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

class Slice {
  readonly counts: Uint32Array = new Uint32Array(BUCKETS);
  /** Which slice of time it is, counted from 1970. */
  number = -1;
  count = 0;
  sum = 0;
  max = 0;

  begin(number: number): void {
    this.counts.fill(0);
    this.number = number;
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }
}

export class SlidingHistogram {
  readonly #sliceMs: number;
  readonly #slices = Array.from({ length: SLICES + 1 }, () => new Slice());

  /** @param windowMs what is older does not count. */
  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** @param at epoch ms. */
  observe(duration: number, at: number): void {
    const number = Math.floor(at / this.#sliceMs);
    const slice = this.#slices[number % this.#slices.length];
    // A slice that is told of late, after its place was given to another.
    if (slice === undefined || slice.number > number) return;
    if (slice.number !== number) slice.begin(number);
    const ms = Math.max(0, duration);
    const bucket = bucketOf(ms);
    slice.counts[bucket] = (slice.counts[bucket] ?? 0) + 1;
    slice.count += 1;
    slice.sum += ms;
    slice.max = Math.max(slice.max, ms);
  }

  /** @param at epoch ms. */
  quantiles(at: number): Quantiles {
    const newest = Math.floor(at / this.#sliceMs);
    const slices = this.#slices.filter(({ number }) => number > newest - SLICES && number <= newest);
    const counts = new Float64Array(BUCKETS);
    let [count, sum, max] = [0, 0, 0];
    for (const slice of slices) {
      for (let bucket = 0; bucket < BUCKETS; bucket += 1)
        counts[bucket] = (counts[bucket] ?? 0) + (slice.counts[bucket] ?? 0);
      count += slice.count;
      sum += slice.sum;
      max = Math.max(max, slice.max);
    }
    const at100 = (share: number): number => Math.min(max, quantile(counts, Math.ceil(count * share)));
    return {
      count,
      mean: count === 0 ? 0 : sum / count,
      p50: at100(0.5),
      p95: at100(0.95),
      p99: at100(0.99),
      max,
    };
  }
}

function bucketOf(ms: number): number {
  const doublings = Math.log2(Math.max(ms * 1000, 1));
  return Math.min(BUCKETS - 1, Math.floor(doublings * PER_DOUBLING));
}

/** The middle of the bucket in which the `rank`th observation lies, in ms. */
function quantile(counts: Float64Array, rank: number): number {
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= rank) return 2 ** ((bucket + 0.5) / PER_DOUBLING) / 1000;
  }
  return 0;
}
