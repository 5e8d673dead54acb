/** Decides what becomes of a call whose attempt has ended, and settles it.
 *
 *  Guarantees: a call is settled once, counted once, and lets go of its signal and timers; it runs again only when its
 *  plan says so; a worker's death is told with how the worker ended and which task was on it. */
import type { Clock } from "../base/clock.js";
import { CancelledError } from "../base/errors.js";
import type { SignalWatch } from "../base/signal-watch.js";
import type { ExecutorKind, ItemRun } from "../futures/mod.js";
import { joinStacks } from "../wire/mod.js";
import type { Again } from "../worker/mod.js";
import type { Call, Refused } from "./call.js";
import type { Crewman } from "./crewman.js";
import type { Dispatcher } from "./dispatcher.js";
import { type AfterFailure, afterFailure, afterLoss } from "./retry.js";
import { Statistics } from "./statistics.js";
import type { Watch } from "./watch.js";

export class Settler {
  readonly statistics: Statistics = new Statistics();
  /** Calls that pause between two attempts. */
  readonly pausing: Set<Call> = new Set();
  readonly #kind: ExecutorKind;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #signals: SignalWatch<Call>;
  readonly #watch: Watch;
  /** Whether failed calls are still tried again. */
  #retries: "allowed" | "over" = "allowed";
  #unsettled = 0;

  constructor(kind: ExecutorKind, clock: Clock, dispatcher: Dispatcher, signals: SignalWatch<Call>, watch: Watch) {
    this.#kind = kind;
    this.#clock = clock;
    this.#dispatcher = dispatcher;
    this.#signals = signals;
    this.#watch = watch;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  /** Calls have come into the world. */
  opened(count: number): void {
    this.#unsettled += count;
  }

  /** From now on a failure is final. */
  endRetries(): void {
    this.#retries = "over";
  }

  /** The attempt gave a value. */
  fulfilled(call: Call, value: unknown): void {
    if (call.stop !== undefined) return this.#stopped(call, call.stop.error, undefined);
    this.#close(call, 1);
    this.statistics.completed += 1;
    call.fulfil(value);
    this.#watch.succeeded(call, value);
    if (this.#unsettled === 0) this.#dispatcher.schedule();
  }

  /** One item of a call of several has its value. */
  fulfilledItem(call: Call, offset: number, value: unknown, startedAt: number, duration: number, worker: string): void {
    this.#unsettled -= 1;
    this.statistics.completed += 1;
    call.fulfilItem(offset, value, startedAt, duration, worker);
    if (this.#unsettled === 0) this.#dispatcher.schedule();
  }

  /** Neighbours among the items of a call have their values. */
  fulfilledRun(call: Call, offset: number, run: ItemRun, worker: string): void {
    const { length } = run.values;
    this.#unsettled -= length;
    this.statistics.completed += length;
    this.statistics.observeRun(run.starts, call.order.submittedAt, run.durations);
    call.fulfilRun(offset, run, worker);
    if (this.#unsettled === 0) this.#dispatcher.schedule();
  }

  /** The attempt threw. */
  rejected(call: Call, reason: unknown): void {
    if (call.stop === undefined) this.#retryOrFail(call, reason);
    else this.#stopped(call, call.stop.error, reason);
  }

  fail(call: Call, reason: unknown): void {
    this.#refuse(call, reason, "failed");
  }

  cancel(call: Call, error: CancelledError): void {
    this.#refuse(call, error, "cancelled");
  }

  #refuse(call: Call, reason: unknown, how: Refused): void {
    // A done callback of one call may settle others that somebody is about to settle in a row.
    if (call.state === "settled") return;
    this.#dispatcher.leave(call);
    this.pausing.delete(call);
    const { left } = call;
    this.#close(call, left);
    this.statistics[how] += left;
    call.refuse(reason, how);
    this.#watch.refused(call, how, reason);
    if (this.#unsettled === 0) this.#dispatcher.schedule();
  }

  #close(call: Call, count: number): void {
    this.#unsettled -= count;
    const { signal } = call.order.plan;
    if (signal !== undefined) this.#signals.remove(signal, call);
  }

  /** Notes when and for how long an attempt ran. */
  observe(call: Call, startedAt: number, duration: number, worker: Crewman): void {
    if (startedAt > 0) this.statistics.wait.observe(startedAt - call.order.submittedAt);
    this.statistics.run.observe(duration);
    if (call.count === 1) call.ran(startedAt, duration, worker.runnerOf(call));
    this.#watch.ran(call, worker, startedAt, duration);
  }

  #retryOrFail(call: Call, reason: unknown): void {
    let next: AfterFailure;
    try {
      next = afterFailure(call.plan.retry, call.attempt, reason);
    } catch (error) {
      // The caller's `when` threw. Both errors concern this call, and nobody else hears of them.
      const message = `The retry policy's when() threw after attempt ${call.attempt}`;
      return this.fail(call, new AggregateError([error, reason], message, { cause: error }));
    }
    this.#failed(call, reason, next);
  }

  /** The worker has died under the call. @param error says how. */
  lost(call: Call, error: Error, again: Again): void {
    if (again === "never") this.#failed(call, error, { do: "fail" });
    else this.#failed(call, error, afterLoss(call.plan.onWorkerLoss, call.plan.retry, call.attempt));
  }

  #stopped(call: Call, error: Error, thrown: unknown): void {
    if (error instanceof CancelledError) return this.cancel(call, error);
    // What the task threw when it was asked to stop is usually the very error it was asked with.
    if (thrown instanceof Error && thrown.message !== error.message) error.cause ??= thrown;
    this.#retryOrFail(call, error);
  }

  #failed(call: Call, reason: unknown, next: AfterFailure): void {
    if (next.do === "fail" || this.#retries === "over") {
      // On the event loop the error's own stack leads to the submit, and the error may belong to others as well.
      if (this.#kind !== "event-loop") joinStacks(reason, call.order.site.stack);
      return this.fail(call, reason);
    }
    this.statistics.retried += 1;
    call.again();
    call.move("pausing");
    if (next.after === 0) this.#dispatcher.enqueue(call);
    else this.#pause(call, next.after);
    this.#watch.retrying(call, reason, next.after);
  }

  #pause(call: Call, ms: number): void {
    this.pausing.add(call);
    const resume = (): void => {
      if (call.state !== "pausing") return;
      this.pausing.delete(call);
      this.#dispatcher.enqueue(call);
    };
    call.timers.push(this.#clock.after(ms, resume, "hold"));
  }
}
