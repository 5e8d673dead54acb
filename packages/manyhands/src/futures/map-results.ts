/** `MapResults`: what `map` gives. `await` collects, `for await` streams with back-pressure.
 *
 *  Guarantees: inputs are pulled only as results are taken; in order unless asked otherwise; a failing call shows at
 *  its position, where it ends a `for await`, and where `next()` can go on behind it; leaving early cancels what has not
 *  started. */
import { STAYS } from "../base/shareable.js";
import type { Entry } from "./map-host.js";
import type { MapRun } from "./map-run.js";

/** One outcome of a map, with where and when the call ran. */
export type MapOutcome<R> = (
  | { readonly status: "fulfilled"; readonly value: R }
  | { readonly status: "rejected"; readonly reason: unknown }
) & {
  /** Position of the input, from 0. */
  readonly index: number;
  /** Start of the last attempt, ms since the Unix epoch; 0 when the call never started. */
  readonly start: number;
  /** Running time of the last attempt, in ms. */
  readonly duration: number;
  /** Number of the last attempt, from 1. */
  readonly attempt: number;
  /** Name of the worker that ran it; empty when none did. */
  readonly worker: string;
};

type Results = Pick<MapRun<unknown>, "take" | "takeNow" | "collect" | "close">;

/** The results of a map.
 *
 *  @example
 *  ```ts
 *  const all = await pool.map(isPrime, numbers);                    // an array, in input order
 *  for await (const one of pool.map(isPrime, endless())) use(one);  // as they come, the input pulled as needed
 *  ```
 *  @remarks Cancellation: leaving a `for await` early cancels what has not started and closes the input; calls that
 *  run are left to end. */
export class MapResults<R> implements AsyncIterableIterator<R>, PromiseLike<R[]> {
  readonly #run: Results;
  #collected: Promise<R[]> | undefined;
  /** Taken from the run, and not given yet. */
  #peeked: Entry | undefined;

  /** @internal Made by the executors. */
  constructor(run: Results) {
    this.#run = run;
  }

  /** @internal */
  get [STAYS](): string {
    return "results are taken where they were asked for; await them, and send the array";
  }

  /** For `for await`, which leaves at the first failure without saying so: this closes the map then. */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    const iterator: AsyncIterableIterator<R> = {
      next: () => this.#nowOr(() => this.#nextOrClose()),
      return: () => this.return(),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** The next result.
   *
   *  @throws what the call failed with, at its position (the next `next()` goes on behind it); what the input itself threw,
   *  at its position; `CancelledError` (`ERR_CANCELLED`) when the map's signal aborts; `ShutdownError` (`ERR_SHUTDOWN`)
   *  when the executor was shut down before the whole input was pulled.
   *  @remarks Cancellation: giving up the returned promise loses that one result; call `return()` to leave. */
  next(): Promise<IteratorResult<R, undefined>> {
    return this.#nowOr(() => this.#nextLater());
  }

  /** What is there already is given in one promise: most results of a large map are. */
  #nowOr(later: () => Promise<IteratorResult<R, undefined>>): Promise<IteratorResult<R, undefined>> {
    const entry = this.#peeked ?? this.#run.takeNow();
    this.#peeked = undefined;
    if (entry?.outcome.status === "fulfilled") return Promise.resolve({ value: entry.outcome.value as R, done: false });
    this.#peeked = entry;
    return later();
  }

  async #nextLater(): Promise<IteratorResult<R, undefined>> {
    const entry = await this.#take();
    if (entry === undefined) return { value: undefined, done: true };
    if (entry.outcome.status === "rejected") throw entry.outcome.reason;
    return { value: entry.outcome.value as R, done: false };
  }

  async #nextOrClose(): Promise<IteratorResult<R, undefined>> {
    try {
      return await this.#nextLater();
    } catch (error) {
      this.#run.close();
      throw error;
    }
  }

  #take(): Promise<Entry | undefined> {
    const peeked = this.#peeked;
    this.#peeked = undefined;
    return peeked === undefined ? this.#run.take() : Promise.resolve(peeked);
  }

  /** Leaves: cancels what has not started and closes the input. */
  async return(): Promise<IteratorResult<R, undefined>> {
    this.#run.close();
    return { value: undefined, done: true };
  }

  /** Every outcome, failures included, with where and when each call ran.
   *
   *  @throws what the input itself threw, and `CancelledError` or `ShutdownError` as {@link next} does.
   *  @remarks Cancellation: leaving the loop early is like `return()`.
   *  @example
   *  ```ts
   *  for await (const end of pool.map(fetchPage, urls).settled()) {
   *    if (end.status === "rejected") console.error(urls[end.index], end.reason);
   *  }
   *  ``` */
  async *settled(): AsyncGenerator<MapOutcome<R>, void, undefined> {
    let done = false;
    try {
      for (let entry = await this.#take(); entry !== undefined; ) {
        yield outcomeOf<R>(entry);
        entry = await this.#take();
      }
      done = true;
    } finally {
      if (!done) this.#run.close();
    }
  }

  /** Collects every result into an array in input order; the first failure in that order rejects, and what has not
   *  started then is cancelled and the input closed. It rejects with what {@link next} throws. */
  // biome-ignore lint/suspicious/noThenProperty: `await pool.map(…)` is the contract
  then<A = R[], B = never>(
    onFulfilled?: ((value: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#collected ??= this.#run.collect() as Promise<R[]>;
    return this.#collected.then(onFulfilled, onRejected);
  }
}

function outcomeOf<R>({ index, outcome, report }: Entry): MapOutcome<R> {
  return {
    index,
    ...(outcome as { status: "fulfilled"; value: R }),
    start: report.startedAt,
    duration: report.duration,
    attempt: report.attempt,
    worker: report.workerName,
  };
}
