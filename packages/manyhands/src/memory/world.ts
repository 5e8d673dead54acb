/** The threads of a process that share objects: who they are, which of them live, and the bell of each.
 *
 *  Guarantees: a ticket names one thread for ever, for thread ids are never given twice; a thread is alive or buried by one
 *  word, changed by one compare-and-swap; who is buried is followed by a ring of every living thread's bell. See
 *  PROTOCOL-WAITING.md.
 *
 *  Layout, in words of 32 bits:
 *  ```
 *  0, 1   the world's random id
 *  2      number of objects made in it
 *  16     seats: SEATS × 16 words, of which
 *           +0  bell: bits 0..30 lanes with news, bit 31 a death
 *           +1  occupant: thread id + 1, 0 when the seat is free
 *           +2  parent: thread id + 1 of the thread that started the occupant, 0 unknown
 *           +3  whose parent that is: counts only while it is the occupant
 *  ``` */
import { InvalidStateError } from "../base/errors.js";
import type { Cells } from "./cells.js";

export const SEATS = 256;
const SEAT_BITS = 8;
const HEADER = 16;
const SEAT_WORDS = 16;
export const WORLD_BYTES: number = 4 * (HEADER + SEATS * SEAT_WORDS);

const ID = 0;
const OBJECTS = 2;
const OCCUPANT = 1;
const PARENT = 2;
const CHILD = 3;

/** Lanes of a bell. */
export const LANES = 31;
/** The bit of a bell that says that a thread of the world has died. */
export const DEATH: number = 1 << LANES;

/** Thread id + 1 and seat in one number. Never 0, and never negative. */
export type Ticket = number & { readonly ticket: true };
/** The index of a seat. */
export type Seat = number & { readonly seat: true };

/** What a ticket's thread id must fit: four million threads in the life of a process. */
const OCCUPANTS = 1 << (31 - SEAT_BITS);

export const seatOf = (ticket: Ticket): Seat => (ticket & (SEATS - 1)) as Seat;
export const occupantOf = (ticket: Ticket): number => ticket >>> SEAT_BITS;
const at = (seat: number, word = 0): number => HEADER + seat * SEAT_WORDS + word;

export class World {
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** Names a new world. Called once, by who has made its memory. */
  name(high: number, low: number): void {
    this.#cells.store(ID, high);
    this.#cells.store(ID + 1, low);
  }

  get id(): string {
    return `${(this.#cells.load(ID) >>> 0).toString(16)}-${(this.#cells.load(ID + 1) >>> 0).toString(16)}`;
  }

  /** A number that no other object of this world has. */
  newObject(): number {
    return this.#cells.add(OBJECTS, 1);
  }

  /** Takes a seat for this thread, which has none.
   *  @param parent - the thread that started it; -1 when that is unknown
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when all seats are taken. */
  sit(threadId: number, parent: number): Ticket {
    const occupant = threadId + 1;
    for (let seat = 0; occupant < OCCUPANTS && seat < SEATS; seat += 1) {
      if (!this.#cells.replace(at(seat, OCCUPANT), 0, occupant)) continue;
      // In this order: what stands in PARENT until then is the former occupant's, and is not believed.
      this.#cells.store(at(seat, PARENT), parent + 1);
      this.#cells.store(at(seat, CHILD), occupant);
      return ((occupant << SEAT_BITS) | seat) as Ticket;
    }
    throw new InvalidStateError(`Cannot share objects with thread ${threadId}: ${SEATS} threads share them already`);
  }

  alive(ticket: Ticket): boolean {
    return this.#cells.load(at(seatOf(ticket), OCCUPANT)) === occupantOf(ticket);
  }

  /** Whether somebody who lives sits there. */
  occupied(seat: Seat): boolean {
    return this.#cells.load(at(seat, OCCUPANT)) !== 0;
  }

  /** Records that a thread has ended, and with it all it had started, and tells the living. Does nothing the second time. */
  bury(threadId: number): void {
    let buried = 0;
    const ended = [threadId + 1];
    for (let next = ended.pop(); next !== undefined; next = ended.pop()) {
      for (let seat = 0; seat < SEATS; seat += 1) {
        const occupant = this.#cells.load(at(seat, OCCUPANT));
        if (occupant === 0) continue;
        if (occupant !== next) {
          if (this.#parentOf(seat, occupant) === next) ended.push(occupant);
        } else if (this.#cells.replace(at(seat, OCCUPANT), occupant, 0)) buried += 1;
      }
    }
    if (buried > 0) this.#tollForAll();
  }

  #parentOf(seat: number, occupant: number): number {
    return this.#cells.load(at(seat, CHILD)) === occupant ? this.#cells.load(at(seat, PARENT)) : 0;
  }

  #tollForAll(): void {
    for (let seat = 0; seat < SEATS; seat += 1) if (this.occupied(seat as Seat)) this.ring(seat as Seat, DEATH);
  }

  /** Adds bits to a bell and wakes who sleeps on it. */
  ring(seat: Seat, bits: number): void {
    this.#cells.or(at(seat), bits);
    this.#cells.notify(at(seat));
  }

  /** Takes all that a bell has to say. */
  takeBell(seat: Seat): number {
    return this.#cells.exchange(at(seat), 0);
  }

  /** Parks the thread until its bell says something or the time is over. @returns false when the time is over. */
  sleep(seat: Seat, ms: number): boolean {
    return this.#cells.wait(at(seat), 0, ms) !== "timed-out";
  }

  /** As `sleep`, without parking. */
  sleepAsync(seat: Seat): "not-equal" | Promise<unknown> {
    return this.#cells.waitAsync(at(seat), 0);
  }
}
