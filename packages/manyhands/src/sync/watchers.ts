/** Those who wait for one thing about an object, such as that a queue is not empty: a line in each thread, and the set of
 *  threads that have one. An object may have several of these.
 *
 *  Guarantees: those of WaitingSet and Line: who has announced himself before the change and looked since is woken by it, or
 *  somebody else is who waits for the same. */

import { type WaitOptions, waitFor } from "../base/wait-options.js";
import { laneOf } from "../memory/bell.js";
import { type Gate, Line, type Waiting } from "../memory/line.js";
import { WAITING_WORDS, WaitingSet } from "../memory/waiting-set.js";
import type { Site } from "./site.js";

export const WATCHERS_WORDS: number = WAITING_WORDS;

export class Watchers implements Gate {
  readonly line: Line;
  readonly #site: Site;
  readonly #waiting: WaitingSet;
  readonly #offers: () => boolean;
  readonly #mourn: (waiting: Waiting) => void;

  /** @param at - the index of its first word
   *  @param offers - whether one who waits would find what he waits for, as far as can be told without exclusive access
   *  @param mourn - makes good what a thread owed that has died */
  constructor(site: Site, at: number, offers: () => boolean, mourn: (waiting: Waiting) => void = () => undefined) {
    const lane = laneOf(site.object);
    this.#site = site;
    this.#waiting = new WaitingSet(site.bell.world, site.cells, at, lane);
    this.#offers = offers;
    this.#mourn = mourn;
    this.line = new Line(site.bell, lane, this);
  }

  /** Waits in the line until `attempt` succeeds.
   *  @param after - what is to be done then. Not in the attempt: it may wake others of this thread, and these may come to
   *    this line, which must not run within its own attempts.
   *  @returns false when the time was over first; rejects with CancelledError when the signal aborts. */
  async wait(attempt: () => boolean, after: () => void, options: WaitOptions): Promise<boolean> {
    const waited = await waitFor((over) => {
      const ready = (): void => {
        over();
        after();
      };
      return this.line.join({ attempt, ready });
    }, options);
    return waited === "ready";
  }

  announce(): void {
    this.#waiting.announce(this.#site.bell.seat, this.#site.bell.ticket);
  }

  retract(): "in time" | "woken" {
    return this.#waiting.retract(this.#site.bell.seat);
  }

  passOn(): void {
    if (this.#offers()) this.#waiting.wakeOne(undefined);
  }

  mourn(waiting: Waiting): void {
    this.#mourn(waiting);
  }

  /** There is something for one of them. When it is the turn of this thread, its next task looks here and now. */
  wakeOne(): void {
    const { seat } = this.#site.bell;
    if (this.#waiting.wakeOne(seat) === seat) this.line.serve();
  }

  /** There is something for all of them. */
  wakeAll(): void {
    this.#waiting.wakeAll();
  }
}
