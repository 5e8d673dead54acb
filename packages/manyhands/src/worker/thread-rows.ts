/** The rows of items that a worker thread holds, as the pool sees them.
 *
 *  Guarantees: every outcome is heeded once; a worker gets to its rows in the order in which they were handed over, so
 *  that one look at the first of them tells which of all have anything new. See memory/PROTOCOL.md. */
import { RingQueue } from "../base/ring-queue.js";
import type { ItemRun } from "../futures/mod.js";
import { type ItemRows, LONGEST_ROW, rowToken } from "../memory/mod.js";
import type { Ticket } from "./port.js";
import type { SlotRing } from "./slot-ring.js";

/** A row that is not over. */
interface Row<T> {
  readonly ticket: T;
  /** The slot of its first item, by which it goes. */
  readonly slot: number;
  /** Items that are not taken back. */
  count: number;
  /** Items that were heeded: the first ones. */
  taken: number;
}

export interface ThreadRowsSink<T extends Ticket> {
  /** The lists are good until this returns. */
  fulfilledRun(ticket: T, offset: number, run: ItemRun): void;
  /** The item in the slot has come to something that is no number. */
  ended(slot: number): void;
}

export class ThreadRows<T extends Ticket> {
  readonly #rows: ItemRows;
  readonly #ring: SlotRing<T>;
  readonly #sink: ThreadRowsSink<T>;
  /** In the order of their hand-over. */
  readonly #open = new RingQueue<Row<T>>();

  constructor(rows: ItemRows, ring: SlotRing<T>, sink: ThreadRowsSink<T>) {
    this.#rows = rows;
    this.#ring = ring;
    this.#sink = sink;
  }

  /** Whether a row can begin in this slot. After a full round of the slots a row of before may still be open there. */
  takes(ticket: T, slot: number): boolean {
    if (ticket.count > LONGEST_ROW) return false;
    for (const row of this.#open) if (row.slot === slot) return false;
    return true;
  }

  /** The ticket's calls have been given neighbouring slots. @returns the token by which the worker claims them. */
  hand(ticket: T, slot: number): number {
    const { count } = ticket;
    const token = rowToken(this.#ring.generationAt(slot), count);
    this.#rows.hand(slot, token);
    this.#ring.setTokens(slot, token, count);
    this.#open.push({ ticket, slot, count, taken: 0 });
    return token;
  }

  /** The row has not left after all. */
  withdraw(ticket: T): void {
    const row = this.#of(ticket);
    if (row !== undefined) row.count = row.taken;
  }

  /** Whether items of the ticket are in a row that is not over. */
  holds(ticket: T): boolean {
    return this.#of(ticket) !== undefined;
  }

  /** Heeds what has ended. @returns whether anything had. */
  look(): boolean {
    let any = false;
    for (let row = this.#open.peek(); row !== undefined; row = this.#open.peek()) {
      if (row.taken < row.count) {
        const ended = this.#rows.ended(row.slot);
        any ||= ended > row.taken;
        this.#take(row, ended);
        if (row.taken < row.count) return any;
      }
      // Whoever was told of an outcome may have looked as well.
      if (this.#open.peek() === row) this.#open.shift();
    }
    return any;
  }

  /** Takes back the ticket's items that have not begun, but for the first `keep` that are held. @returns how many. */
  recall(ticket: T, keep: number): number {
    const row = this.#of(ticket);
    const from = row === undefined ? undefined : this.#ring.of(ticket)[keep]?.offset;
    if (row === undefined || from === undefined) return 0;
    const count = this.#rows.recall(row.slot, from);
    row.count -= count;
    this.#ring.freeRun(row.slot + row.count, count);
    return count;
  }

  /** How many items run: one, or none. */
  running(): number {
    for (const row of this.#open) {
      const begun = this.#rows.begun(row.slot);
      if (begun < row.count || begun > this.#rows.ended(row.slot)) return begun - this.#rows.ended(row.slot);
    }
    return 0;
  }

  /** Whether an item of the ticket has begun. */
  begun(ticket: T, offset: number): boolean {
    const row = this.#of(ticket);
    return row !== undefined && offset < this.#rows.begun(row.slot);
  }

  #of(ticket: T): Row<T> | undefined {
    for (const row of this.#open) if (row.ticket === ticket && row.taken < row.count) return row;
    return undefined;
  }

  #take(row: Row<T>, ended: number): void {
    while (row.taken < ended) {
      const { ticket, slot, taken } = row;
      const numbers = Math.min(ended, this.#rows.numbers(slot));
      // First, so that an outcome is heeded once, whatever is done about it.
      row.taken = Math.max(numbers, taken + 1);
      if (numbers > taken) this.#takeNumbers(ticket, taken, slot + taken, numbers - taken, this.#rows.longest(slot));
      // The message of an item may have been first: then its slot is free, or another's.
      else if (this.#ring.ticketAt(slot + taken) === ticket && this.#rows.route(slot + taken) === "here")
        this.#sink.ended(slot + taken);
    }
  }

  #takeNumbers(ticket: T, offset: number, slot: number, count: number, longest: number): void {
    const rows = this.#rows;
    const values = rows.valuesOf(slot, count);
    const run = { values, starts: rows.startsOf(slot, count), durations: rows.durationsOf(slot, count), longest };
    this.#sink.fulfilledRun(ticket, offset, run);
    // Only now: they hold what was told, and whoever was told may have had calls sent.
    this.#ring.freeRun(slot, count);
  }
}
