/** Ends calls that run, or wait, longer than they may.
 *
 *  Guarantees: waiting time and running time are apart; a time-out never fires before its time; a call that has started
 *  is no longer subject to `queueTimeout`. */
import type { Clock } from "../base/clock.js";
import { QueueTimeoutError, TimeoutError } from "../base/errors.js";
import { taskName } from "../wire/mod.js";
import { LOADING } from "../worker/mod.js";
import type { Call } from "./call.js";

/** How long a module may take to load before that counts as running, in ms. */
const LOADS_WITHIN = 10_000;

export interface TimeLimitEvents {
  /** The call ran for its whole `timeout`. */
  ranTooLong(call: Call, error: TimeoutError): void;
  /** The call waited for its whole `queueTimeout`, and has not started. */
  waitedTooLong(call: Call, error: QueueTimeoutError): void;
}

export class TimeLimits {
  readonly #clock: Clock;
  readonly #events: TimeLimitEvents;

  constructor(clock: Clock, events: TimeLimitEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** The call begins to wait. */
  waits(call: Call, queueTimeout: number): void {
    const expire = (): void => {
      if (call.state === "settled" || call.attempt > 1) return;
      const message = `${taskName(call.task)} waited longer than its queueTimeout of ${queueTimeout} ms`;
      this.#events.waitedTooLong(call, new QueueTimeoutError(message));
    };
    call.timers.push(this.#clock.after(queueTimeout, expire));
  }

  /** The call goes to its worker. */
  handed(call: Call): void {
    if (call.timeout !== undefined) this.#arm(call, call.timeout, call.timeout, this.#clock.now());
  }

  /** Counts from the start of the call, which nobody announces: it is asked for when the time may be over. Loading the
   *  function's module does not count, unless it seems to have no end. */
  #arm(call: Call, timeout: number, ms: number, handedAt: number): void {
    const { attempt } = call;
    const expire = (): void => {
      // It may have ended, and its worker be too busy with the next call to say so.
      call.worker?.port.look();
      if (call.state !== "at-worker" || call.attempt !== attempt || call.stop !== undefined) return;
      const left = this.#left(call.worker?.port.startedAt(call), timeout, handedAt);
      if (left > 0) return this.#arm(call, timeout, Math.ceil(left), handedAt);
      const message = `${taskName(call.task)} ran longer than its timeout of ${timeout} ms`;
      this.#events.ranTooLong(call, new TimeoutError(message));
    };
    call.timers.push(this.#clock.after(ms, expire));
  }

  #left(startedAt: number | undefined, timeout: number, handedAt: number): number {
    if (startedAt === undefined) return timeout;
    const now = this.#clock.now();
    if (startedAt !== LOADING) return startedAt + timeout - now;
    return Math.min(timeout, handedAt + Math.max(LOADS_WITHIN, timeout) - now);
  }
}
