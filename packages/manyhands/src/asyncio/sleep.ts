/** Waiting for time, and for what knows no tasks. */
import { CancelledError, InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";
import { isThenable } from "../base/thenable.js";
import { refuseAborted, underSignal, type WaitOptions } from "../base/wait-options.js";
import { cancellationIn } from "./cancellation.js";
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
      throw new InvalidOptionError("ms", `ms must be a number of milliseconds, got ${shown(ms)}`);
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

/** Makes a wait for something foreign one that cancelling the task ends.
 *
 *  Of a promise: what it stands for goes on, as nothing can stop it from here; what it comes to then, an error too, is nobody's
 *  any more. A function is called with a signal that aborts when the task is cancelled, and the task goes on when what it has
 *  begun has really ended.
 *  @param work a promise, or anything to await; or a function that begins something that a signal ends, such as `fetch`
 *  @param options more limits of the wait
 *  @throws CancelledError (`ERR_CANCELLED`) when the task is cancelled or the signal aborts, and what the promise rejects with;
 *    InvalidOptionError (`ERR_INVALID_OPTION`)
 *  @remarks Cancellation: of a promise only the wait ends; of a function what it has begun, as far as that heeds its signal.
 *  @example
 *  ```ts
 *  const response = await cancellable((signal) => fetch(url, { signal }));
 *  const answer = await cancellable(oldApi.ask(question)); // which knows no signals
 *  ``` */
export async function cancellable<T>(
  work: PromiseLike<T> | ((signal: AbortSignal) => T | PromiseLike<T>),
  options: Pick<WaitOptions, "signal"> = NO_LIMITS,
): Promise<T> {
  checked(options);
  if (typeof work === "function" && !isThenable(work)) return endedBySignal(work, options);
  if (!isThenable(work)) {
    throw new InvalidOptionError(
      "work",
      `work must be a promise, or a function that takes a signal, got ${shown(work)}`,
    );
  }
  // Whoever looks at it later, it has been looked at.
  const settled = Promise.resolve(work as PromiseLike<T>);
  settled.catch(() => undefined);
  const waiter = new Waiter<T>("a promise", undefined);
  waiter.limit(options, () => undefined as never);
  settled.then(
    (value) => waiter.wake(value),
    (reason: unknown) => waiter.fail(reason),
  );
  return waiter.promise;
}

async function endedBySignal<T>(
  begin: (signal: AbortSignal) => T | PromiseLike<T>,
  options: Pick<WaitOptions, "signal">,
): Promise<T> {
  refuseAborted(options);
  const what = begin.name === "" ? "a promise" : `${begin.name}()`;
  return underSignal(what, options, async ({ signal = new AbortController().signal }) => {
    try {
      return await begin(signal);
    } catch (reason) {
      // Node's functions make an AbortError of it.
      const cancellation = cancellationIn(reason);
      if (cancellation !== undefined || options.signal?.aborted !== true) throw cancellation ?? reason;
      throw new CancelledError("The wait was cancelled", { cause: options.signal.reason });
    }
  });
}
