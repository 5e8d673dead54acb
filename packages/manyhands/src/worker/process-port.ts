/** A worker process behind the port. See `port.ts` for the guarantees and `frames.ts` for what is on the pipes. */
import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { CallFile, FILE_SLOTS } from "../memory/mod.js";
import { encodeError } from "../wire/mod.js";
import { decodeMessage, encodeCalls, encodeMessage, FRAME, readFrames } from "./frames.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LARGE, LOOK, type ToWorker } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import { ProcessCalls } from "./process-calls.js";
import { guardChild, releaseChild } from "./process-guard.js";
import { killChild, type ProcessSettings, type StartedProcess, startProcess } from "./process-start.js";
import { type Held, SlotRing } from "./slot-ring.js";

export class ProcessPort<T extends Ticket> implements WorkerPort<T> {
  readonly kind = "process";
  readonly name: string;
  readonly #ring = new SlotRing<T>(FILE_SLOTS);
  readonly #calls: ProcessCalls<T>;
  readonly #events: PortEvents<T>;
  readonly #child: ChildProcess;
  readonly #input: Duplex;
  readonly #output: Duplex;
  readonly #outbox: Outbox<T>;
  readonly #inbox: Inbox<T>;
  #phase: "starting" | "serving" | "ended" = "starting";
  #cause: unknown;
  #heard: "nothing" | "outcomes" = "nothing";

  /** @param started a worker of these settings that is booting already. */
  constructor(settings: ProcessSettings, events: PortEvents<T>, started: StartedProcess = startProcess(settings)) {
    this.name = settings.name;
    const { child, file } = started;
    this.#child = child;
    // First of all: a process that cannot be started says so by this event, which unheard would end the program.
    child.on("error", (error) => this.#notStarted(error));
    // While it boots, and not when it is there: then the first call would wait for the guard to start.
    if (child.pid !== undefined) guardChild(child.pid);
    this.#events = events;
    this.#calls = new ProcessCalls(new CallFile(file), this.#ring, settings.tasksPerWorker, {
      ended: (slot, value, bytes) => {
        if (bytes > LARGE) events.copied(bytes);
        this.#fulfilled(slot, value);
      },
      endedRun: (ticket, offset, run) => {
        this.#heard = "outcomes";
        events.fulfilledRun(ticket, offset, run);
      },
      returned: (ticket, offset) => events.skipped(ticket, offset),
      turn: () => events.turn(),
    });
    this.#inbox = new Inbox(events, this.#ring, {
      fulfilled: (slot, value) => this.#fulfilled(slot, value),
      rejected: (slot, reason) => this.#rejected(slot, reason),
      turn: () => this.look(),
    });
    // Extra pipes are sockets in Node, whatever the types say of them.
    this.#input = this.#child.stdio[3] as Duplex;
    this.#output = this.#child.stdio[4] as Duplex;
    this.#read();
    // The exit says that the worker is gone; a broken pipe is only how one notices earlier.
    for (const pipe of [this.#input, this.#output]) pipe.on("error", () => undefined);
    // Not `exit`: only `close` comes after everything in the pipes has been read.
    this.#child.on("close", (code, signal) => this.#ended(code, signal));
    this.#outbox = new Outbox<T>(
      {
        post: (message) => this.#post(message),
        hand: (slot) => this.#calls.hand(slot),
        handRun: (ticket, slot) => this.#handRun(slot, ticket.count),
        takesRun: () => true,
        refused: (ticket, error) => {
          for (const { slot } of this.#ring.of(ticket)) this.#calls.free(slot);
          events.refused(ticket, error);
        },
        copied: (bytes) => events.copied(bytes),
      },
      this.#ring,
      "process",
    );
  }

  #read(): void {
    readFrames(
      this.#output,
      (kind, x, y, payload) => {
        if (kind === FRAME.message) this.#handle(decodeMessage(payload) as FromWorker, x, y);
      },
      (error) => {
        this.#cause ??= error;
        this.terminate();
      },
    );
    // After what was read of the same chunk.
    this.#output.on("data", () => this.look());
  }

  get id(): number | undefined {
    return this.#child.pid;
  }

  get room(): number {
    return this.#ring.room;
  }

  initialize(initializer: Initializer | undefined): void {
    this.#post({ type: "initialize", initializer });
  }

  send(tickets: readonly T[]): void {
    this.#outbox.send(tickets);
  }

  #handRun(slot: number, count: number): number {
    const first = this.#calls.hand(slot);
    for (let at = slot + 1; at < slot + count; at += 1) this.#calls.hand(at);
    return first;
  }

  recall(ticket: T, keep = 0): number {
    return this.#calls.recall(ticket, keep);
  }

  held(): readonly T[] {
    return [...new Set([...this.#ring].map(({ ticket }) => ticket))];
  }

  running(): number {
    return this.#calls.running();
  }

  startedAt(ticket: T): number | undefined {
    const { slot } = ticket;
    // A call that has ended may not have been settled yet, and its slot be another's.
    if (this.#ring.ticketAt(slot) !== ticket) return undefined;
    return this.#calls.startedAt(slot);
  }

  cooperative(ticket: T): boolean {
    return this.#ring.ticketAt(ticket.slot) === ticket && this.#calls.cooperative(ticket);
  }

  stop(ticket: T, reason: unknown): void {
    if (this.#ring.ticketAt(ticket.slot) !== ticket) return;
    this.#calls.requestStop(ticket);
    const { slot } = ticket;
    this.#post({ type: "stop", slot, token: this.#ring.tokenAt(slot), reason: encodeError(reason) });
  }

  leave(ticket: T): void {
    // The slot stays taken: the worker still writes to it when the task ends after all.
    if (this.#ring.ticketAt(ticket.slot) === ticket) this.#ring.vacate(ticket.slot);
  }

  ping(): void {
    this.#post({ type: "ping" });
  }

  examine(): void {
    this.#post({ type: "examine" });
  }

  look(): void {
    this.#calls.look();
    if (this.#heard === "outcomes") this.#events.alive();
    this.#heard = "nothing";
    this.#events.turn();
  }

  hold(how: "ref" | "unref"): void {
    this.#child[how]();
    for (const pipe of [this.#input, this.#output] as unknown as { ref(): void; unref(): void }[]) pipe?.[how]();
  }

  close(): void {
    this.#post({ type: "close" });
  }

  terminate(): void {
    killChild(this.#child);
  }

  #post(message: ToWorker): void {
    if (!this.#input?.writable) return;
    if (message.type !== "calls") this.#input.write(encodeMessage(message));
    else this.#input.write(encodeCalls(message.calls, this.#calls.last, (bytes) => this.#calls.putArguments(bytes)));
  }

  #handle(message: FromWorker, startedAt: number, duration: number): void {
    if (message === LOOK) return;
    if (message.type === "value" || message.type === "error") this.#calls.ran(message.slot, startedAt, duration);
    else if (message.type === "ready") this.#phase = "serving";
    this.#inbox.receive(message);
  }

  #fulfilled(slot: number, value: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#heard = "outcomes";
    this.#calls.free(slot);
    this.#events.fulfilled(ticket, offset, value, this.#calls.started(slot), this.#calls.duration(slot));
  }

  #rejected(slot: number, reason: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#heard = "outcomes";
    this.#calls.free(slot);
    this.#events.rejected(ticket, offset, reason, this.#calls.started(slot), this.#calls.duration(slot));
  }

  #notStarted(error: Error): void {
    this.#cause ??= error;
    // A program that could not be started has no pid, and may never tell that it is closed.
    if (this.#child.pid === undefined) this.#ended(null, null);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#phase === "ended") return;
    const opening = this.#inbox.opened();
    if (opening !== undefined) return void opening.then(() => this.#ended(code, signal));
    this.#phase = "ended";
    if (this.#child.pid !== undefined) releaseChild(this.#child.pid);
    this.#calls.look();
    const running: Held<T>[] = [];
    const waiting: Held<T>[] = [];
    for (const held of this.#ring) (this.#calls.startedAt(held.slot) === undefined ? waiting : running).push(held);
    const exit = { worker: this.name, id: this.#child.pid, exitCode: code, signal };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
    this.#calls[Symbol.dispose]();
  }
}
