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

/** Durations that are kept as they come, to be counted many at once. */
const KEPT = 16_384;

/** Its bucket: the number of bits of the whole microseconds, 2^(b-1) <= µs < 2^b. */
function bucketOf(ms: number): number {
  return ms < LONGEST ? 32 - Math.clz32(ms * 1000) : BUCKETS - 1;
}

export class Durations {
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  #count = 0;
  #sum = 0;
  #max = 0;
  /** Those that are not counted yet: a loop over each few of them would be among what a program's first thousands of
   *  calls wait for, before it is compiled. Made when it is needed. */
  #kept: Float64Array | undefined;
  #length = 0;

  /** @param ms a duration; a clock that was set back in between can make it negative, which counts as 0. */
  observe(ms: number): void {
    const duration = ms > 0 ? ms : 0;
    const bucket = bucketOf(duration);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += duration;
    if (duration > this.#max) this.#max = duration;
  }

  /** Observes each of the list, which is copied. */
  observeAll(list: Float64Array): void {
    if (this.#length + list.length > KEPT) this.#countKept();
    this.#kept ??= new Float64Array(KEPT);
    this.#kept.set(list, this.#length);
    this.#length += list.length;
  }

  /** Observes `count` durations that rise evenly from `first` to `last`. */
  observeRising(first: number, last: number, count: number): void {
    const [least, most] = [first > 0 ? first : 0, last > 0 ? last : 0];
    const bucket = bucketOf(least);
    if (bucket !== bucketOf(most)) {
      for (let each = 0; each < count; each += 1) this.observe(least + ((most - least) * each) / (count - 1));
      return;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
    this.#sum += ((least + most) / 2) * count;
    if (most > this.#max) this.#max = most;
  }

  #countKept(): void {
    const kept = this.#kept;
    const length = this.#length;
    this.#length = 0;
    if (kept !== undefined) for (let at = 0; at < length; at += 1) this.observe(kept[at] ?? 0);
  }

  snapshot(): Histogram {
    this.#countKept();
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

  /** Calls that were submitted together have run one after another.
   *  @param starts epoch ms, as is `submittedAt`. */
  observeRun(starts: Float64Array, submittedAt: number, durations: Float64Array): void {
    const { length } = starts;
    // Of short calls only: what lies between the first and the last start is about a millisecond.
    this.wait.observeRising((starts[0] ?? 0) - submittedAt, (starts[length - 1] ?? 0) - submittedAt, length);
    this.run.observeAll(durations);
  }

  copied(bytes: number): void {
    this.#copies += 1;
    this.#copiedBytes += bytes;
  }

  get largeCopies(): { readonly count: number; readonly bytes: number } {
    return Object.freeze({ count: this.#copies, bytes: this.#copiedBytes });
  }
}
