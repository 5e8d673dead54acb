/** What a task has been asked, and whether it knows: the requests to end it.
 *
 *  A request is an error that is thrown into the task once: where it waits, or where it waits next. What was asked again before
 *  that is the same error. Nobody can see whether a foreign promise has told the task, which listens to the task's signal; so
 *  this goes by what the task does in the turn of the request.
 *
 *  Guarantees: requests are counted until they are taken back; one is thrown once, or not at all when it is taken back first;
 *  none is lost on a task that goes on waiting. */
import type { CancelledError } from "../base/errors.js";
import { thisTurn } from "./turn.js";

type State =
  | { readonly type: "none" }
  /** The next wait throws it. */
  | { readonly type: "unknown"; readonly error: CancelledError; readonly by: Asker; readonly turn: number }
  /** Who listens to the signal of the task has it. */
  | { readonly type: "told"; readonly error: CancelledError; readonly turn: number };

/** Who asks: the task that is to end, or anybody else. */
export type Asker = "itself" | "others";

const NONE: State = { type: "none" };

export class Requests {
  /** How many have not been taken back. */
  count = 0;
  /** Whose request was the last to come, when it was passed on from task to task. */
  journey: object | undefined = undefined;
  #state: State = NONE;
  #lastTurn: number | undefined = undefined;

  /** Whether the last one came in this turn. */
  get areFresh(): boolean {
    return this.#lastTurn === thisTurn();
  }

  /** The error that the next wait throws. */
  get unknown(): CancelledError | undefined {
    return this.#state.type === "unknown" ? this.#state.error : undefined;
  }

  ask(error: CancelledError, by: Asker): void {
    this.#lastTurn = thisTurn();
    this.#state = { type: "unknown", error, by, turn: this.#lastTurn };
  }

  /** The error was thrown where the task waits. */
  thrown(): void {
    this.#state = NONE;
  }

  /** Whoever listens to the signal has got it. A wait of the task's may end by that, and it must not be told again while it
   *  cleans up. But `fetch` listens long after it has ended, and then the task has waited for something else. */
  toldBySignal(): void {
    if (this.#state.type === "unknown") this.#state = { ...this.#state, type: "told" };
  }

  /** @returns how many are left. */
  takeBack(): number {
    this.count = Math.max(0, this.count - 1);
    if (this.count === 0) this.#state = NONE;
    return this.count;
  }

  /** The task is about to wait. @returns what to throw there instead. */
  atWait(): CancelledError | undefined {
    const state = this.#state;
    if (state.type === "none") return undefined;
    this.#state = NONE;
    // What a signal ends it ends in this very turn, as `fetch` does; a task that comes later was waiting for something else.
    if (state.type === "told" && state.turn === thisTurn()) return undefined;
    return state.error;
  }

  /** The task has returned, without having waited since it was asked. @returns why it is cancelled in spite of that. */
  atReturn(): CancelledError | undefined {
    const state = this.#state;
    if (state.type !== "unknown") return undefined;
    // It had been given what it waited for before the request came: too late, or the item or the permit would be lost.
    if (state.by === "others" && state.turn === thisTurn()) return undefined;
    return state.error;
  }
}
