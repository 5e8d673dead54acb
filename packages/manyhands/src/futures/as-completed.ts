/** `asCompleted`: futures in the order in which they end.
 *
 *  Guarantees: each future once; those that are done already come first, in the given order; the time-out counts from
 *  the call (CPython's, against its documentation, from the first `next`); leaving the loop leaves no callback behind. */
import { type Clock, systemClock } from "../base/clock.js";
import { TimeoutError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
import { checkLimits, limitsLeft, type WaitOptions, waitFor } from "../base/wait-options.js";
import type { Future } from "./future.js";
import { distinct } from "./wait.js";

/** Iterates over futures as they end.
 *
 *  @param options `timeout` in ms for the whole iteration, counted from this call, and `signal`.
 *  @throws TimeoutError (`ERR_TIMEOUT`), `N (of M) futures unfinished`, from the iteration.
 *  @throws CancelledError (`ERR_CANCELLED`) from the iteration when `signal` aborts.
 *  @remarks Cancellation: the futures go on.
 *  @example
 *  ```ts
 *  for await (const future of asCompleted(futures)) console.log(await future);
 *  ``` */
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): Completions<F> {
  return completionsBy(systemClock, futures, options);
}

/** The same, in the time of a clock. */
export function completionsBy<F extends Future<unknown>>(
  clock: Clock,
  futures: Iterable<F>,
  options: WaitOptions,
): Completions<F> {
  checkLimits(options);
  const arrivals = new Arrivals(clock, distinct("asCompleted", futures));
  return unboxed(iterate(arrivals, limitsLeft(options, clock)));
}

/** What {@link asCompleted} gives: the futures themselves, not their values.
 *
 *  Its methods are spelled out, for the compiler takes what an `AsyncIterator` gives to a `for await` as awaited. */
export interface Completions<F> extends AsyncIterable<F> {
  next(): Promise<IteratorResult<F, undefined>>;
  return(): Promise<IteratorResult<F, undefined>>;
  [Symbol.asyncIterator](): Completions<F>;
}

/** A generator awaits what it yields, and of a future only its value, or its error, would come out; hence the box. */
function unboxed<F>(boxes: AsyncGenerator<readonly [F], undefined, undefined>): Completions<F> {
  return {
    next: async () => {
      const { done, value } = await boxes.next();
      return done === true ? { done, value: undefined } : { done: false, value: value[0] };
    },
    return: async () => {
      await boxes.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Listens from the call on, not from the first `next`: whatever ends in between must come in the order it ended. */
class Arrivals<F extends Future<unknown>> implements Disposable {
  readonly all: ReadonlySet<F>;
  readonly #clock: Clock;
  readonly #ended = new RingQueue<F>();
  #wake: (() => void) | undefined;
  readonly #seen = (future: Future<unknown>): void => {
    this.#ended.push(future as F);
    this.#wake?.();
  };

  constructor(clock: Clock, all: ReadonlySet<F>) {
    this.#clock = clock;
    this.all = all;
    for (const future of all) future.addDoneCallback(this.#seen);
  }

  /** The next one that ended, boxed: a promise of a future would become a promise of its value. */
  async next(options: WaitOptions): Promise<readonly [F] | undefined> {
    const subscribe = (ready: () => void): Disposable => {
      if (this.#ended.length > 0) ready();
      this.#wake = ready;
      return {
        [Symbol.dispose]: () => {
          this.#wake = undefined;
        },
      };
    };
    await waitFor(subscribe, options, this.#clock, `asCompleted() of ${this.all.size}`);
    const ended = this.#ended.shift();
    return ended === undefined ? undefined : [ended];
  }

  [Symbol.dispose](): void {
    for (const future of this.all) future.removeDoneCallback(this.#seen);
  }
}

async function* iterate<F extends Future<unknown>>(
  arrivals: Arrivals<F>,
  left: () => WaitOptions,
): AsyncGenerator<readonly [F], undefined, undefined> {
  using _ = arrivals;
  for (let given = 0; given < arrivals.all.size; given += 1) {
    const next = await arrivals.next(left());
    if (next === undefined) {
      const unfinished = [...arrivals.all].filter((future) => !future.done()).length;
      throw new TimeoutError(`${unfinished} (of ${arrivals.all.size}) futures unfinished`);
    }
    yield next;
  }
  return undefined;
}
