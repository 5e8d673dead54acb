/** One wait of a task, and the line in which tasks wait for something.
 *
 *  Who is woken gets what it waits for in the same step: there is no moment in which a task has been woken, has not got it
 *  yet, and could be cancelled, which is where wakes are lost elsewhere. A task that is cancelled after that step has it, and
 *  learns of the cancellation at its next wait.
 *
 *  Guarantees: a wait is settled once, by whoever comes first: who wakes it, the cancellation of its task, its signal, its
 *  time; then nothing of it is left in the line, the timers, or the signal; lines are first in, first out. */
import type { TaskWait } from "../base/ambient.js";
import { CancelledError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import type { Loop } from "./loop.js";
import { currentLoop, currentTask, type Task } from "./task.js";
import type { Timer } from "./timers.js";

/** Shared by all waits: many may wait under one signal. */
const aborts = new SignalWatch<{ fail(reason: unknown): void }>((waiter, reason) =>
  waiter.fail(new CancelledError("The wait was cancelled", { cause: reason })),
);

/** What a wait gives when its time is over; it may throw instead. */
export type Late<T> = () => T;

/** A wait that has begun. */
export class Waiter<T> implements TaskWait {
  readonly what: string;
  readonly promise: Promise<T>;
  /** Its neighbours in the line, and the line; which is `undefined` for one that only waits for its time. */
  before: Waiter<T> | undefined;
  behind: Waiter<T> | undefined;
  readonly #line: Line<T> | undefined;
  readonly #task: Task<unknown> | undefined;
  #resolve: (value: T) => void;
  #reject: (reason: unknown) => void;
  #state: "waiting" | "settled" = "waiting";
  #timer: { readonly timer: Timer; readonly loop: Loop } | undefined;
  #signal: AbortSignal | undefined;

  /** @throws CancelledError when the task has been cancelled already. */
  constructor(what: string, line: Line<T> | undefined) {
    this.what = what;
    this.#line = line;
    this.#task = currentTask();
    this.#task?.enter(this);
    let settle: readonly [(value: T) => void, (reason: unknown) => void] | undefined;
    this.promise = new Promise<T>((resolve, reject) => {
      settle = [resolve, reject];
    });
    [this.#resolve, this.#reject] = settle as NonNullable<typeof settle>;
    line?.add(this);
  }

  /** Limits it. A time of 0 is over at once. */
  limit({ timeout, signal }: WaitOptions, late: Late<T>): void {
    if (signal?.aborted === true) {
      return this.fail(new CancelledError("The wait was cancelled", { cause: signal.reason }));
    }
    if (timeout === 0) return this.#late(late);
    if (timeout !== undefined) this.at(currentLoop().now() + timeout, () => this.#late(late));
    if (signal !== undefined) {
      this.#signal = signal;
      aborts.add(signal, this);
    }
  }

  /** Has something done at a time, if it still waits then. */
  at(time: number, fire: () => void): void {
    const loop = this.#task?.loop ?? currentLoop();
    this.#timer = { loop, timer: loop.timers.add(time, fire) };
  }

  /** Ends the wait with a value. @returns false when it had ended. */
  wake(value: T): boolean {
    if (!this.#leave()) return false;
    this.#resolve(value);
    return true;
  }

  /** Ends the wait with an error. */
  fail(reason: unknown): void {
    if (this.#leave()) this.#reject(reason);
  }

  cancel(error: CancelledError): boolean {
    if (this.#state === "settled") return false;
    // Of several waits of a task one is awaited; the others are not forgotten failures.
    this.promise.catch(() => undefined);
    this.fail(error);
    return true;
  }

  #late(late: Late<T>): void {
    let value: T;
    try {
      value = late();
    } catch (reason) {
      return this.fail(reason);
    }
    this.wake(value);
  }

  #leave(): boolean {
    if (this.#state === "settled") return false;
    this.#state = "settled";
    this.#line?.remove(this);
    this.#task?.leave(this);
    if (this.#timer !== undefined) this.#timer.loop.timers.remove(this.#timer.timer);
    if (this.#signal !== undefined) aborts.remove(this.#signal, this);
    return true;
  }
}

/** Those who wait for the same thing. */
export class Line<T> {
  #first: Waiter<T> | undefined;
  #last: Waiter<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The next to be served. */
  get first(): Waiter<T> | undefined {
    return this.#first;
  }

  get last(): Waiter<T> | undefined {
    return this.#last;
  }

  /** Begins to wait, behind all others.
   *  @param late what comes of it when the time of `options` is over
   *  @throws CancelledError when the task has been cancelled already. */
  join(what: string, options: WaitOptions, late: Late<T>): Waiter<T> {
    const waiter = new Waiter<T>(what, this);
    if (options !== NO_LIMITS) waiter.limit(options, late);
    return waiter;
  }

  /** Serves the next. @returns false when nobody waits. */
  wake(value: T): boolean {
    return this.#first?.wake(value) ?? false;
  }

  /** Serves all who wait now. */
  wakeAll(value: T): void {
    while (this.#first !== undefined) this.#first.wake(value);
  }

  failAll(reason: () => unknown): void {
    while (this.#first !== undefined) this.#first.fail(reason());
  }

  /** @internal called by the waiter */
  add(waiter: Waiter<T>): void {
    waiter.before = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
    this.#length += 1;
  }

  /** @internal called by the waiter */
  remove(waiter: Waiter<T>): void {
    const { before, behind } = waiter;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    waiter.before = undefined;
    waiter.behind = undefined;
    this.#length -= 1;
  }
}

/** What stands for no limits, so that waits without them look no further. */
export const NO_LIMITS: WaitOptions = {};

/** Checks the limits, unless there are none. */
export function checked(options: WaitOptions): WaitOptions {
  if (options !== NO_LIMITS) checkLimits(options);
  return options;
}
