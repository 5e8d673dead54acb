/** The calls a port holds, by slot.
 *
 *  Guarantees: a slot is given to one call at a time; giving and taking cost the same however many are held. */
import { InvariantError } from "../base/errors.js";
import type { Ticket } from "./port.js";

export class HeldCalls<T extends Ticket> {
  readonly #bySlot: (T | undefined)[];
  readonly #free: number[];

  constructor(slots: number) {
    this.#bySlot = new Array<T | undefined>(slots).fill(undefined);
    // From the end, so that the lowest slot is given first.
    this.#free = Array.from({ length: slots }, (_, index) => slots - 1 - index);
  }

  /** Slots that can be given. */
  get room(): number {
    return this.#free.length;
  }

  add(ticket: T): void {
    const slot = this.#free.pop();
    if (slot === undefined) throw new InvariantError(`${this.#bySlot.length} calls are held already`);
    ticket.slot = slot;
    this.#bySlot[slot] = ticket;
  }

  get(slot: number): T | undefined {
    return this.#bySlot[slot];
  }

  remove(ticket: T): void {
    this.free(ticket.slot);
    this.vacate(ticket);
  }

  /** Lets go of the call and keeps its slot from being given again, until `free`. */
  vacate(ticket: T): void {
    this.#bySlot[ticket.slot] = undefined;
    ticket.slot = -1;
  }

  free(slot: number): void {
    this.#free.push(slot);
  }

  /** All that are held, by ascending slot. */
  all(): T[] {
    return this.#bySlot.filter((ticket) => ticket !== undefined);
  }
}
