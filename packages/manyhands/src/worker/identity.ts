/** Who this thread and this process are, and whose child. Every program of a worker says so first of all; where none has, it
 *  is the program that the user started.
 *
 *  Guarantees: the same answer in every thread of a process that was started after the answer was given. */
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from "node:worker_threads";
import type { ThreadTicket } from "../memory/thread-table.js";

/** What a thread is called. */
export interface ThreadIdentity {
  readonly name: string;
  readonly daemon: boolean;
  /** Its place in the table of threads, for those that have one. */
  readonly ticket: ThreadTicket | undefined;
}

/** What a process is called, and who started it. */
export interface ProcessIdentity {
  readonly name: string;
  readonly daemon: boolean;
  /** Its own number and those of its ancestors, such as `"2:1"`; empty for the main program. */
  readonly path: string;
  /** `undefined` in the main program. */
  readonly parent: { readonly name: string; readonly pid: number } | undefined;
}

const MAIN_THREAD: ThreadIdentity = { name: "MainThread", daemon: false, ticket: undefined };
const MAIN_PROCESS: ProcessIdentity = { name: "MainProcess", daemon: false, path: "", parent: undefined };

/** Threads get this from the thread that starts them. */
const PROCESS_KEY = "manyhands.process";

let thread: ThreadIdentity | undefined;

/** Says who this thread is. */
export function setThreadIdentity(identity: ThreadIdentity): void {
  thread = identity;
}

/** A thread that none of our programs runs is known by its number. */
export function threadIdentity(): ThreadIdentity {
  thread ??= isMainThread ? MAIN_THREAD : { name: `Worker-${threadId}`, daemon: false, ticket: undefined };
  return thread;
}

/** Says who this process is, to this thread and to those that it will start. */
export function setProcessIdentity(identity: ProcessIdentity): void {
  setEnvironmentData(PROCESS_KEY, { ...identity });
}

export function processIdentity(): ProcessIdentity {
  return (getEnvironmentData(PROCESS_KEY) as ProcessIdentity | undefined) ?? MAIN_PROCESS;
}
