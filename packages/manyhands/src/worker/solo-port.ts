/** What `Thread` and `Process` see of the worker that runs their function: a port, whatever stands behind it.
 *
 *  Guarantees of every port: `returned`, `unsendable` or `threw` comes at most once while the function runs (`threw` also
 *  later, of what the function left behind); `exited` is the last event, and comes once. */
import type { WorkerExit } from "../base/errors.js";
import { unpack } from "../share/travel.js";
import { decodeError } from "../wire/errors.js";
import type { WireFunction } from "../wire/function-ref.js";
import type { Parcel } from "../wire/tickets.js";
import type { FromSolo } from "./solo-messages.js";

/** One call of one function, its arguments checked; in a parcel when they hold shared objects. */
export interface SoloCall {
  /** For messages. */
  readonly task: string;
  readonly target: WireFunction | Promise<WireFunction>;
  readonly args: readonly unknown[];
}

/** What a port tells. */
export interface SoloEvents {
  returned(value: unknown): void;
  /** It returned what cannot travel. */
  unsendable(error: unknown): void;
  threw(error: unknown): void;
  /** The function has ended; its thread stays for what it has started. */
  lingers(): void;
  /** Whether it has started something that keeps the program alive. */
  dependedOn(by: "some" | "none"): void;
  /** It has ended; `cause`: what ended it, where that is known and it was no error of the function. */
  exited(exit: Omit<WorkerExit, "task">, cause: unknown): void;
}

export interface SoloPort {
  /** Thread or process id. */
  readonly id: number | undefined;
  /** Whether its function has not ended, as far as can be known before `exited`. */
  isAlive(): boolean;
  /** Whether it keeps the program alive. */
  hold(how: "ref" | "unref"): void;
  /** Ends it at once. */
  terminate(): void;
}

/** Passes messages on to whom they concern, in order: what comes after a parcel waits until that is open. */
export class SoloInbox {
  readonly #events: SoloEvents;
  #opening: Promise<void> | undefined;

  constructor(events: SoloEvents) {
    this.#events = events;
  }

  receive(message: FromSolo): void {
    this.after(() => this.#take(message));
  }

  /** Does something once all that has come so far was passed on. */
  after(step: () => void): void {
    if (this.#opening === undefined) step();
    else void this.#opening.then(step);
  }

  #take(message: FromSolo): void {
    switch (message.type) {
      case "returned":
        return this.#events.returned(message.value);
      case "returned-parcel":
        return this.#open(message.parcel);
      case "returned-unsendable":
        return this.#events.unsendable(decodeError(message.error));
      case "threw":
        return this.#events.threw(decodeError(message.error));
      case "lingers":
        return this.#events.lingers();
      case "depended-on":
        return this.#events.dependedOn(message.by);
    }
  }

  #open(parcel: Parcel): void {
    const opened = (pass: () => void): void => {
      this.#opening = undefined;
      pass();
    };
    try {
      const value = unpack(parcel);
      if (!(value instanceof Promise)) return this.#events.returned(value);
      this.#opening = value.then(
        (ready: unknown) => opened(() => this.#events.returned(ready)),
        (error: unknown) => opened(() => this.#events.unsendable(error)),
      );
    } catch (error) {
      this.#events.unsendable(error);
    }
  }
}
