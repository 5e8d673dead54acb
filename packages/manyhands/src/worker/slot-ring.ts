/** The calls a port has handed over, by slot.
 *
 *  Guarantees: a slot is given to one call at a time; giving and taking cost the same however many are out; slots are
 *  given round and round, so that calls handed over together nearly always have neighbouring slots, which lets a message
 *  name the first of them and their number; each use of a slot has a generation of its own. */
import { InvariantError } from "../base/errors.js";
import type { Ticket } from "./port.js";

/** One of the calls that a ticket stands for. */
export interface Held<T> {
  readonly ticket: T;
  /** Which of the ticket's calls, from 0. */
  readonly offset: number;
  readonly slot: number;
}

/** Who has a say in where neighbours begin. */
export interface RunTaker<T> {
  takesRun(ticket: T, slot: number): boolean;
}

/** Offsets in order, to be copied at once. */
const ASCENDING = Uint32Array.from({ length: 2048 }, (_, at) => at);

export class SlotRing<T extends Ticket> {
  readonly #size: number;
  readonly #tickets: (T | undefined)[];
  readonly #offsets: Uint32Array;
  readonly #tokens: Int32Array;
  /** 1: not to be given, whether or not a ticket stands there. */
  readonly #out: Uint8Array;
  readonly #generations: Int32Array;
  #next = 0;
  /** Rounds so far, which are the generations: a slot is given at most once in each. */
  #lap = 1;
  #room: number;

  constructor(size: number) {
    this.#size = size;
    this.#room = size;
    this.#tickets = new Array<T | undefined>(size).fill(undefined);
    this.#offsets = new Uint32Array(size);
    this.#tokens = new Int32Array(size);
    this.#out = new Uint8Array(size);
    this.#generations = new Int32Array(size);
  }

  /** Slots that can be given. */
  get room(): number {
    return this.#room;
  }

  /** Gives the next free slot to one of the ticket's calls. */
  give(ticket: T, offset: number): number {
    if (this.#room === 0) throw new InvariantError(`${this.#size} calls are held already`);
    let slot = this.#next;
    // A call that takes long may still stand in the way; the next round passes over it.
    while (this.#out[slot] === 1) slot = this.#after(slot);
    this.#generations[slot] = this.#lap;
    this.#next = this.#after(slot);
    this.#tickets[slot] = ticket;
    this.#offsets[slot] = offset;
    this.#out[slot] = 1;
    this.#room -= 1;
    if (offset === 0) ticket.slot = slot;
    return slot;
  }

  /** Gives `ticket.count` neighbouring slots of one generation, all at once.
   *  @returns the first; -1 when the next slots are not all free, or not what the taker can use. */
  giveRun(ticket: T, taker: RunTaker<T>): number {
    const { count } = ticket;
    if (this.#room < count) return -1;
    // What is left of this round may be too short for all of them.
    const first = this.#next + count > this.#size ? 0 : this.#next;
    const end = first + count;
    const blocked = this.#out.indexOf(1, first);
    if ((blocked >= 0 && blocked < end) || !taker.takesRun(ticket, first)) return -1;
    if (first < this.#next) this.#lap += 1;
    this.#offsets.set(ASCENDING.subarray(0, count), first);
    this.#tickets.fill(ticket, first, end);
    this.#out.fill(1, first, end);
    this.#generations.fill(this.#lap, first, end);
    this.#room -= count;
    this.#next = this.#after(end - 1);
    ticket.slot = first;
    return first;
  }

  setTokens(slot: number, token: number, count: number): void {
    this.#tokens.fill(token, slot, slot + count);
  }

  /** `free` for `count` neighbours. */
  freeRun(slot: number, count: number): void {
    this.#tickets.fill(undefined, slot, slot + count);
    this.#out.fill(0, slot, slot + count);
    this.#room += count;
  }

  #after(slot: number): number {
    if (slot + 1 < this.#size) return slot + 1;
    this.#lap += 1;
    return 0;
  }

  ticketAt(slot: number): T | undefined {
    return this.#tickets[slot];
  }

  offsetAt(slot: number): number {
    return this.#offsets[slot] ?? 0;
  }

  /** The generation of the latest call in this slot. */
  generationAt(slot: number): number {
    return this.#generations[slot] ?? 0;
  }

  /** What the worker must show to claim the call in this slot. */
  tokenAt(slot: number): number {
    return this.#tokens[slot] ?? 0;
  }

  setToken(slot: number, token: number): void {
    this.#tokens[slot] = token;
  }

  /** The call in this slot is over, and the slot can be given again. */
  free(slot: number): void {
    this.#tickets[slot] = undefined;
    this.#out[slot] = 0;
    this.#room += 1;
  }

  /** Lets go of the call and keeps its slot from being given, until `free`. */
  vacate(slot: number): void {
    this.#tickets[slot] = undefined;
  }

  /** All calls that are held, in the order in which they were handed over. */
  *[Symbol.iterator](): IterableIterator<Held<T>> {
    for (let step = 0; step < this.#size; step += 1) {
      const slot = (this.#next + step) % this.#size;
      const ticket = this.#tickets[slot];
      if (ticket !== undefined) yield { ticket, offset: this.offsetAt(slot), slot };
    }
  }

  /** The held calls of one ticket, in order. */
  of(ticket: T): readonly Held<T>[] {
    if (ticket.count === 1)
      return this.#tickets[ticket.slot] === ticket ? [{ ticket, offset: 0, slot: ticket.slot }] : [];
    return [...this].filter((held) => held.ticket === ticket);
  }
}
