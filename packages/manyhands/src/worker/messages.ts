/** The messages between a pool and its workers: two closed unions, the same for threads and processes.
 *
 *  Guarantees: numbers that stand in a flat array are written and read by the functions of this file alone. */
import type { WireError, WireFunction } from "../wire/mod.js";
import { Job, type JobHost } from "./loop.js";
import type { Ticket } from "./port.js";

export type ToWorker =
  /** First of all; the worker answers `ready` or `broken`. */
  | { readonly type: "initialize"; readonly initializer: Initializer | undefined }
  /** Gives a function its index, by which calls name it from now on. */
  | { readonly type: "function"; readonly index: number; readonly target: WireFunction }
  /** Calls in a flat array: an object for each would cost more than all the rest of a small call. */
  | { readonly type: "calls"; readonly calls: readonly unknown[] }
  | { readonly type: "stop"; readonly slot: number; readonly token: number; readonly reason: WireError }
  /** Answered by `alive` as soon as the worker's event loop turns. */
  | { readonly type: "ping" }
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
  | { readonly type: "cooperative"; readonly slot: number }
  | { readonly type: "progress"; readonly slot: number; readonly token: number; readonly value: unknown }
  | { readonly type: "memory"; readonly bytes: number }
  | { readonly type: "alive" }
  /** An error that no task caught is about to end the worker. */
  | { readonly type: "uncaught"; readonly error: WireError };

export const LOOK = 0;

/** Copies above this size, in bytes, are told to the pool, which counts them in `stats()`. */
export const LARGE: number = 1024 * 1024;

export interface Initializer {
  readonly target: WireFunction;
  readonly args: readonly unknown[];
}

/** What a worker is told when it is made. */
export interface WorkerSettings {
  readonly name: string;
  readonly tasksPerWorker: number;
  /** Report the memory in use after calls, or never. */
  readonly memory: "report" | "ignore";
}

const NO_TIMEOUT = -1;

/** Writes a call into a flat array, from `at` on. @returns where the next one goes. */
export function writeCall(
  calls: unknown[],
  at: number,
  ticket: Ticket,
  index: number,
  args: readonly unknown[],
): number {
  calls[at] = ticket.slot;
  calls[at + 1] = ticket.token;
  calls[at + 2] = index;
  calls[at + 3] = ticket.attempt;
  calls[at + 4] = ticket.timeout ?? NO_TIMEOUT;
  calls[at + 5] = args.length;
  for (let each = 0; each < args.length; each += 1) calls[at + 6 + each] = args[each];
  return at + 6 + args.length;
}

/** An array with room for `count` calls of one argument each: growing it step by step would copy it several times. */
export function roomFor(count: number): unknown[] {
  return new Array(count * 7);
}

/** Reads the calls of a flat array. */
export function readCalls(calls: readonly unknown[], host: JobHost, receive: (job: Job) => void): void {
  for (let at = 0; at < calls.length; ) {
    const count = calls[at + 5] as number;
    const timeout = calls[at + 4] as number;
    receive(
      new Job(
        host,
        calls[at] as number,
        calls[at + 1] as number,
        calls[at + 2],
        calls.slice(at + 6, at + 6 + count),
        calls[at + 3] as number,
        timeout === NO_TIMEOUT ? undefined : timeout,
      ),
    );
    at += 6 + count;
  }
}
