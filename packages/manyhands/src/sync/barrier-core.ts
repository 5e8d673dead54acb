/** Waiting at a barrier in shared memory. */
import { TimeoutError } from "../base/errors.js";
import { limitsLeft, type WaitOptions } from "../base/wait-options.js";
import { type Arrival, BarrierSteps, type BarrierView, broken, type Progress } from "./barrier-steps.js";
import { parkInLine, waitInLine } from "./waits.js";

/** What the last party does before all are released. */
export type Action = () => unknown;

/** What a barrier does, wherever its words are. */
export interface BarrierCore {
  wait(options: WaitOptions): Promise<number>;
  waitSync(timeout: number): number;
  abort(): void;
  reset(): void;
  look(): BarrierView;
}

export class SharedBarrier extends BarrierSteps implements BarrierCore {
  #action: Action | undefined;

  /** Has the last party run this before all are released. */
  act(action: Action | undefined): void {
    this.#action = action;
  }

  async wait(options: WaitOptions): Promise<number> {
    const { timeout, signal } = options;
    const limits = limitsLeft(options);
    const between = (): boolean => !this.acting;
    let arrival = signal?.aborted === true ? undefined : this.#arrive();
    while (arrival === undefined) {
      if ((await waitInLine(this.line, between, limits())) === "timed-out") throw tooLate(timeout);
      arrival = this.#arrive();
    }
    const { round } = arrival;
    try {
      if (arrival.duty === "act") return await this.#act(arrival);
      const end = this.#awaited(round);
      if (!end.attempt()) await waitInLine(this.line, end.attempt, limits());
      return this.#conclude(arrival, end.progress(), timeout);
    } catch (error) {
      this.break(round);
      throw error;
    } finally {
      this.leave(round);
    }
  }

  waitSync(timeout: number): number {
    const left = limitsLeft({ timeout });
    let arrival = this.#arrive();
    while (arrival === undefined) {
      if (!parkInLine(this.line, () => !this.acting, left().timeout ?? timeout)) throw tooLate(timeout);
      arrival = this.#arrive();
    }
    const { round } = arrival;
    try {
      if (arrival.duty === "act") return this.#actSync(arrival);
      const end = this.#awaited(round);
      parkInLine(this.line, end.attempt, left().timeout ?? timeout);
      return this.#conclude(arrival, end.progress(), timeout);
    } catch (error) {
      this.break(round);
      throw error;
    } finally {
      this.leave(round);
    }
  }

  #arrive(): Arrival | undefined {
    return this.arrive(this.#action === undefined ? "only opens" : "acts");
  }

  /** The end of a round, looked at until it has come. */
  #awaited(round: number): { readonly attempt: () => boolean; readonly progress: () => Progress } {
    let progress: Progress = "waiting";
    const attempt = (): boolean => {
      progress = this.progress(round);
      return progress !== "waiting";
    };
    return { attempt, progress: () => progress };
  }

  #conclude({ round, index }: Arrival, progress: Progress, timeout: number | undefined): number {
    if (progress === "released") return index;
    if (progress === "broken") throw broken();
    if (this.break(round) === "released") return index;
    throw tooLate(timeout);
  }

  async #act(arrival: Arrival): Promise<number> {
    await this.#action?.();
    if (!this.open(arrival)) throw broken();
    return arrival.index;
  }

  #actSync(arrival: Arrival): number {
    const result = this.#action?.();
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw broken(
        new TypeError("The barrier's action is asynchronous: the last party must not be one that waits parked"),
      );
    }
    if (!this.open(arrival)) throw broken();
    return arrival.index;
  }
}

/** As in Python, who runs out of time is told the same as those who waited with him, and why. */
function tooLate(timeout: number | undefined): Error {
  return broken(new TimeoutError(`Not all parties came within ${timeout} ms`));
}
