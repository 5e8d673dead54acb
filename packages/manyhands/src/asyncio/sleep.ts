/** Waiting for time, and for what knows no tasks. */
import { InvalidOptionError } from "../base/errors.js";
import { checkType } from "../base/options.js";
import { isThenable } from "../base/thenable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Timer } from "./timers.js";
import { checked, NO_LIMITS, Waiter } from "./waiter.js";

/** A wait that is its own timer: a million may sleep at once. */
class Sleep<T> extends Waiter<T> implements Timer {
  readonly at: number;
  number = 0;
  place = -1;
  readonly #ms: number;
  readonly #value: T;

  constructor(ms: number, value: T) {
    super("sleep()", undefined);
    this.#ms = ms;
    this.at = this.loop.now() + ms;
    this.#value = value;
    this.until(this);
  }

  override get what(): string {
    return `sleep(${this.#ms})`;
  }

  fire(): void {
    this.wake(this.#value);
  }
}

/** Waits.
 *
 *  @param ms 0 or less gives all others one turn
 *  @param value what it gives then
 *  @param options a signal that ends the wait
 *  @throws CancelledError (`ERR_CANCELLED`) when the task is cancelled or the signal aborts, InvalidOptionError
 *    (`ERR_INVALID_OPTION`) when `ms` is no number
 *  @remarks Cancellation: nothing is left of it. The program lives as long as somebody sleeps.
 *  @example
 *  ```ts
 *  await sleep(100);
 *  ``` */
export function sleep(ms: number, value?: undefined, options?: Pick<WaitOptions, "signal">): Promise<void>;
export function sleep<T>(ms: number, value: T, options?: Pick<WaitOptions, "signal">): Promise<T>;
export function sleep<T>(ms: number, value?: T, options: Pick<WaitOptions, "signal"> = NO_LIMITS): Promise<T> {
  try {
    if (typeof ms !== "number" || Number.isNaN(ms)) {
      throw new InvalidOptionError("ms", `ms must be a number of milliseconds, got ${String(ms)}`);
    }
    checked(options);
    const waiter = ms <= 0 ? nextTurn(value as T) : new Sleep<T>(ms, value as T);
    if (options.signal !== undefined) waiter.limit({ signal: options.signal }, () => value as T);
    return waiter.promise;
  } catch (error) {
    return Promise.reject(error);
  }
}

function nextTurn<T>(value: T): Waiter<T> {
  const waiter = new Waiter<T>("a turn", undefined);
  setImmediate(() => waiter.wake(value));
  return waiter;
}

/** Makes a wait for a foreign promise one that cancelling the task ends.
 *
 *  What the promise stands for goes on, as nothing can stop it from here; what it comes to then, an error too, is nobody's
 *  any more. Where there is a way to stop it, pass `currentTask().signal` to it instead.
 *  @param promise a promise, or anything to await
 *  @param options more limits of the wait
 *  @throws CancelledError (`ERR_CANCELLED`) when the task is cancelled or the signal aborts, and what the promise rejects with
 *  @example
 *  ```ts
 *  const answer = await cancellable(oldApi.ask(question));
 *  ``` */
export async function cancellable<T>(
  promise: PromiseLike<T>,
  options: Pick<WaitOptions, "signal"> = NO_LIMITS,
): Promise<T> {
  checkType("promise", isThenable(promise) ? {} : null, "object");
  // Whoever looks at it later, it has been looked at.
  const settled = Promise.resolve(promise);
  settled.catch(() => undefined);
  const waiter = new Waiter<T>("a promise", undefined);
  waiter.limit(checked(options), () => undefined as never);
  settled.then(
    (value) => waiter.wake(value),
    (reason: unknown) => waiter.fail(reason),
  );
  return waiter.promise;
}
