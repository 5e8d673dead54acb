/** Which threads wait for an object.
 *
 *  Guarantees: a thread that has announced itself is told of the next change, or has taken its announcement back in time and
 *  knows it; a wake goes to a thread that lives, and is never spent on one that only got a dead one's seat. See
 *  PROTOCOL-WAITING.md.
 *
 *  Layout, in words of 32 bits:
 *  ```
 *  0        the seat that was woken last: the search for the next begins behind it
 *  1..8     a bit for each seat: announced
 *  9..264   for each seat the ticket of whoever announced himself there last
 *  ``` */
import type { Cells } from "./cells.js";
import { SEATS, type Seat, type Ticket, type World } from "./world.js";

const LAST = 0;
const BITS = 1;
const WORDS = SEATS / 32;
const TICKETS = BITS + WORDS;
/** Words it takes. */
export const WAITING_WORDS: number = TICKETS + SEATS;

export class WaitingSet {
  readonly #world: World;
  readonly #cells: Cells;
  readonly #base: number;
  readonly #lane: number;

  /** @param base - the index of its first word
   *  @param lane - the lane of the object, which its waiters listen to */
  constructor(world: World, cells: Cells, base: number, lane: number) {
    this.#world = world;
    this.#cells = cells;
    this.#base = base;
    this.#lane = lane;
  }

  /** From now on the thread is woken. It must look once more before it sleeps. */
  announce(seat: Seat, ticket: Ticket): void {
    // The ticket first: whoever takes the bit has to find it.
    this.#cells.store(this.#base + TICKETS + seat, ticket);
    this.#cells.or(this.#word(seat), 1 << (seat & 31));
  }

  /** Takes the announcement back.
   *  @returns `woken` when somebody has taken it before and given the thread a wake, which is now the thread's to pass on. */
  retract(seat: Seat): "in time" | "woken" {
    return this.#clear(seat) ? "in time" : "woken";
  }

  /** Wakes one thread that has announced itself, after the object has changed.
   *  @param self - the caller's seat, when the caller looks itself if that is the one: then it is not rung
   *  @returns who was woken; `undefined` when nobody waits. */
  wakeOne(self: Seat | undefined): Seat | undefined {
    let seat = this.#next(0);
    // Nobody waits: that is what nearly every release finds.
    if (seat === undefined) return undefined;
    seat = this.#next((this.#cells.load(this.#base + LAST) + 1) & (SEATS - 1));
    while (seat !== undefined && !this.#take(seat)) seat = this.#next((seat + 1) & (SEATS - 1));
    if (seat === undefined) return undefined;
    this.#cells.store(this.#base + LAST, seat);
    if (seat !== self) this.#world.ring(seat, 1 << this.#lane);
    return seat;
  }

  /** Wakes all threads that have announced themselves. */
  wakeAll(): void {
    for (let word = 0; word < WORDS; word += 1) {
      let bits = this.#cells.load(this.#base + BITS + word);
      for (; bits !== 0; bits &= bits - 1) {
        const seat = (word * 32 + lowest(bits)) as Seat;
        if (this.#take(seat)) this.#world.ring(seat, 1 << this.#lane);
      }
    }
  }

  /** Takes the announcement of a thread. @returns false when there is none, or it is that of a dead one. */
  #take(seat: Seat): boolean {
    // Not whether the seat is taken: its occupant may have come after the one who waited, and know nothing of the object.
    return this.#clear(seat) && this.#world.alive(this.#cells.load(this.#base + TICKETS + seat) as Ticket);
  }

  #clear(seat: Seat): boolean {
    const bit = 1 << (seat & 31);
    return (this.#cells.and(this.#word(seat), ~bit) & bit) !== 0;
  }

  #word(seat: Seat): number {
    return this.#base + BITS + (seat >> 5);
  }

  /** The first announced seat from `from` on, all the way round. */
  #next(from: number): Seat | undefined {
    for (let step = 0; step <= WORDS; step += 1) {
      const word = ((from >> 5) + step) & (WORDS - 1);
      let bits = this.#cells.load(this.#base + BITS + word);
      if (step === 0) bits &= -1 << (from & 31);
      if (bits !== 0) return (word * 32 + lowest(bits)) as Seat;
    }
    return undefined;
  }
}

const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);
