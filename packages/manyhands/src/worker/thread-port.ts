/** A worker thread behind the port. See `port.ts` for the guarantees and PROTOCOL.md for the shared slots. */
import { Worker } from "node:worker_threads";
import { CallSlots, SLOTS } from "../memory/mod.js";
import { encodeError, threadExecArgv } from "../wire/mod.js";
import { HeldCalls } from "./held-calls.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK, type WorkerSettings } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Recall, Ticket, WorkerPort } from "./port.js";

export interface ThreadSettings extends WorkerSettings {
  readonly resourceLimits?: import("node:worker_threads").ResourceLimits | undefined;
}

const ENTRY = new URL("./thread-main.js", import.meta.url);

export class ThreadPort<T extends Ticket> implements WorkerPort<T> {
  readonly kind = "thread";
  readonly name: string;
  readonly id: number;
  readonly #slots = new CallSlots();
  readonly #held = new HeldCalls<T>(SLOTS);
  readonly #events: PortEvents<T>;
  readonly #worker: Worker;
  readonly #outbox: Outbox<T>;
  readonly #inbox: Inbox<T>;
  #cause: unknown;

  constructor(settings: ThreadSettings, events: PortEvents<T>) {
    this.name = settings.name;
    this.#events = events;
    this.#inbox = new Inbox(events, this.#held, (slot, outcome) => this.#settle(slot, outcome));
    this.#worker = new Worker(ENTRY, {
      workerData: {
        buffer: this.#slots.buffer,
        settings: { name: settings.name, tasksPerWorker: settings.tasksPerWorker, memory: settings.memory },
      },
      execArgv: threadExecArgv(process.execArgv),
      name: settings.name,
      ...(settings.resourceLimits === undefined ? {} : { resourceLimits: settings.resourceLimits }),
    });
    this.id = this.#worker.threadId;
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("messageerror", (error) => this.#fail(error));
    this.#worker.on("error", (error) => {
      this.#cause ??= error;
    });
    this.#worker.on("exit", (code) => this.#exited(code));
    this.#outbox = new Outbox<T>(
      {
        post: (message, transfer = []) => this.#worker.postMessage(message, transfer as never),
        refused: (ticket, error) => {
          this.#release(ticket);
          events.refused(ticket, error);
        },
        copied: (bytes) => events.copied(bytes),
      },
      "thread",
    );
  }

  get room(): number {
    return this.#held.room;
  }

  initialize(initializer: Initializer | undefined): void {
    this.#worker.postMessage({ type: "initialize", initializer });
  }

  send(tickets: readonly T[]): void {
    for (const ticket of tickets) {
      this.#held.add(ticket);
      ticket.token = this.#slots.hand(ticket.slot);
    }
    this.#outbox.send(tickets);
  }

  recall(ticket: T): Recall {
    if (!this.#slots.recall(ticket.slot, ticket.token)) return "started";
    this.#held.remove(ticket);
    return "taken";
  }

  startedAt(ticket: T): number | undefined {
    return this.#slots.started(ticket.slot) ? this.#slots.startedAt(ticket.slot) : undefined;
  }

  cooperative(ticket: T): boolean {
    return this.#slots.cooperative(ticket.slot);
  }

  stop(ticket: T, reason: unknown): void {
    this.#slots.requestStop(ticket.slot, ticket.token);
    this.#worker.postMessage({ type: "stop", slot: ticket.slot, token: ticket.token, reason: encodeError(reason) });
  }

  leave(ticket: T): void {
    // The slot stays taken: the worker still writes to it when the task ends after all.
    this.#held.vacate(ticket);
  }

  ping(): void {
    this.#worker.postMessage({ type: "ping" });
  }

  look(): void {
    for (let slot = this.#slots.takeFinished(); slot >= 0; slot = this.#slots.takeFinished()) this.#finished(slot);
    this.#events.turn();
  }

  hold(how: "ref" | "unref"): void {
    this.#worker[how]();
  }

  close(): void {
    this.#worker.postMessage({ type: "close" });
  }

  terminate(): void {
    // The exit event says when it has ended; the promise says nothing more.
    void this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    if (message !== LOOK) this.#inbox.receive(message);
    this.look();
  }

  #finished(slot: number): void {
    this.#settle(slot, { status: "fulfilled", value: this.#slots.value(slot) });
  }

  #settle(slot: number, outcome: Parameters<PortEvents<T>["settled"]>[1]): void {
    const ticket = this.#held.get(slot);
    if (ticket === undefined) return;
    const startedAt = this.#slots.startedAt(slot);
    const duration = this.#slots.duration(slot);
    this.#release(ticket);
    this.#events.settled(ticket, outcome, startedAt, duration);
  }

  #release(ticket: T): void {
    this.#slots.release(ticket.slot);
    this.#held.remove(ticket);
  }

  /** A message arrived that cannot be read: whose it was is unknown, so the worker cannot go on. */
  #fail(error: unknown): void {
    this.#cause ??= error;
    this.terminate();
  }

  #exited(code: number): void {
    this.look();
    const running: T[] = [];
    const waiting: T[] = [];
    for (const ticket of this.#held.all()) {
      if (this.#slots.hasOutcome(ticket.slot)) this.#finished(ticket.slot);
      else if (this.#slots.started(ticket.slot)) running.push(ticket);
      else waiting.push(ticket);
    }
    const exit = { worker: this.name, id: this.id, exitCode: code, signal: null };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
  }
}
