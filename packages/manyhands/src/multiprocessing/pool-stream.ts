/** `PoolStream`: what `imap` and `imapUnordered` of a pool give.
 *
 *  Guarantees: input is pulled only as results are taken (or by `join`, which has to finish the work); a wait that timed
 *  out loses no result; a failing call shows at its position, and `next()` goes on behind it. */

import { RingQueue } from "../base/ring-queue.js";
import { waitFor } from "../base/wait-options.js";
import { type MapResults, TimeoutError, type WaitOptions } from "../mod.js";

type Taken<R> = Promise<IteratorResult<R, undefined>>;

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
  readonly #left = new RingQueue<Taken<R>>();

  /** @internal Made by pools. @param ended is called when there is nothing more to pull. */
  constructor(results: MapResults<R>, ended: () => void) {
    this.#results = results;
    this.#ended = ended;
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
    const taken = this.#left.shift() ?? this.#take();
    return options === undefined ? taken : this.#within(options, taken);
  }

  async #within(options: WaitOptions, taken: Taken<R>): Promise<IteratorResult<R, undefined>> {
    const putBack = (error: unknown): never => {
      this.#left.unshift(taken);
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

  #take(): Taken<R> {
    const taken = this.#results.next();
    taken.then(
      ({ done }) => {
        if (done === true) this.#ended();
      },
      // It belongs to whoever takes it.
      () => undefined,
    );
    return taken;
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
      const taken = this.#take();
      this.#left.push(taken);
      const [end] = await Promise.allSettled([taken]);
      if (end.status === "fulfilled" && end.value.done === true) return;
    }
  }
}
