/** What the tasks of one `run` have in common: their clock and timers, and the list of those that have not ended. */
import type { Clock } from "../base/clock.js";
import { systemClock } from "../base/clock.js";
import { Chain } from "./chain.js";
import type { Task } from "./task.js";
import { type Timers, timersOf } from "./timers.js";

export class Loop {
  readonly timers: Timers;
  /** In the order in which they were made. They are kept until they end: Python's loop forgets tasks that nobody else keeps.
   *  @internal */
  readonly tasks: Chain<Task<unknown>> = new Chain();

  constructor(clock: Clock) {
    this.timers = timersOf(clock);
  }

  /** Ms of the clock. */
  now(): number {
    return this.timers.clock.now();
  }
}

/** For what is begun outside of every `run`. */
export const systemLoop: Loop = new Loop(systemClock);
