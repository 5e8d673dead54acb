/** What the pool sees of a worker: a port, whatever stands behind it.
 *
 *  Guarantees of every port: each call that was sent comes back exactly once, as `fulfilled`, `rejected`, `refused`, `skipped`, by a
 *  `recall` that was granted, or in the report of the worker's exit; `exited` is the last event. */
import type { WorkerExit } from "../base/errors.js";
import type { ExecutorKind, ItemRun, Transferable } from "../futures/mod.js";
import type { TravellingFunction } from "../wire/mod.js";
import type { Initializer } from "./messages.js";
import type { Held } from "./slot-ring.js";

/** The function of a call as a port takes it: travelling, or (on the event loop) itself. */
export type PortFunction = TravellingFunction | ((...args: never[]) => unknown);

/** A call as the port sees it, or several calls of one function that travel together. `slot` and
 *  `token` are the port's own: the slot is that of the first. */
export interface Ticket {
  /** Known by the time the ticket is sent. */
  readonly target: PortFunction | undefined;
  /** The arguments: `arity` for each call, one call after another. */
  readonly args: readonly unknown[];
  readonly arity: number;
  /** Whose the objects among the arguments are: those of the caller may be in other calls, too. */
  readonly objects: "callers" | "own";
  /** How many calls it stands for. A ticket of several takes no context: its calls are not stopped one by one. */
  readonly count: number;
  readonly transfer: readonly Transferable[] | undefined;
  readonly attempt: number;
  /** The longest running time in ms, told to the task as its deadline. */
  readonly timeout: number | undefined;
  slot: number;
  token: number;
}

/** What a port tells its pool. */
export interface PortEvents<T extends Ticket> {
  /** The worker takes calls (its initializer, if any, has run). */
  ready(): void;
  /** The initializer failed; the worker is of no use. */
  broken(error: unknown): void;
  started(ticket: T): void;
  /** `offset`: which of the ticket's calls. Start in epoch ms, duration in ms; 0 and 0 when it never started. */
  fulfilled(ticket: T, offset: number, value: unknown, startedAt: number, duration: number): void;
  /** Neighbouring calls of one ticket, from `offset` on, that came to numbers; the lists are good until this returns. */
  fulfilledRun(ticket: T, offset: number, run: ItemRun): void;
  rejected(ticket: T, offset: number, reason: unknown, startedAt: number, duration: number): void;
  /** What ran the call has died under it, or the call itself is lost; the port lives. */
  lost(ticket: T, offset: number, error: Error, startedAt: number, again: Again): void;
  /** One of the workers that the port stands for has come, or gone. */
  joined(runner: Runner): void;
  left(runner: Runner, how: "asked" | "unasked"): void;
  /** The call cannot travel; it has not left. */
  refused(ticket: T, error: unknown): void;
  /** The worker did not start the call because the pool was taking it back at that moment. */
  skipped(ticket: T, offset: number): void;
  progress(ticket: T, value: unknown): void;
  /** Bytes in use by the worker, when the pool asked to be told. */
  memory(bytes: number): void;
  /** The answer to `examine`: bytes in use, and when the worker's event loop came to the question, in epoch ms. */
  vitals(memory: number, at: number): void;
  /** A sign of life: the answer to a `ping`, or the end of calls. */
  alive(): void;
  /** An argument or result of more than 1 MB was copied. */
  copied(bytes: number): void;
  /** All that came with one message has been told. */
  turn(): void;
  /** The worker has ended. `running` had started, `waiting` had not. */
  exited(exit: PortExit, running: readonly Held<T>[], waiting: readonly Held<T>[]): void;
}

/** Whether a lost call may be tried again as its plan says, or has been as often as it may. */
export type Again = "as-planned" | "never";

/** A worker behind a port that stands for several. */
export interface Runner {
  readonly name: string;
  readonly id: number | undefined;
  /** Calls that it runs at once at most. */
  readonly slots: number;
}

export interface PortExit {
  readonly exit: Omit<WorkerExit, "task">;
  /** What ended it, where known: an uncaught error, the heap limit, a failure to start. */
  readonly cause: unknown;
}

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
  /** Takes back the calls of a ticket that have not started. Those are always its last.
   *  @param keep how many calls to leave where they are, though they have not started. @returns how many it took. */
  recall(ticket: T, keep?: number): number;
  /** The tickets that have not come back, in the order in which they were sent. */
  held(): readonly T[];
  /** How many calls have started and not ended, as far as is known. */
  running(): number;
  /** Whether the call (of a ticket of one) has started, and when; `undefined` while it waits. */
  startedAt(ticket: T): number | undefined;
  /** Whether the task took its context, so that asking it to stop can help. */
  cooperative(ticket: T): boolean;
  /** Asks a running task to stop. */
  stop(ticket: T, reason: unknown): void;
  /** Asks the worker for a sign of life: `alive` answers when its event loop turns. */
  ping(): void;
  /** Asks the worker how it is: `vitals` answers when its event loop turns. */
  examine(): void;
  /** Looks for outcomes that were published and not announced. */
  look(): void;
  /** Gives up a running task that will not stop; its outcome is not told any more. */
  leave(ticket: T): void;
  /** Whether this worker keeps the program alive. */
  hold(how: "ref" | "unref"): void;
  /** Which worker runs the call or ran it last. Only ports have it that stand for several workers elsewhere: these keep the
   *  time of calls and end those that are asked to stop, and the port tells when that is done. */
  runner?(ticket: T): Runner | undefined;
  /** Ends the worker when it has nothing to do. */
  close(): void;
  /** Ends the worker now. */
  terminate(): void;
}
