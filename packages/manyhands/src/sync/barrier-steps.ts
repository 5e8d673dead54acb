/** The steps of a barrier in shared memory: so many parties wait for each other, again and again.
 *
 *  Guarantees: the parties of a round are released together or broken together; a party that gives up or dies breaks the
 *  round; how a round ended can still be read by a party that wakes late. See memory/PROTOCOL-WAITING.md.
 *
 *  Layout, in words:
 *  ```
 *  0         parties
 *  1         the truth: round << 17 | state << 14 | arrived
 *  2..65     how the last rounds ended: round << 1 | whether it broke
 *  66..321   for each seat the ticket of the thread that its mark is of
 *  322..577  for each seat its mark: round << 14 | how many of that thread have arrived in it
 *  578..     the waiting set
 *  ``` */
import { BrokenBarrierError } from "../base/errors.js";
import { WAITING_WORDS } from "../memory/waiting-set.js";
import { SEATS, type Ticket } from "../memory/world.js";
import { SharedCore } from "./shared-core.js";
import { OBJECT_HEADER, type Site } from "./site.js";

const PARTIES = OBJECT_HEADER;
const TRUTH = PARTIES + 1;
const ENDS = TRUTH + 1;
const REMEMBERED = 64;
const TICKETS = ENDS + REMEMBERED;
const MARKS = TICKETS + SEATS;
const WAITING = MARKS + SEATS;
export const BARRIER_WORDS: number = WAITING - OBJECT_HEADER + WAITING_WORDS;

const ARRIVED_BITS = 14;
const ROUND_AT = 17;
const ROUNDS = 1 << (32 - ROUND_AT);
export const MOST_PARTIES: number = (1 << ARRIVED_BITS) - 1;

/** States of a round. `acting`: all are there, and the last runs the action. `opened` and `reset` are over: the end has to be
 *  recorded, by whoever comes by, before the next round begins. */
const FILLING = 0;
const ACTING = 1;
const BROKEN = 2;
const OPENED = 3;
const RESET = 4;

const arrivedOf = (truth: number): number => truth & MOST_PARTIES;
const stateOf = (truth: number): number => (truth >>> ARRIVED_BITS) & 7;
const roundOf = (truth: number): number => truth >>> ROUND_AT;
const truthOf = (round: number, state: number, arrived: number): number =>
  ((round & (ROUNDS - 1)) << ROUND_AT) | (state << ARRIVED_BITS) | arrived;

/** Whether a round is over, for a party of it. */
export type Progress = "waiting" | "released" | "broken";

/** A party that has arrived. `last`: all are there, and it has to run the action and then to `open`. */
export interface Arrival {
  readonly round: number;
  readonly index: number;
  readonly duty: "wait" | "act";
}

/** What can be seen of a barrier. */
export interface BarrierView {
  readonly parties: number;
  readonly waiting: number;
  readonly broken: boolean;
}

export class BarrierSteps extends SharedCore {
  constructor(site: Site) {
    super(site, WAITING);
  }

  /** Writes the first word. Called once, by who has made the memory. */
  fill(parties: number): void {
    this.site.cells.store(PARTIES, parties);
  }

  look(): BarrierView {
    const truth = this.site.cells.load(TRUTH);
    const state = stateOf(truth);
    return {
      parties: this.site.cells.load(PARTIES),
      waiting: state === FILLING ? arrivedOf(truth) : 0,
      broken: state === BROKEN,
    };
  }

  /** Whether the parties of a round that is complete wait for the action to end. */
  get acting(): boolean {
    return stateOf(this.site.cells.load(TRUTH)) === ACTING;
  }

  /** Comes to the barrier. @returns `undefined` while the parties of the round before are being released. */
  arrive(act: "acts" | "only opens"): Arrival | undefined {
    const { cells } = this.site;
    this.#breakForDead();
    for (;;) {
      const truth = cells.load(TRUTH);
      const [round, state, index] = [roundOf(truth), stateOf(truth), arrivedOf(truth)];
      if (state === BROKEN) throw broken();
      if (state === ACTING) return undefined;
      if (state !== FILLING) {
        this.#endRound(truth);
        continue;
      }
      // Marked first: a party that dies in between breaks a round that it would have been of.
      this.#mark(round, 1);
      const last = index + 1 === cells.load(PARTIES);
      const next = truthOf(round, last ? (act === "acts" ? ACTING : OPENED) : FILLING, index + 1);
      if (cells.replace(TRUTH, truth, next)) {
        if (last && act === "only opens") this.#endRound(next);
        return { round, index, duty: last && act === "acts" ? "act" : "wait" };
      }
      this.#mark(round, -1);
    }
  }

  /** Ends the round whose action has been run. @returns false when it was broken meanwhile. */
  open({ round }: Arrival): boolean {
    const { cells } = this.site;
    const parties = cells.load(PARTIES);
    const next = truthOf(round, OPENED, parties);
    if (!cells.replace(TRUTH, truthOf(round, ACTING, parties), next)) return false;
    this.#endRound(next);
    return true;
  }

  /** How the round of a party stands. */
  progress(round: number): Progress {
    const truth = this.site.cells.load(TRUTH);
    if (roundOf(truth) === round) return PROGRESS[stateOf(truth)] ?? "broken";
    const end = this.site.cells.load(ENDS + (round % REMEMBERED));
    // So many rounds later nobody knows any more. Then it cannot be promised that all were there.
    return end >>> 1 === round && (end & 1) === 0 ? "released" : "broken";
  }

  /** Records how a round ended, lets the next begin, and wakes all. Anyone may do that, and several at once. */
  #endRound(truth: number): void {
    const { cells } = this.site;
    const round = roundOf(truth);
    const at = ENDS + (round % REMEMBERED);
    const former = cells.load(at);
    // Looked at after the former end: so nobody writes it who has slept through many rounds.
    if (cells.load(TRUTH) === truth) {
      cells.replace(at, former, (round << 1) | (stateOf(truth) === OPENED ? 0 : 1));
      cells.replace(TRUTH, truth, truthOf(round + 1, FILLING, 0));
    }
    this.handToAll();
  }

  /** Breaks the round if it is still going on. @returns how it has ended. */
  break(round: number): Progress {
    const { cells } = this.site;
    for (;;) {
      const truth = cells.load(TRUTH);
      if (roundOf(truth) !== round || this.progress(round) !== "waiting") return this.progress(round);
      if (!cells.replace(TRUTH, truth, truthOf(round, BROKEN, arrivedOf(truth)))) continue;
      this.handToAll();
      return "broken";
    }
  }

  abort(): void {
    for (;;) {
      const truth = this.site.cells.load(TRUTH);
      const state = stateOf(truth);
      if (state === OPENED || state === RESET) this.#endRound(truth);
      else return void this.break(roundOf(truth));
    }
  }

  reset(): void {
    const { cells } = this.site;
    for (;;) {
      const truth = cells.load(TRUTH);
      const state = stateOf(truth);
      if (state === FILLING && arrivedOf(truth) === 0) return;
      if (state === OPENED || state === RESET) this.#endRound(truth);
      else if (cells.replace(TRUTH, truth, truthOf(roundOf(truth), RESET, arrivedOf(truth)))) {
        return this.#endRound(truthOf(roundOf(truth), RESET, arrivedOf(truth)));
      }
    }
  }

  /** The party does not wait any more. */
  leave(round: number): void {
    this.#mark(round, -1);
  }

  #mark(round: number, change: 1 | -1): void {
    const { cells, bell } = this.site;
    // Nobody else writes to these words while this thread lives.
    const mark = cells.load(MARKS + bell.seat);
    const own = cells.load(TICKETS + bell.seat) === bell.ticket && mark >>> ARRIVED_BITS === round;
    if (own) cells.store(MARKS + bell.seat, mark + change);
    else if (change > 0) {
      // The ticket first: with the former one it would be a dead party's mark. That who had the seat before has not died in
      // this very round has been seen to already.
      cells.store(TICKETS + bell.seat, bell.ticket);
      cells.store(MARKS + bell.seat, (round << ARRIVED_BITS) | 1);
    }
  }

  /** A party of the present round that has died will not leave it: it cannot be completed. */
  #breakForDead(): void {
    const { cells, bell } = this.site;
    const truth = cells.load(TRUTH);
    if (this.progress(roundOf(truth)) !== "waiting" || arrivedOf(truth) === 0) return;
    for (let seat = 0; seat < SEATS; seat += 1) {
      const mark = cells.load(MARKS + seat);
      if (mark >>> ARRIVED_BITS !== roundOf(truth) || arrivedOf(mark) === 0) continue;
      if (bell.world.alive(cells.load(TICKETS + seat) as Ticket)) continue;
      this.break(roundOf(truth));
      return;
    }
  }

  override mourn(): void {
    this.#breakForDead();
  }

  override passOn(): void {
    // The end of a round wakes everybody: there is no wake that another could be waiting for.
  }
}

const PROGRESS: readonly Progress[] = ["waiting", "waiting", "broken", "released", "broken"];

export function broken(cause?: unknown): BrokenBarrierError {
  return new BrokenBarrierError(
    "The barrier is broken: a party gave up or died, or it was aborted or reset. reset() makes it usable again",
    cause === undefined ? {} : { cause },
  );
}
