/** `AsyncResult`: what `applyAsync`, `mapAsync` and `starmapAsync` of a pool give at once.
 *
 *  Guarantees: it settles, whatever becomes of the worker or the pool; exactly one of the two callbacks runs, once, in this
 *  thread, one at a time, in the order in which jobs end, and before `get()` goes on; what a callback throws reaches
 *  whoever asks for the result, and harms nothing else. */
import { CancelledError, Future, InvalidStateError, TimeoutError, type WaitOptions } from "../mod.js";

/** What is to be done when the job has ended. */
export interface ResultCallbacks<T> {
  /** Gets the value. Must be quick: this thread waits for it. A promise that it returns is not waited for. */
  callback?: (value: T) => void;
  /** Gets the error. With it, a failure counts as seen. */
  errorCallback?: (error: unknown) => void;
}

/** The result of a job of a pool, now or later. It can be awaited like a promise.
 *
 *  @example
 *  ```ts
 *  const result = pool.applyAsync(isPrime, [112272535095293], { callback: (prime) => console.log(prime) });
 *  console.log(await result.get({ timeout: 1000 }));
 *  ``` */
export class AsyncResult<T> implements PromiseLike<T> {
  readonly #future: Future<T>;

  /** @internal Made by pools. */
  constructor(future: Future<T>) {
    this.#future = future;
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
    return this.#future.result(options);
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
      await this.#future.exception(options);
    } catch (error) {
      // An error of the wait, and not of a job that was cancelled.
      if (!this.ready()) {
        if (error instanceof TimeoutError) return false;
        throw error;
      }
    }
    return true;
  }

  /** Whether the job has ended and its callback has run. */
  ready(): boolean {
    return this.#future.done();
  }

  /** Whether the job ended with a value, which its callback took without an error.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when it has not ended. */
  successful(): boolean {
    if (this.ready()) return this.#future.state === "succeeded";
    throw new InvalidStateError("Cannot tell whether the job was successful: it has not ended. Wait for it first");
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a PromiseLike by contract
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#future.then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#future.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#future.finally(onFinally);
  }
}

/** A future that ends as `job` does, once the callback has run. */
export function withCallbacks<T>(job: PromiseLike<T>, { callback, errorCallback }: ResultCallbacks<T>): Future<T> {
  const { future, resolve, reject } = Future.withResolvers<T>();
  const succeed = (value: T): void => {
    try {
      callback?.(value);
    } catch (error) {
      // Not a warning beside a value: whoever asks for the result must learn that it was not dealt with.
      return reject(error);
    }
    resolve(value);
  };
  const fail = (error: unknown): void => {
    try {
      errorCallback?.(error);
    } catch (thrown) {
      return reject(new AggregateError([error, thrown], "The job failed, and its errorCallback threw"));
    }
    // Whoever has a callback for errors has seen it, and that a job was cancelled is no news to who cancelled it.
    if (errorCallback !== undefined || error instanceof CancelledError) future.catch(() => undefined);
    reject(error);
  };
  job.then(succeed, fail);
  return future;
}
