/** What `Thread` and `Process` see of the worker that runs their function: a port, whatever stands behind it.
 *
 *  Guarantees of every port: `returned`, `unsendable` or `threw` comes at most once while the function runs (`threw` also
 *  later, of what the function left behind); `exited` is the last event, and comes once. */
import type { WorkerExit } from "../base/errors.js";
import { decodeError } from "../wire/errors.js";
import type { WireFunction } from "../wire/function-ref.js";
import type { FromSolo } from "./solo-messages.js";

/** One call of one function, its arguments checked. */
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

/** Passes a message on to whom it concerns. */
export function receiveFromSolo(message: FromSolo, events: SoloEvents): void {
  switch (message.type) {
    case "returned":
      return events.returned(message.value);
    case "returned-unsendable":
      return events.unsendable(decodeError(message.error));
    case "threw":
      return events.threw(decodeError(message.error));
    case "lingers":
      return events.lingers();
    case "depended-on":
      return events.dependedOn(message.by);
  }
}
