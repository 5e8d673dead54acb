/** A worker thread behind the port. See `port.ts` for the guarantees and PROTOCOL.md for the shared slots. */
import type { Worker } from "node:worker_threads";
import { hasEnded } from "../base/thread-ends.js";
import { type CallSlots, SLOTS, slotToken } from "../memory/mod.js";
import { encodeError } from "../wire/mod.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import { type Held, SlotRing } from "./slot-ring.js";
import { type StartedThread, startThread, type ThreadSettings } from "./thread-start.js";

/** Lists for what is read at once. One of each serves all ports: nothing of them is kept. */
const STARTS = new Float64Array(SLOTS);
const DURATIONS = new Float64Array(SLOTS);

export class ThreadPort<T extends Ticket> implements WorkerPort<T> {
  readonly kind = "thread";
  readonly name: string;
  readonly id: number;
  readonly #slots: CallSlots;
  readonly #ring = new SlotRing<T>(SLOTS);
  readonly #events: PortEvents<T>;
  readonly #worker: Worker;
  readonly #outbox: Outbox<T>;
  readonly #inbox: Inbox<T>;
  #cause: unknown;

  /** @param started a worker of these settings that is booting already. */
  constructor(settings: ThreadSettings, events: PortEvents<T>, started: StartedThread = startThread(settings)) {
    this.name = settings.name;
    const { worker, slots } = started;
    this.#worker = worker;
    this.#slots = slots;
    this.#events = events;
    this.#inbox = new Inbox(events, this.#ring, {
      fulfilled: (slot, value) => {
        events.alive();
        this.#fulfilled(slot, value);
      },
      rejected: (slot, reason) => {
        events.alive();
        this.#rejected(slot, reason);
      },
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
        hand: (slot) => this.#hand(slot),
        handRun: (slot, count) => this.#handRun(slot, count),
        refused: (ticket, error) => {
          for (const { slot } of this.#ring.of(ticket)) this.#ring.free(slot);
          events.refused(ticket, error);
        },
        copied: (bytes) => events.copied(bytes),
      },
      this.#ring,
      "thread",
    );
  }

  get room(): number {
    return this.#ring.room;
  }

  initialize(initializer: Initializer | undefined): void {
    this.#worker.postMessage({ type: "initialize", initializer });
  }

  send(tickets: readonly T[]): void {
    this.#outbox.send(tickets);
  }

  #hand(slot: number): number {
    const token = slotToken(this.#ring.generationAt(slot));
    this.#slots.hand(slot, token);
    return token;
  }

  #handRun(slot: number, count: number): number {
    const token = slotToken(this.#ring.generationAt(slot));
    this.#slots.handRun(slot, token, count);
    this.#ring.setTokens(slot, token, count);
    return token;
  }

  recall(ticket: T, keep = 0): number {
    const held = this.#ring.of(ticket);
    let taken = 0;
    // From the last on: the worker claims from the first on, so what is taken back is the end of the list.
    for (let at = held.length - 1; at >= keep; at -= 1) {
      const slot = held[at]?.slot ?? -1;
      if (!this.#slots.recall(slot, this.#ring.tokenAt(slot))) break;
      this.#ring.free(slot);
      taken += 1;
    }
    return taken;
  }

  held(): readonly T[] {
    const tickets = new Set<T>();
    for (const { ticket } of this.#ring) tickets.add(ticket);
    return [...tickets];
  }

  running(): number {
    let running = 0;
    for (const { slot } of this.#ring) if (this.#slots.started(slot)) running += 1;
    return running;
  }

  startedAt(ticket: T): number | undefined {
    const { slot } = ticket;
    // A call that has ended may not have been settled yet, and its slot be another's.
    if (this.#ring.ticketAt(slot) !== ticket) return undefined;
    return this.#slots.started(slot) ? this.#slots.startedAt(slot) : undefined;
  }

  cooperative(ticket: T): boolean {
    const { slot } = ticket;
    return this.#ring.ticketAt(slot) === ticket && this.#slots.cooperative(slot);
  }

  stop(ticket: T, reason: unknown): void {
    const { slot } = ticket;
    if (this.#ring.ticketAt(slot) !== ticket) return;
    const token = this.#ring.tokenAt(slot);
    this.#slots.requestStop(slot, token);
    this.#worker.postMessage({ type: "stop", slot, token, reason: encodeError(reason) });
  }

  leave(ticket: T): void {
    // The slot stays taken: the worker still writes to it when the task ends after all.
    if (this.#ring.ticketAt(ticket.slot) === ticket) this.#ring.vacate(ticket.slot);
  }

  ping(): void {
    this.#worker.postMessage({ type: "ping" });
  }

  look(): void {
    const slots = this.#slots;
    slots.refresh();
    let slot = slots.takeFinished();
    if (slot >= 0) this.#events.alive();
    for (; slot >= 0; slot = slots.takeFinished()) {
      const ticket = this.#ring.ticketAt(slot);
      if (ticket === undefined || ticket.count === 1 || !this.#fulfilledRun(slot, ticket)) {
        this.#fulfilled(slot, slots.value(slot));
      }
    }
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

  /** @returns whether it was a number, taken with those that follow it. */
  #fulfilledRun(slot: number, ticket: T): boolean {
    const values: unknown[] = [];
    const most = this.#ring.runAt(slot, ticket);
    const count = this.#slots.takeNumbers(slot, most, values, STARTS, DURATIONS);
    if (count === 0) return false;
    const offset = this.#ring.offsetAt(slot);
    this.#ring.freeRun(slot, count);
    this.#events.fulfilledRun(ticket, offset, values, STARTS, DURATIONS);
    return true;
  }

  #fulfilled(slot: number, value: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#ring.free(slot);
    this.#events.fulfilled(ticket, offset, value, this.#slots.startedAt(slot), this.#slots.duration(slot));
  }

  #rejected(slot: number, reason: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    this.#ring.free(slot);
    this.#events.rejected(ticket, offset, reason, this.#slots.startedAt(slot), this.#slots.duration(slot));
  }

  /** A message arrived that cannot be read: whose it was is unknown, so the worker cannot go on. */
  #fail(error: unknown): void {
    this.#cause ??= error;
    this.terminate();
  }

  #exited(code: number): void {
    // First: what is settled below may wait for what the worker held.
    hasEnded(this.id);
    this.look();
    const running: Held<T>[] = [];
    const waiting: Held<T>[] = [];
    for (const held of this.#ring) (this.#slots.started(held.slot) ? running : waiting).push(held);
    const exit = { worker: this.name, id: this.id, exitCode: code, signal: null };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
  }
}
