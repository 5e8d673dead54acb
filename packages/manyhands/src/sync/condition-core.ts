/** Who waits for a condition, in shared memory. The lock that goes with it is an object of its own.
 *
 *  Guarantees: a notification is granted to so many of those that were waiting when it was given, and to nobody else; one
 *  that was granted to somebody who gives up or dies goes to another. See memory/PROTOCOL-WAITING.md.
 *
 *  Layout, in words:
 *  ```
 *  0         the seat that was granted something last
 *  1..256    for each seat the ticket of the thread that its count is of
 *  257..512  for each seat its count: waiting << 18 | granted << 4 | the lowest bits of the occupant's number
 *  ```
 *  Those bits tell the counts of a seat's occupants apart, for the two words cannot be changed together. */
import { InvalidStateError } from "../base/errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import { laneOf } from "../memory/bell.js";
import { type Gate, Line } from "../memory/line.js";
import { occupantOf, SEATS, type Seat, type Ticket } from "../memory/world.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import type { Core } from "./travel.js";
import { parkInLine, waitInLine } from "./waits.js";

const LAST = OBJECT_HEADER;
const TICKETS = LAST + 1;
const COUNTS = TICKETS + SEATS;
export const CONDITION_WORDS: number = 1 + 2 * SEATS;

/** The most tasks of one thread that may wait: 14 bits. */
const MOST = (1 << 14) - 1;
const TAG = 0xf;
const ONE_GRANTED = 1 << 4;
const ONE_WAITING = 1 << 18;
const waiting = (count: number): number => count >>> 18;
const granted = (count: number): number => (count >>> 4) & MOST;
const tagOf = (ticket: Ticket): number => occupantOf(ticket) & TAG;

/** The place of one who waits, from before it gives up the lock. */
export interface Notice {
  /** @returns whether it was notified; false when the time was over first. */
  wait(options: WaitOptions): Promise<boolean>;
  waitSync(timeout: number): boolean;
}

/** What a condition does, wherever its words are. */
export interface ConditionCore {
  /** Registers the caller, who holds the lock. */
  enter(): Notice | Promise<Notice>;
  enterSync(): Notice;
  notify(count: number): void;
}

export class SharedCondition implements ConditionCore, Core, Gate {
  readonly line: Line;
  readonly #site: Site;
  readonly #attempt = (): boolean => this.take();
  readonly #notice: Notice = {
    wait: (options) => this.#wait(options),
    waitSync: (timeout) => parkInLine(this.line, this.#attempt, timeout) || this.leave() === "notified",
  };

  constructor(site: Site) {
    this.#site = site;
    this.line = new Line(site.bell, laneOf(site.object), this);
  }

  share(): void {
    this.line.share();
  }

  enter(): Notice {
    return this.enterSync();
  }

  enterSync(): Notice {
    this.register();
    return this.#notice;
  }

  /** Counts one more who waits. The caller holds the lock, so no notification is under way. */
  register(): void {
    const { cells, bell } = this.#site;
    const former = cells.load(TICKETS + bell.seat) as Ticket;
    if (former !== bell.ticket) this.#takeOver();
    if (waiting(cells.load(COUNTS + bell.seat)) === MOST) {
      throw new InvalidStateError(`Cannot wait: ${MOST} tasks of this thread wait for the condition already`);
    }
    cells.add(COUNTS + bell.seat, ONE_WAITING);
  }

  /** The seat's words were another thread's, who is dead. */
  #takeOver(): void {
    const { cells, bell } = this.#site;
    const left = cells.exchange(COUNTS + bell.seat, tagOf(bell.ticket));
    cells.store(TICKETS + bell.seat, bell.ticket);
    this.#grant(granted(left));
  }

  /** Takes what was granted to this thread, once. */
  take(): boolean {
    const { cells, bell } = this.#site;
    for (;;) {
      const count = cells.load(COUNTS + bell.seat);
      if (granted(count) === 0) return false;
      if (cells.replace(COUNTS + bell.seat, count, count - ONE_WAITING - ONE_GRANTED)) return true;
    }
  }

  /** Waits no longer. @returns `notified` when that had been granted already to all of this thread that wait. */
  leave(): "notified" | "left" {
    const { cells, bell } = this.#site;
    for (;;) {
      const count = cells.load(COUNTS + bell.seat);
      if (waiting(count) === granted(count)) return this.take() ? "notified" : "left";
      if (cells.replace(COUNTS + bell.seat, count, count - ONE_WAITING)) return "left";
    }
  }

  /** Waits no longer, and wants no notification: one that was granted goes to another. */
  withdraw(): void {
    const { cells, bell } = this.#site;
    for (;;) {
      const count = cells.load(COUNTS + bell.seat);
      if (waiting(count) > granted(count)) {
        if (cells.replace(COUNTS + bell.seat, count, count - ONE_WAITING)) return;
        continue;
      }
      // Granted to another before it is given up: in between this thread may die, and rather two are notified than none.
      this.#grant(1);
      this.take();
      return;
    }
  }

  async #wait(options: WaitOptions): Promise<boolean> {
    try {
      if ((await waitInLine(this.line, this.#attempt, options)) === "ready") return true;
      return this.leave() === "notified";
    } catch (error) {
      this.withdraw();
      throw error;
    }
  }

  notify(count: number): void {
    this.#grant(count);
  }

  /** Lets `count` of those go on that wait. */
  #grant(count: number): void {
    const { bell, cells } = this.#site;
    const first = cells.load(LAST) + 1;
    let turn: "others" | "own too" = "others";
    let left = count;
    for (let step = 0; step < SEATS && left > 0; step += 1) {
      const seat = ((first + step) & (SEATS - 1)) as Seat;
      const given = this.#grantTo(seat, left);
      if (given === 0) continue;
      left -= given;
      cells.store(LAST, seat);
      if (seat === bell.seat) turn = "own too";
      else bell.world.ring(seat, 1 << this.line.lane);
    }
    if (turn === "own too") this.line.serve();
  }

  /** @returns how many of that seat were given a grant. */
  #grantTo(seat: Seat, most: number): number {
    const { bell, cells } = this.#site;
    for (;;) {
      const count = cells.load(COUNTS + seat);
      const given = Math.min(most, waiting(count) - granted(count));
      if (given === 0) return 0;
      const ticket = cells.load(TICKETS + seat) as Ticket;
      if (!bell.world.alive(ticket) || (count & TAG) !== tagOf(ticket)) return 0;
      if (!cells.replace(COUNTS + seat, count, count + given * ONE_GRANTED)) continue;
      // It may have died since it was asked whether it lives, and the bell have tolled before there was anything to inherit.
      if (!bell.world.alive(ticket)) this.mourn();
      return given;
    }
  }

  announce(): void {
    // Being registered is the announcement.
  }

  retract(): "in time" | "woken" {
    // Leaving says what was granted.
    return "in time";
  }

  passOn(): void {
    // What is granted to this thread is for one of its waiters.
  }

  mourn(): void {
    const { bell, cells } = this.#site;
    for (let seat = 0; seat < SEATS; seat += 1) {
      const count = cells.load(COUNTS + seat);
      if (granted(count) === 0) continue;
      const ticket = cells.load(TICKETS + seat) as Ticket;
      if (bell.world.alive(ticket) || (count & TAG) !== tagOf(ticket)) continue;
      if (cells.replace(COUNTS + seat, count, 0)) this.#grant(granted(count));
    }
  }
}
