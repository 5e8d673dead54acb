/** What a pool does with a worker's messages, the same for threads and processes. */
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
}

export class Inbox<T extends Ticket> {
  readonly #events: PortEvents<T>;
  readonly #ring: SlotRing<T>;
  readonly #settling: Settling;
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

  receive(message: Told): void {
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
      case "progress": {
        const ticket = this.#ring.ticketAt(message.slot);
        if (ticket !== undefined && this.#ring.tokenAt(message.slot) === message.token) {
          this.#events.progress(ticket, message.value);
        }
        return;
      }
      case "memory":
        return this.#events.memory(message.bytes);
      case "alive":
        return this.#events.alive();
      case "uncaught":
        this.#uncaught = decodeError(message.error);
        return;
      case "skipped":
      case "cooperative":
        // Threads say these in shared memory; a process' port takes them itself.
        return;
    }
  }
}
