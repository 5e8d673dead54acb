/** Who has which end of a pipe, and how many copies of it: an end is closed when nobody has a copy any more.
 *
 *  A copy that travels to another thread is counted as its sender's until it has arrived, so that the sender may close its
 *  own at once. The copies of a thread end with it: each is counted beside the ticket of the thread that has it.
 *
 *  Guarantees: an end that somebody has is never found closed; one whose last holder has died is, by the next who looks. All
 *  but `gone` is called with exclusive access.
 *
 *  Layout, in words, for each of the two ends: a bit for each seat that has a copy, the ticket for each seat, the copies. */
import type { Cells } from "../memory/cells.js";
import { SEATS, seatOf, type Ticket } from "../memory/world.js";
import type { Site } from "./site.js";

/** Which end: of two. */
export type End = 0 | 1;

const BITS = 0;
const BIT_WORDS = SEATS / 32;
const TICKETS = BITS + BIT_WORDS;
const COPIES = TICKETS + SEATS;
const END_WORDS = COPIES + SEATS;
export const ENDS_WORDS: number = 2 * END_WORDS;

export class PipeEnds {
  readonly #site: Site;
  readonly #cells: Cells;
  readonly #at: number;

  /** @param at - the index of its first word */
  constructor(site: Site, at: number) {
    this.#site = site;
    this.#cells = site.cells;
    this.#at = at;
  }

  /** One copy more in this thread. */
  add(end: End): void {
    const { ticket } = this.#site.bell;
    const seat = seatOf(ticket);
    const cells = this.#cells;
    const known = cells.load(this.#word(end, TICKETS + seat)) === ticket;
    const copies = known ? cells.load(this.#word(end, COPIES + seat)) : 0;
    // The bit last: what stands beside it is another's until then, or nobody's.
    cells.store(this.#word(end, COPIES + seat), copies + 1);
    cells.store(this.#word(end, TICKETS + seat), ticket);
    cells.or(this.#word(end, BITS + (seat >> 5)), 1 << (seat & 31));
  }

  /** One copy less in a thread, if it lives and has one. */
  remove(end: End, ticket: Ticket): void {
    const seat = seatOf(ticket);
    const cells = this.#cells;
    if (cells.load(this.#word(end, TICKETS + seat)) !== ticket) return;
    const copies = cells.load(this.#word(end, COPIES + seat));
    if (copies > 0) cells.store(this.#word(end, COPIES + seat), copies - 1);
    if (copies <= 1) cells.and(this.#word(end, BITS + (seat >> 5)), ~(1 << (seat & 31)));
  }

  /** Whether nobody has a copy. Without exclusive access a hint: a copy may be moving from one thread to another. */
  gone(end: End): boolean {
    for (let word = 0; word < BIT_WORDS; word += 1) {
      let bits = this.#cells.load(this.#word(end, BITS + word));
      for (; bits !== 0; bits &= bits - 1) {
        const seat = word * 32 + (31 - Math.clz32(bits & -bits));
        const ticket = this.#cells.load(this.#word(end, TICKETS + seat)) as Ticket;
        if (this.#site.bell.world.alive(ticket)) return false;
      }
    }
    return true;
  }

  #word(end: End, word: number): number {
    return this.#at + end * END_WORDS + word;
  }
}
