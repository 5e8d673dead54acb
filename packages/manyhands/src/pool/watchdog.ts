/** Takes calls back from a worker that was handed more than it gets to.
 *
 *  Calls are handed over ahead of their turn when they are expected to be short. One that is long after all holds up
 *  those behind it, while other workers may be idle. So a worker that holds calls ahead of their turn and has been
 *  silent for a while is looked at: what it has finished is taken in, what it has not started goes back to the queue.
 *
 *  The timer is no net under a lost message: outcomes are announced, and nothing waits for the timer to be right. It
 *  ends the wait that no message can end, since the worker that would have to send it is busy. */
import type { Clock } from "../base/clock.js";
import type { Call } from "./call.js";
import type { Crewman } from "./crewman.js";

/** Silence after which a worker is looked at, in ms: some times what it is expected to need for all it holds. */
const SILENCE = 6;
/** The same for a worker that has not finished anything yet: it loads the modules of its functions first. And for one
 *  that retires: what it holds is the rest of its quota, which a machine that is busy for a moment should not waste. */
const LONG_SILENCE = 300;

function patience(member: Crewman): number {
  return member.finished && member.state !== "retiring" ? SILENCE : LONG_SILENCE;
}

export class Watchdog {
  readonly #clock: Clock;
  readonly #members: ReadonlySet<Crewman>;
  readonly #returned: (calls: readonly Call[]) => void;
  #timer: Disposable | undefined;

  constructor(clock: Clock, members: ReadonlySet<Crewman>, returned: (calls: readonly Call[]) => void) {
    this.#clock = clock;
    this.#members = members;
    this.#returned = returned;
  }

  /** Called when a worker has been handed calls. */
  watch(member: Crewman): void {
    if (this.#timer !== undefined || member.held <= member.slots) return;
    this.#timer = this.#clock.after(SILENCE, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const member of this.#members) {
      if (member.held <= member.slots || member.silent) continue;
      if (now - member.heardAt >= patience(member)) this.#takeBack(member, now);
      else this.watch(member);
    }
  }

  #takeBack(member: Crewman, now: number): void {
    member.port.look();
    if (member.held <= member.slots) return;
    // It was not silent: this thread was too busy to hear it.
    if (member.heardAt >= now) return this.watch(member);
    member.silent = true;
    const taken: Call[] = [];
    // What it is on stays, and when that is nothing, what it is about to begin: a worker that only wakes slowly must not
    // lose its work to the next, which may wake no faster.
    let keep = Math.max(0, member.slots - member.port.running());
    for (const call of member.calls) {
      const count = member.port.recall(call, keep);
      keep = Math.max(0, keep - call.left + count);
      if (count > 0) taken.push(member.takeBack(call, count));
    }
    this.#returned(taken);
  }
}
