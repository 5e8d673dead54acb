/** Stops calls that run: asks, waits for `grace`, then takes the worker away.
 *
 *  Guarantees: a call that is asked to stop ends with the error it was stopped for, once its work has really ended or,
 *  where the work cannot be ended alone, once it was given up; its neighbours on the same worker are not cut short
 *  unless they cannot go on either. */
import type { Clock } from "../base/clock.js";
import type { Call } from "./call.js";
import type { Crew } from "./crew.js";
import type { Crewman } from "./crewman.js";

/** A task that has not taken its context so long after it was asked, in ms, cannot know of it: no use to wait on. */
const TAKES_CONTEXT_WITHIN = 50;

/** How long a worker with neighbours of a given-up call may take to answer, in ms. */
const ANSWERS_WITHIN = 1000;

export class Stopper {
  readonly #crew: Crew;
  readonly #clock: Clock;
  readonly #giveUp: (call: Call) => void;

  /** @param giveUp settles a call whose work goes on without it. */
  constructor(crew: Crew, clock: Clock, giveUp: (call: Call) => void) {
    this.#crew = crew;
    this.#clock = clock;
    this.#giveUp = giveUp;
  }

  /** Asks a call that has started to stop. The first reason stays. */
  stop(call: Call, error: Error): void {
    const { worker } = call;
    if (worker === undefined || call.stop !== undefined) return;
    call.stop = { error };
    worker.port.stop(call, error);
    // Where it runs its grace is kept, by whoever can end it there.
    if (worker.port.runner !== undefined) return;
    const first = Math.min(call.plan.grace, TAKES_CONTEXT_WITHIN);
    this.#later(call, first, () => {
      if (!worker.port.cooperative(call) || call.plan.grace <= first) return this.#force(call, worker);
      this.#later(call, call.plan.grace - first, () => this.#force(call, worker));
    });
  }

  #later(call: Call, ms: number, then: () => void): void {
    const { stop } = call;
    const timer = this.#clock.after(ms, () => {
      // Another attempt of the same call has another stop.
      if (call.stop === stop && call.state === "at-worker") then();
    });
    call.timers.push(timer);
  }

  #force(call: Call, worker: Crewman): void {
    if (worker.port.kind === "event-loop") {
      worker.port.leave(call);
      return this.#giveUp(call);
    }
    if (worker.slots === 1 || worker.held === 1) return this.#crew.kill(worker);
    worker.doomed = true;
    worker.port.leave(call);
    if (worker.serves) this.#crew.retire(worker);
    this.#giveUp(call);
    this.#crew.rested(worker);
    this.#watch(worker);
  }

  /** The neighbours of a call that was given up go on, as long as they can: when the worker's event loop does not turn
   *  any more, which the given-up call may block, nobody on it ever ends. */
  #watch(worker: Crewman): void {
    if (worker.state === "gone" || worker.state === "closing") return;
    const askedAt = this.#clock.now();
    worker.port.ping();
    const look = (): void => {
      if (worker.heardAt < askedAt) this.#crew.kill(worker);
      else this.#watch(worker);
    };
    worker.timers.push(this.#clock.after(ANSWERS_WITHIN, look));
  }
}
