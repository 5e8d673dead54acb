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
import { Chain, type Link } from "./chain.js";
import { type Loop, systemLoop } from "./loop.js";
import { currentTask, type Task } from "./task.js";
import type { Timer } from "./timers.js";

/** Shared by all waits: many may wait under one signal. */
const aborts = new SignalWatch<{ fail(reason: unknown): void }>((waiter, reason) =>
  waiter.fail(new CancelledError("The wait was cancelled", { cause: reason })),
);

/** What a wait gives when its time is over; it may throw instead. Told how it is called, and its limits. */
export type Late<T> = (what: string, limits: WaitOptions) => T;

/** What the promise of the next waiter is settled with, for the moment between its making and the waiter's taking it: a
 *  function for each waiter, to pass them on, would weigh as much as the waiter. */
let resolveMade: (value: never) => void;
let rejectMade: (reason: unknown) => void;

function handOver(resolve: (value: never) => void, reject: (reason: unknown) => void): void {
  resolveMade = resolve;
  rejectMade = reject;
}

/** A wait that has begun. */
export class Waiter<T> implements TaskWait, Link<Waiter<T>> {
  readonly promise: Promise<T>;
  /** Its neighbours in the line. */
  before: Waiter<T> | undefined;
  behind: Waiter<T> | undefined;
  readonly #what: string;
  /** None for one that only waits for its time. */
  readonly #line: Line<T> | undefined;
  readonly #task: Task<unknown> | undefined;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  #state: "waiting" | "settled" = "waiting";
  #timer: Timer | undefined;
  #signal: AbortSignal | undefined;

  /** @throws CancelledError when the task has been cancelled already. */
  constructor(what: string, line: Line<T> | undefined) {
    this.#what = what;
    this.#line = line;
    this.#task = currentTask();
    this.#task?.enter(this);
    this.promise = new Promise<T>(handOver);
    this.#resolve = resolveMade as (value: T) => void;
    this.#reject = rejectMade;
    this.before = undefined;
    this.behind = undefined;
    this.#timer = undefined;
    this.#signal = undefined;
    line?.add(this);
  }

  get what(): string {
    return this.#what;
  }

  /** Where its time is counted. */
  get loop(): Loop {
    return this.#task?.loop ?? systemLoop;
  }

  /** Limits it. A time of 0 is over at once. */
  limit(limits: WaitOptions, late: Late<T>): void {
    const { timeout, signal } = limits;
    if (signal?.aborted === true) {
      return this.fail(new CancelledError("The wait was cancelled", { cause: signal.reason }));
    }
    if (timeout === 0) return this.#late(late, limits);
    if (timeout !== undefined) {
      this.#timer = this.loop.timers.at(this.loop.now() + timeout, () => this.#late(late, limits));
    }
    if (signal !== undefined) {
      this.#signal = signal;
      aborts.add(signal, this);
    }
  }

  /** Has a timer removed with the end of the wait. */
  until(timer: Timer): void {
    this.#timer = this.loop.timers.add(timer);
  }

  /** Whether it has not ended, and its task has not been asked to end either: then what it waits for would go to who gives up,
   *  and is for the next. */
  stillWaits(): boolean {
    this.#task?.deliver();
    return this.#state === "waiting";
  }

  /** Ends the wait with a value. @returns false when it had ended, or its task has been cancelled just now. */
  wake(value: T): boolean {
    if (!this.stillWaits() || !this.#leave()) return false;
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

  #late(late: Late<T>, limits: WaitOptions): void {
    let value: T;
    try {
      value = late(this.what, limits);
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
    if (this.#timer !== undefined) this.loop.timers.remove(this.#timer);
    if (this.#signal !== undefined) aborts.remove(this.#signal, this);
    return true;
  }
}

/** Those who wait for the same thing. */
export class Line<T> extends Chain<Waiter<T>> {
  /** Begins to wait, behind all others.
   *  @param late what comes of it when the time of `options` is over
   *  @throws CancelledError when the task has been cancelled already. */
  join(what: string, options: WaitOptions, late: Late<T>): Waiter<T> {
    const waiter = new Waiter<T>(what, this);
    if (options !== NO_LIMITS) waiter.limit(options, late);
    return waiter;
  }

  /** Who is to be served next. */
  get next(): Waiter<T> | undefined {
    let next = this.first;
    // One that gives up has left the line.
    while (next !== undefined && !next.stillWaits()) next = this.first;
    return next;
  }

  /** How many wait and have not been cancelled just now. */
  count(): number {
    for (const each of [...this]) each.stillWaits();
    return this.length;
  }

  /** Serves the next. @returns false when nobody waits. */
  wake(value: T): boolean {
    return this.next?.wake(value) ?? false;
  }

  /** Serves all who wait now. */
  wakeAll(value: T): void {
    while (this.wake(value));
  }

  failAll(reason: () => unknown): void {
    while (this.first !== undefined) this.first.fail(reason());
  }
}

/** What stands for no limits, so that waits without them look no further. */
export const NO_LIMITS: WaitOptions = {};

/** Checks the limits, unless there are none. */
export function checked(options: WaitOptions): WaitOptions {
  if (options !== NO_LIMITS) checkLimits(options);
  return options;
}
