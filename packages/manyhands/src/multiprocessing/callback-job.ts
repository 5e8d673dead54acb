/** A job of a pool whose end is told to a callback before anybody else learns of it.
 *
 *  Guarantees: exactly one of the two callbacks runs, once; it runs before `result()` goes on; what it throws becomes the outcome.
 *
 *  A promise and not a future of its own: twenty thousand of these are nothing unusual, and a future would double what such
 *  a job costs here. */
import { type WaitOptions, waitFor } from "../base/wait-options.js";
import { CancelledError, TimeoutError } from "../mod.js";
import type { Job, ResultCallbacks } from "./async-result.js";

export class CallbackJob<T> implements Job<T> {
  readonly #callbacks: ResultCallbacks<T>;
  readonly #promise: Promise<T>;
  #state: "running" | "succeeded" | "failed" = "running";
  /** Those who wait with a limit: they must be able to leave. */
  #watchers: Set<() => void> | undefined;

  constructor(job: PromiseLike<T>, callbacks: ResultCallbacks<T>) {
    this.#callbacks = callbacks;
    // A promise's own functions are what a future settles at no cost.
    this.#promise = new Promise<T>((resolve, reject) => void job.then(resolve, reject)).then(
      (value) => this.#succeed(value),
      (error: unknown) => this.#fail(error),
    );
  }

  get state(): string {
    return this.#state;
  }

  done(): boolean {
    return this.#state !== "running";
  }

  result(options?: WaitOptions): Promise<T> {
    return options === undefined || this.done() ? this.#promise : this.#within(options);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a PromiseLike by contract
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onFulfilled, onRejected);
  }

  async #within(options: WaitOptions): Promise<T> {
    // Whoever waits looks at the outcome.
    this.#promise.catch(() => undefined);
    const waited = await waitFor((ready) => {
      this.#watchers ??= new Set();
      this.#watchers.add(ready);
      return { [Symbol.dispose]: () => void this.#watchers?.delete(ready) };
    }, options);
    if (waited === "ready") return this.#promise;
    throw new TimeoutError(`The job is still running after ${options.timeout} ms; it goes on`);
  }

  #succeed(value: T): T {
    try {
      this.#callbacks.callback?.(value);
    } catch (error) {
      // Not a warning beside a value: whoever asks for the result must learn that it was not dealt with.
      this.#end("failed");
      throw error;
    }
    this.#end("succeeded");
    return value;
  }

  #fail(error: unknown): never {
    const { errorCallback } = this.#callbacks;
    try {
      errorCallback?.(error);
    } catch (thrown) {
      this.#end("failed");
      throw new AggregateError([error, thrown], "The job failed, and its errorCallback threw");
    }
    this.#end("failed");
    // Whoever has a callback for errors has seen it, and that a job was cancelled is no news to who cancelled it.
    if (errorCallback !== undefined || error instanceof CancelledError) this.#promise.catch(() => undefined);
    throw error;
  }

  #end(state: "succeeded" | "failed"): void {
    this.#state = state;
    for (const ready of [...(this.#watchers ?? [])]) ready();
  }
}
