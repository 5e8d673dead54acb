/** What a pool does with a worker's messages, the same for threads and processes. */
import type { Outcome } from "../futures/mod.js";
import { decodeError } from "../wire/mod.js";
import type { HeldCalls } from "./held-calls.js";
import type { FromWorker, LOOK } from "./messages.js";
import type { PortEvents, Ticket } from "./port.js";

/** A message with something in it. */
export type Told = Exclude<FromWorker, typeof LOOK>;

export class Inbox<T extends Ticket> {
  readonly #events: PortEvents<T>;
  readonly #held: HeldCalls<T>;
  readonly #settle: (slot: number, outcome: Outcome<unknown>) => void;
  #uncaught: unknown;

  constructor(events: PortEvents<T>, held: HeldCalls<T>, settle: (slot: number, outcome: Outcome<unknown>) => void) {
    this.#events = events;
    this.#held = held;
    this.#settle = settle;
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
        return this.#settle(message.slot, { status: "fulfilled", value: message.value });
      case "error":
        return this.#settle(message.slot, { status: "rejected", reason: decodeError(message.error) });
      case "progress": {
        const ticket = this.#held.get(message.slot);
        if (ticket !== undefined && ticket.token === message.token) this.#events.progress(ticket, message.value);
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
