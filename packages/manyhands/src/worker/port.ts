/** What the pool sees of a worker: a port, whatever stands behind it.
 *
 *  Guarantees of every port: each ticket that was sent comes back exactly once, as `settled`, `refused`, `skipped`, by a
 *  `recall` that was granted, or in the report of the worker's exit; `exited` is the last event. */
import type { WorkerExit } from "../base/errors.js";
import type { ExecutorKind, Outcome, Transferable } from "../futures/mod.js";
import type { WireFunction } from "../wire/mod.js";
import type { Initializer } from "./messages.js";

/** The function of a call as a port takes it: travelling, or (on the event loop) itself. */
export type PortFunction = WireFunction | ((...args: never[]) => unknown);

/** A call as the port sees it. `slot` and `token` are the port's own. */
export interface Ticket {
  /** Known by the time the ticket is sent. */
  readonly target: PortFunction | undefined;
  readonly args: readonly unknown[];
  readonly transfer: readonly Transferable[] | undefined;
  readonly attempt: number;
  /** The longest running time in ms, told to the task as its deadline. */
  readonly timeout: number | undefined;
  slot: number;
  token: number;
}

/** When and for how long a call ran: epoch ms and ms; 0 and 0 when it never started. */
export interface Timing {
  readonly startedAt: number;
  readonly duration: number;
}

/** What a port tells its pool. */
export interface PortEvents<T extends Ticket> {
  /** The worker takes calls (its initializer, if any, has run). */
  ready(): void;
  /** The initializer failed; the worker is of no use. */
  broken(error: unknown): void;
  started(ticket: T): void;
  settled(ticket: T, outcome: Outcome<unknown>, startedAt: number, duration: number): void;
  /** The call cannot travel; it has not left. */
  refused(ticket: T, error: unknown): void;
  /** The worker did not start the call because the pool was taking it back at that moment. */
  skipped(ticket: T): void;
  progress(ticket: T, value: unknown): void;
  /** Bytes in use by the worker, when the pool asked to be told. */
  memory(bytes: number): void;
  /** The answer to a `ping`. */
  alive(): void;
  /** An argument or result of more than 1 MB was copied. */
  copied(bytes: number): void;
  /** All that came with one message has been told. */
  turn(): void;
  /** The worker has ended. `running` had started, `waiting` had not. */
  exited(exit: PortExit, running: readonly T[], waiting: readonly T[]): void;
}

export interface PortExit {
  readonly exit: Omit<WorkerExit, "task">;
  /** What ended it, where known: an uncaught error, the heap limit, a failure to start. */
  readonly cause: unknown;
}

/** What has become of a call that the pool wants back. */
export type Recall = "taken" | "started";

export interface WorkerPort<T extends Ticket> {
  readonly kind: ExecutorKind;
  readonly name: string;
  /** Thread or process id, once known. */
  readonly id: number | undefined;
  /** How many calls can be sent now. */
  readonly room: number;
  /** Tells the worker to begin; `ready` or `broken` answers. */
  initialize(initializer: Initializer | undefined): void;
  /** Hands calls over; the worker starts them in this order. */
  send(tickets: readonly T[]): void;
  /** Takes back a call that has not started. */
  recall(ticket: T): Recall;
  /** Whether the call has started, and when; `undefined` while it waits. */
  startedAt(ticket: T): number | undefined;
  /** Whether the task took its context, so that asking it to stop can help. */
  cooperative(ticket: T): boolean;
  /** Asks a running task to stop. */
  stop(ticket: T, reason: unknown): void;
  /** Asks the worker for a sign of life: `alive` answers when its event loop turns. */
  ping(): void;
  /** Looks for outcomes that were published and not announced. */
  look(): void;
  /** Gives up a running task that will not stop; its outcome is not told any more. */
  leave(ticket: T): void;
  /** Whether this worker keeps the program alive. */
  hold(how: "ref" | "unref"): void;
  /** Ends the worker when it has nothing to do. */
  close(): void;
  /** Ends the worker now. */
  terminate(): void;
}
