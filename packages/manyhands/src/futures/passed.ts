/** How a future is awaited: at the cost of one promise, that of whoever awaits it, and in a task of `asyncio` so that cancelling
 *  the task stops the call. */
import type { AmbientTask, TaskWait } from "../base/ambient.js";
import { CancelledError, InvalidStateError } from "../base/errors.js";

/** Whether this is a promise's own resolving function: then somebody awaits the future, where `then` and `catch` of a
 *  program that goes on pass functions of its own. */
export function isResolver(callback: unknown): boolean {
  return typeof callback === "function" && callback.name === "" && sourceOf.call(callback) === NATIVE;
}
const sourceOf = Function.prototype.toString;
const NATIVE = sourceOf.call(sourceOf).replace("toString", "");

/** What `then` gives to whoever passes a promise's own resolving functions. Nearly always that is `await` or
 *  `Promise.all`, which do not look at it: so it becomes a promise when it is used as one. It resolves with what those
 *  functions return, which is nothing. */
export class Passed implements Promise<undefined> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #future: PromiseLike<unknown>;

  constructor(future: PromiseLike<unknown>) {
    this.#future = future;
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
  then<A = undefined, B = never>(
    onFulfilled?: ((value: undefined) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const nothing = (): undefined => undefined;
    return Promise.resolve(this.#future.then(nothing, nothing)).then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<undefined | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<undefined> {
    return this.then().finally(onFinally);
  }
}

/** What can be awaited by a task. */
interface Awaited {
  abort(reason: unknown): boolean;
  readonly waitedAs: string;
}

class FutureWait implements TaskWait {
  readonly #future: Awaited;

  constructor(future: Awaited) {
    this.#future = future;
  }

  get what(): string {
    return this.#future.waitedAs;
  }

  cancel(error: CancelledError): boolean {
    return this.#future.abort(error.cause ?? error);
  }
}

/** A task begins to wait for a future: cancelling the task stops the call, and the task goes on when that has really ended.
 *  @returns what to call when it has.
 *  @throws InvalidStateError when the task waits for itself. */
export function awaitIn(task: AmbientTask, future: Awaited): () => void {
  if ((task as unknown) === future) throw new InvalidStateError("A task cannot wait for its own end");
  const wait = new FutureWait(future);
  try {
    task.enter(wait);
  } catch (error) {
    // The cancellation came before: it is this future that it has to reach.
    if (!(error instanceof CancelledError)) throw error;
    wait.cancel(error);
    return () => undefined;
  }
  return () => task.leave(wait);
}
