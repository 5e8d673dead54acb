/** The threads of this program, as each of them sees all others.
 *
 *  A thread has a `Thread` for those that it has started itself; of all others, itself included, it has a view. */
import { threadId } from "node:worker_threads";
import { LifeCycleError } from "../base/errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { ThreadTicket } from "../memory/thread-table.js";
import { threadTable } from "../worker/all-threads.js";
import { threadIdentity } from "../worker/identity.js";

/** What there is to know of a thread, whoever has started it. */
export interface ThreadLike {
  readonly name: string;
  readonly daemon: boolean;
  /** Node's thread id, 0 for the main thread; `undefined` before it has been started. */
  readonly ident: number | undefined;
  isAlive(): boolean;
  /** Waits until it has ended; only the thread that started it can.
   *  @throws LifeCycleError `ERR_JOINS_ITSELF` in the thread itself, `ERR_NOT_THE_STARTER` in others. */
  join(options?: WaitOptions): Promise<void>;
}

/** A thread that was not started here. */
class ThreadView implements ThreadLike {
  readonly name: string;
  readonly daemon: boolean;
  readonly ident: number;
  readonly #ticket: ThreadTicket | undefined;

  constructor(name: string, daemon: boolean, ident: number, ticket: ThreadTicket | undefined) {
    this.name = name;
    this.daemon = daemon;
    this.ident = ident;
    this.#ticket = ticket;
  }

  isAlive(): boolean {
    // What has no place in the table is this thread itself, or the main thread, with which all others end.
    return this.#ticket === undefined || threadTable().isAlive(this.#ticket);
  }

  async join(): Promise<void> {
    if (this.ident === threadId) {
      throw new LifeCycleError("ERR_JOINS_ITSELF", `Thread ${this.name} cannot wait for its own end`);
    }
    throw new LifeCycleError(
      "ERR_NOT_THE_STARTER",
      `Thread ${this.name} was not started by this thread, which cannot wait for it: share an Event, or a Queue`,
    );
  }
}

/** Those that this thread has started and that have not ended. A timer that has not fired is in no other list. */
const started = new Set<ThreadLike>();
let current: ThreadView | undefined;
let main: ThreadView | undefined;

/** It has been started here. */
export function enlist(thread: ThreadLike): void {
  started.add(thread);
}

/** It has ended. */
export function strikeOff(thread: ThreadLike): void {
  started.delete(thread);
}

/** The thread that asks.
 *  @returns what there is to know of it; the same object each time. */
export function currentThread(): ThreadLike {
  if (current === undefined) {
    const { name, daemon, ticket } = threadIdentity();
    current = new ThreadView(name, daemon, threadId, ticket);
  }
  return current;
}

/** The main thread of this process. */
export function mainThread(): ThreadLike {
  main ??= threadId === 0 ? (currentThread() as ThreadView) : new ThreadView("MainThread", false, 0, undefined);
  return main;
}

/** All threads of this process that are alive: the main one, and those that were started with `Thread` and `Timer`, by
 *  whichever thread; of an executor's threads only the one that asks.
 *
 *  Those that this thread has started are the very `Thread` objects. */
export function enumerate(): ThreadLike[] {
  const own = [...started].filter((thread) => thread.isAlive());
  const known = new Set([threadId, 0, ...own.map((thread) => thread.ident)]);
  const others = threadTable()
    .list()
    .filter(({ ident }) => !known.has(ident))
    .map(({ name, daemon, ident, ticket }) => new ThreadView(name, daemon, ident, ticket));
  return [...new Set([mainThread(), currentThread(), ...own, ...others])];
}

/** How many threads `enumerate()` lists. */
export function activeCount(): number {
  return enumerate().length;
}
