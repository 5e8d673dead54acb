/** What a pool does with a worker's messages, the same for threads and processes. */
import { unpack } from "../share/mod.js";
import { decodeError } from "../wire/mod.js";
import type { FromWorker, LOOK } from "./messages.js";
import type { PortEvents, Ticket } from "./port.js";
import type { SlotRing } from "./slot-ring.js";

/** A message with something in it. */
export type Told = Exclude<FromWorker, typeof LOOK>;

/** What a port does with an outcome that came as a message. */
export interface Settling {
  fulfilled(slot: number, value: unknown): void;
  rejected(slot: number, reason: unknown): void;
  /** Something was told that did not come with a message just now. */
  turn(): void;
}

export class Inbox<T extends Ticket> {
  readonly #events: PortEvents<T>;
  readonly #ring: SlotRing<T>;
  readonly #settling: Settling;
  /** Slots whose parcels are being opened: what is told of them later must wait for that. */
  readonly #opening = new Map<number, Promise<void>>();
  #uncaught: unknown;

  constructor(events: PortEvents<T>, ring: SlotRing<T>, settling: Settling) {
    this.#events = events;
    this.#ring = ring;
    this.#settling = settling;
  }

  /** The error that no task caught and that ended the worker. */
  get uncaught(): unknown {
    return this.#uncaught;
  }

  /** Until all parcels that have arrived are open; `undefined` when they are. */
  opened(): Promise<unknown> | undefined {
    return this.#opening.size === 0 ? undefined : Promise.all(this.#opening.values());
  }

  receive(message: Told): void {
    if (this.#opening.size > 0 && "slot" in message && this.#opening.has(message.slot)) {
      return this.#after(message.slot, () => this.#take(message));
    }
    this.#take(message);
  }

  #take(message: Told): void {
    switch (message.type) {
      case "ready":
        return this.#events.ready();
      case "broken":
        return this.#events.broken(decodeError(message.error));
      case "value":
        if (message.copied > 0) this.#events.copied(message.copied);
        return this.#settling.fulfilled(message.slot, message.value);
      case "error":
        return this.#settling.rejected(message.slot, decodeError(message.error));
      case "progress":
        return this.#report(message.slot, message.token, message.value);
      case "parcel":
        return this.#open(message);
      case "memory":
        return this.#events.memory(message.bytes);
      case "alive":
        return this.#events.alive();
      case "vitals":
        return this.#events.vitals(message.memory, message.at);
      case "uncaught":
        this.#uncaught = decodeError(message.error);
        return;
      case "skipped":
      case "cooperative":
        // Threads say these in shared memory; a process' port takes them itself.
        return;
    }
  }

  #report(slot: number, token: number, value: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket !== undefined && this.#ring.tokenAt(slot) === token) this.#events.progress(ticket, value);
  }

  /** Takes out what is in the parcel: at once, or when the owners of what is shared have answered. */
  #open(message: Extract<Told, { type: "parcel" }>): void {
    const { slot } = message;
    try {
      const value = unpack(message.parcel);
      if (!(value instanceof Promise)) return this.#found(message, value);
      const opening = value.then(
        (ready: unknown) => this.#found(message, ready),
        (reason: unknown) => this.#lost(message, reason),
      );
      this.#wait(slot, opening);
    } catch (reason) {
      this.#lost(message, reason);
    }
  }

  #found({ of, slot, token }: Extract<Told, { type: "parcel" }>, value: unknown): void {
    if (of === "report") this.#report(slot, token, value);
    else this.#settling.fulfilled(slot, value);
  }

  #lost({ of, slot }: Extract<Told, { type: "parcel" }>, reason: unknown): void {
    // A report that cannot be read harms nothing but itself.
    if (of === "result") this.#settling.rejected(slot, reason);
  }

  #after(slot: number, take: () => void): void {
    this.#wait(slot, Promise.resolve(this.#opening.get(slot)).then(take));
  }

  #wait(slot: number, opening: Promise<void>): void {
    const done = opening.then(() => {
      if (this.#opening.get(slot) === done) this.#opening.delete(slot);
      this.#settling.turn();
    });
    this.#opening.set(slot, done);
  }
}
