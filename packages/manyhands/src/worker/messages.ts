/** The messages between a pool and its workers: two closed unions, the same for threads and processes.
 *
 *  Guarantees: numbers that stand in a flat array are written and read by the functions of this file alone. */
import { isRow } from "../memory/mod.js";
import type { Parcel, TravellingFunction, WireError, WireFunction } from "../wire/mod.js";
import { type JobHost, Run, type RunHeader } from "./job.js";
import type { Ticket } from "./port.js";

export type ToWorker =
  /** First of all; the worker answers `ready` or `broken`. */
  | { readonly type: "initialize"; readonly initializer: Initializer | undefined }
  /** Gives a function its index, by which calls name it from now on. Calls that hold shared objects name it by another,
   *  so that others cost no look at their arguments. */
  | { readonly type: "function"; readonly index: number; readonly target: TravellingFunction; readonly takes: Takes }
  /** Calls in a flat array: an object for each would cost more than all the rest of a small call. */
  | { readonly type: "calls"; readonly calls: readonly unknown[] }
  | { readonly type: "stop"; readonly slot: number; readonly token: number; readonly reason: WireError }
  /** Answered by `alive` as soon as the worker's event loop turns. */
  | { readonly type: "ping" }
  /** Answered by `vitals`, in the same way. */
  | { readonly type: "examine" }
  /** End when nothing is left to do. */
  | { readonly type: "close" };

export type FromWorker =
  /** Outcomes stand in the slots: look. The commonest message, and therefore no object. */
  | typeof LOOK
  | { readonly type: "ready" }
  | { readonly type: "broken"; readonly error: WireError }
  /** The call was not run because the pool took it back, or was about to; its slot can be used again. */
  | { readonly type: "skipped"; readonly slot: number }
  | { readonly type: "value"; readonly slot: number; readonly value: unknown; readonly copied: number }
  | { readonly type: "error"; readonly slot: number; readonly error: WireError }
  /** A result or a report that holds shared objects. */
  | {
      readonly type: "parcel";
      readonly of: "result" | "report";
      readonly slot: number;
      readonly token: number;
      readonly parcel: Parcel;
    }
  | { readonly type: "cooperative"; readonly slot: number }
  | { readonly type: "progress"; readonly slot: number; readonly token: number; readonly value: unknown }
  | { readonly type: "memory"; readonly bytes: number }
  | { readonly type: "alive" }
  /** Bytes in use, and when it was asked, in epoch ms. */
  | { readonly type: "vitals"; readonly memory: number; readonly at: number }
  /** An error that no task caught is about to end the worker. */
  | { readonly type: "uncaught"; readonly error: WireError };

export const LOOK = 0;

/** Copies above this size, in bytes, are told to the pool, which counts them in `stats()`. */
export const LARGE: number = 1024 * 1024;

/** What a call brings: its arguments, or one parcel with all of them. */
export type Takes = "args" | "parcel";

export interface Initializer {
  readonly target: WireFunction;
  readonly args: readonly unknown[];
  readonly takes: Takes;
}

/** What a worker is told when it is made. */
export interface WorkerSettings {
  readonly name: string;
  readonly tasksPerWorker: number;
  /** Report the memory in use after calls, or never. */
  readonly memory: "report" | "ignore";
}

const NO_TIMEOUT = -1;
/** Elements before the arguments of a run. */
const HEADER = 7;

/** By how much the tokens of neighbours differ: threads number the uses of a slot, processes the calls. */
const TOKEN_STEP = { thread: 0, process: 1 } as const;

/** Writes calls into a flat array, in runs: `function, attempt, timeout, arity, slot, token, count`, then the arguments
 *  of `count` calls in neighbouring slots. A run of one call is the general case, one of hundreds the common one. */
export class CallWriter {
  // Grown by pushing: an array made with room has holes until it is full, and V8 writes such an array key by key.
  #calls: unknown[] = [];
  /** Where the open run has its count. */
  #countAt = 0;
  readonly #step: number;
  #slot = -1;
  #token = 0;
  #index = -1;
  #attempt = 0;
  #timeout: number | undefined = undefined;
  #arity = 0;

  constructor(kind: keyof typeof TOKEN_STEP) {
    this.#step = TOKEN_STEP[kind];
  }

  get empty(): boolean {
    return this.#slot === -1;
  }

  /** Writes one call whose arguments stand in `args` from `from` on. */
  write(ticket: Ticket, slot: number, token: number, index: number, args: readonly unknown[], from: number): void {
    const calls = this.#calls;
    if (slot === this.#slot + 1 && token === ((this.#token + this.#step) | 0) && this.#continues(ticket, index)) {
      calls[this.#countAt] = (calls[this.#countAt] as number) + 1;
    } else this.#open(ticket, slot, token, index);
    this.#slot = slot;
    this.#token = token;
    for (let each = 0; each < ticket.arity; each += 1) calls.push(args[from + each]);
  }

  /** Writes all calls of a ticket, in neighbouring slots. */
  writeRun(ticket: Ticket, slot: number, token: number, index: number): void {
    this.#open(ticket, slot, token, index);
    const calls = this.#calls;
    calls[this.#countAt] = ticket.count;
    this.#slot = slot + ticket.count - 1;
    this.#token = (token + (ticket.count - 1) * this.#step) | 0;
    calls.push(...ticket.args);
  }

  /** What was written; the writer begins anew. */
  take(): readonly unknown[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#slot = -1;
    return calls;
  }

  #continues(ticket: Ticket, index: number): boolean {
    return (
      index === this.#index &&
      ticket.arity === this.#arity &&
      ticket.attempt === this.#attempt &&
      ticket.timeout === this.#timeout &&
      !this.empty
    );
  }

  #open(ticket: Ticket, slot: number, token: number, index: number): void {
    this.#token = token;
    this.#index = index;
    this.#attempt = ticket.attempt;
    this.#timeout = ticket.timeout;
    this.#arity = ticket.arity;
    this.#calls.push(index, ticket.attempt, ticket.timeout ?? NO_TIMEOUT, ticket.arity, slot, token, 1);
    this.#countAt = this.#calls.length - 1;
  }
}

/** Reads the runs of a flat array. */
export function readCalls(
  calls: readonly unknown[],
  kind: keyof typeof TOKEN_STEP,
  host: JobHost,
  receive: (run: Run) => void,
): void {
  for (let at = 0; at < calls.length; ) {
    const header = headerAt(calls, at, kind);
    const run = new Run(host, header, calls, at + HEADER);
    at += HEADER + header.count * header.arity;
    receive(run);
  }
}

/** One object written in one piece: taking a slice apart and putting parts together cost a lone call 2 µs. */
function headerAt(calls: readonly unknown[], at: number, kind: keyof typeof TOKEN_STEP): RunHeader {
  const timeout = calls[at + 2] as number;
  const token = calls[at + 5] as number;
  return {
    code: calls[at],
    attempt: calls[at + 1] as number,
    timeout: timeout === NO_TIMEOUT ? undefined : timeout,
    arity: calls[at + 3] as number,
    slot: calls[at + 4] as number,
    token,
    step: TOKEN_STEP[kind],
    count: calls[at + 6] as number,
    form: kind === "thread" && isRow(token) ? "row" : "calls",
  };
}
