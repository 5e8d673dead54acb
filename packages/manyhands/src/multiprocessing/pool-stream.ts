/** `PoolStream`: what `imap` and `imapUnordered` of a pool give.
 *
 *  Guarantees: input is pulled only as results are taken (or by `join`, which has to finish the work); a wait that timed
 *  out loses no result; a failing call shows at its position, and `next()` goes on behind it. */

import { RingQueue } from "../base/ring-queue.js";
import { STAYS } from "../base/shareable.js";
import { waitFor } from "../base/wait-options.js";
import { type MapResults, TimeoutError, type WaitOptions } from "../mod.js";

type Taken<R> = Promise<IteratorResult<R, undefined>>;

/** A result that was asked for, with its place among all of them. */
interface Asked<R> {
  readonly number: number;
  readonly taken: Taken<R>;
}

/** Results of a pool, one after another.
 *
 *  @example
 *  ```ts
 *  for await (const page of pool.imap(render, pages())) await save(page);
 *  ```
 *  @remarks Cancellation: leaving a `for await` early, also by a failure, cancels what has not started and closes the
 *  input; calls that run are left to end. */
export class PoolStream<R> implements AsyncIterableIterator<R> {
  readonly #results: MapResults<R>;
  readonly #ended: () => void;
  /** Asked for, and given to nobody: a wait for it timed out, or `drain` asked. */
  readonly #left = new RingQueue<Asked<R>>();
  #asked = 0;

  /** @internal Made by pools. @param ended is called when there is nothing more to pull. */
  constructor(results: MapResults<R>, ended: () => void) {
    this.#results = results;
    this.#ended = ended;
  }

  /** @internal */
  get [STAYS](): string {
    return "results are taken where they were asked for; collect them, and send the array";
  }

  /** The next result.
   *
   *  @param options `timeout` in ms (0 looks once) and `signal`, both for the wait alone.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @throws what the call failed with, or what the input threw, at its position; ShutdownError (`ERR_SHUTDOWN`) when
   *  the pool was terminated or left before the whole input was pulled.
   *  @remarks Cancellation: nothing is lost; the next `next()` gets the result.
   *  @example
   *  ```ts
   *  const first = await pool.imap(render, pages()).next({ timeout: 1000 });
   *  ``` */
  next(options?: WaitOptions): Promise<IteratorResult<R, undefined>> {
    const asked = this.#left.shift() ?? this.#take();
    return options === undefined ? asked.taken : this.#within(options, asked);
  }

  async #within(options: WaitOptions, asked: Asked<R>): Promise<IteratorResult<R, undefined>> {
    const { taken } = asked;
    const putBack = (error: unknown): never => {
      this.#putBack(asked);
      throw error;
    };
    const subscribe = (ready: () => void): Disposable => {
      taken.then(ready, ready);
      return { [Symbol.dispose]: () => undefined };
    };
    const waited = await waitFor(subscribe, options).catch(putBack);
    if (waited === "ready") return taken;
    return putBack(
      new TimeoutError(`The next result is not there after ${options.timeout} ms; the work on it goes on`),
    );
  }

  /** Not simply before all others: several waits may end, in whatever order. */
  #putBack(asked: Asked<R>): void {
    const before: Asked<R>[] = [];
    for (let first = this.#left.peek(); first !== undefined && first.number < asked.number; first = this.#left.peek()) {
      before.push(first);
      this.#left.shift();
    }
    this.#left.unshift(asked);
    for (const each of before.reverse()) this.#left.unshift(each);
  }

  #take(): Asked<R> {
    const taken = this.#results.next();
    taken.then(
      ({ done }) => {
        if (done === true) this.#ended();
      },
      // It belongs to whoever takes it.
      () => undefined,
    );
    this.#asked += 1;
    return { number: this.#asked, taken };
  }

  /** Leaves: cancels what has not started and closes the input. */
  async return(): Promise<IteratorResult<R, undefined>> {
    while (this.#left.shift() !== undefined);
    await this.#results.return();
    this.#ended();
    return { value: undefined, done: true };
  }

  /** For `for await`, which leaves at the first failure without saying so: this closes the stream then. */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    const next = async (): Promise<IteratorResult<R, undefined>> => {
      try {
        return await this.next();
      } catch (error) {
        await this.return();
        throw error;
      }
    };
    const iterator: AsyncIterableIterator<R> = {
      next,
      return: () => this.return(),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** @internal Asks for one result and keeps it: a stream that is dropped on purpose has no failure to report. */
  look(): void {
    this.#left.push(this.#take());
  }

  /** @internal Pulls the whole input, and keeps the results for whoever takes them later. */
  async drain(): Promise<void> {
    for (;;) {
      const asked = this.#take();
      this.#left.push(asked);
      const [end] = await Promise.allSettled([asked.taken]);
      if (end.status === "fulfilled" && end.value.done === true) return;
    }
  }
}
