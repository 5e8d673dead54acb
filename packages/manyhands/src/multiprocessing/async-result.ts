/** `AsyncResult`: what `applyAsync`, `mapAsync` and `starmapAsync` of a pool give at once.
 *
 *  Guarantees: it settles, whatever becomes of the worker or the pool; exactly one of the two callbacks runs, once, in this
 *  thread, one at a time, in the order in which jobs end, and before `get()` goes on; what a callback throws reaches
 *  whoever asks for the result, and harms nothing else. */

import { checkType } from "../base/options.js";
import { STAYS } from "../base/shareable.js";
import { InvalidStateError, TimeoutError, type WaitOptions } from "../mod.js";

/** What is to be done when the job has ended. */
export interface ResultCallbacks<T> {
  /** Gets the value. Must be quick: this thread waits for it. A promise that it returns is not waited for. */
  callback?: (value: T) => void;
  /** Gets the error. With it, a failure counts as seen. */
  errorCallback?: (error: unknown) => void;
}

/** Checks them before the job is submitted: later nobody could be told but who asks for the result. @internal */
export function checkCallbacks(callbacks: ResultCallbacks<never>): void {
  checkType("options", callbacks, "object");
  checkType("callback", callbacks.callback, "function");
  checkType("errorCallback", callbacks.errorCallback, "function");
}

/** What stands behind a result: the future of a call, or a job with callbacks. */
export interface Job<T> extends PromiseLike<T> {
  readonly state: string;
  done(): boolean;
  result(options?: WaitOptions): Promise<T>;
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
}

/** The result of a job of a pool, now or later. It can be awaited like a promise.
 *
 *  @example
 *  ```ts
 *  const result = pool.applyAsync(isPrime, [112272535095293], { callback: (prime) => console.log(prime) });
 *  console.log(await result.get({ timeout: 1000 }));
 *  ``` */
export class AsyncResult<T> implements PromiseLike<T> {
  readonly #job: Job<T>;

  /** @internal Made by pools. */
  constructor(job: Job<T>) {
    this.#job = job;
  }

  /** @internal */
  get [STAYS](): string {
    return "a result is awaited where it was asked for; await it, and send the value";
  }

  /** The value, when it is there. May be asked for again.
   *
   *  @param options `timeout` in ms (0 looks once) and `signal`, both for the wait alone.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms; the job goes on.
   *  @throws CancelledError (`ERR_CANCELLED`) when the pool was terminated, or the wait ended by its `signal`.
   *  @throws WorkerExitedError (`ERR_WORKER_EXITED`) when the worker died under the job.
   *  @throws what the job threw, or what `callback` threw; an `AggregateError` of both when `errorCallback` threw.
   *  @remarks Cancellation: leaving the wait does not touch the job.
   *  @example
   *  ```ts
   *  const squares = await pool.mapAsync(square, [1, 2, 3]).get();
   *  ``` */
  get(options?: WaitOptions): Promise<T> {
    return this.#job.result(options);
  }

  /** Waits until the job has ended, well or not.
   *
   *  @param options `timeout` in ms (0 looks once) and `signal`, both for the wait alone.
   *  @returns whether it has ended; false when the time was over first.
   *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @remarks Cancellation: leaving the wait does not touch the job.
   *  @example
   *  ```ts
   *  while (!(await result.wait({ timeout: 1000 }))) console.log("still busy");
   *  ``` */
  async wait(options?: WaitOptions): Promise<boolean> {
    try {
      await this.#job.result(options);
    } catch (error) {
      // Else it is an error of the job, and belongs to get().
      if (!this.ready()) {
        if (error instanceof TimeoutError) return false;
        throw error;
      }
    }
    return true;
  }

  /** Whether the job has ended and its callback has run. */
  ready(): boolean {
    return this.#job.done();
  }

  /** Whether the job ended with a value, which its callback took without an error.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when it has not ended. */
  successful(): boolean {
    if (this.ready()) return this.#job.state === "succeeded";
    throw new InvalidStateError("Cannot tell whether the job was successful: it has not ended. Wait for it first");
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a PromiseLike by contract
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#job.then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }
}
