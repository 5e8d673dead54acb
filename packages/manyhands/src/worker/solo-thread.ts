/** A thread that runs one function, behind its port. See `solo-port.ts` for the guarantees.
 *
 *  No pool and no slots stand behind it: one worker, one function, and a message at the end. */
import { Worker } from "node:worker_threads";
import { hasEnded } from "../base/thread-ends.js";
import type { ThreadTicket } from "../memory/thread-table.js";
import { threadExecArgv } from "../wire/exec-argv.js";
import type { WireFunction } from "../wire/function-ref.js";
import { threadTable } from "./all-threads.js";
import { type ThreadIdentity, threadIdentity } from "./identity.js";
import { discardArguments, movedWith, postTarget, refusedCopy, takesOf } from "./solo-call.js";
import type { FromSolo, SoloArguments } from "./solo-messages.js";
import { type SoloCall, type SoloEvents, SoloInbox, type SoloPort } from "./solo-port.js";

/** What a thread is born with. */
export interface ThreadBirth extends SoloArguments {
  readonly identity: ThreadIdentity;
  /** The function, when it is known already how it travels; else it comes as a message. */
  readonly target: WireFunction | undefined;
}

// By this way both from here and from the files that the build joins this one into.
const ENTRY = new URL("../worker/solo-thread-main.js", import.meta.url);

export class SoloThread implements SoloPort {
  readonly id: number;
  readonly #ticket: ThreadTicket | undefined;
  readonly #worker: Worker;
  #cause: unknown;

  /** @param call its arguments are copied, or moved, before this returns.
   *  @throws SerializationError when structured clone refuses them all the same. */
  constructor(call: SoloCall, name: string, daemon: boolean, events: SoloEvents) {
    const table = threadTable();
    const ticket = table.enter(name, daemon, threadIdentity().ticket);
    this.#ticket = ticket;
    const target = call.target instanceof Promise ? undefined : call.target;
    const birth: ThreadBirth = { identity: { name, daemon, ticket }, args: call.args, takes: takesOf(call), target };
    try {
      this.#worker = new Worker(ENTRY, {
        workerData: birth,
        transferList: movedWith(call.args) as never,
        execArgv: threadExecArgv(process.execArgv),
        name,
      });
    } catch (error) {
      if (ticket !== undefined) table.retire(ticket);
      discardArguments(call);
      throw refusedCopy(call, "thread", error);
    }
    this.id = this.#worker.threadId;
    if (ticket !== undefined) table.identify(ticket, this.id);
    this.#listen(call, name, events);
    if (target === undefined) postTarget(call, (message) => this.#worker.postMessage(message));
  }

  #listen(call: SoloCall, name: string, events: SoloEvents): void {
    const inbox = new SoloInbox(events);
    this.#worker.on("message", (message: FromSolo) => inbox.receive(message));
    this.#worker.on("messageerror", (error) => events.unsendable(error));
    this.#worker.on("error", (error) => {
      this.#cause ??= error;
    });
    // Here a thread's end is known, however it ended.
    this.#worker.on("exit", (exitCode) => {
      // First: what hears of the end may wait for what the thread held.
      hasEnded(this.id);
      if (this.#ticket !== undefined) threadTable().bury(this.#ticket);
      discardArguments(call);
      inbox.after(() => events.exited({ worker: name, id: this.id, exitCode, signal: null }, this.#cause));
    });
  }

  isAlive(): boolean {
    // Without a place in the table its exit alone tells.
    return this.#ticket === undefined || threadTable().isAlive(this.#ticket);
  }

  hold(how: "ref" | "unref"): void {
    this.#worker[how]();
  }

  terminate(): void {
    // The exit event says when it has ended; the promise says nothing more.
    void this.#worker.terminate();
  }
}
