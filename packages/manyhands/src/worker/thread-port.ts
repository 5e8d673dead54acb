/** A worker thread behind the port. See `port.ts` for the guarantees and PROTOCOL.md for the shared slots. */
import { type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { hasEnded } from "../base/mod.js";
import { CallSlots, isRow, SLOTS, slotToken } from "../memory/mod.js";
import { encodeError } from "../wire/mod.js";
import { Inbox } from "./inbox.js";
import { type FromWorker, type Initializer, LOOK } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { PortEvents, Ticket, WorkerPort } from "./port.js";
import { type Held, SlotRing } from "./slot-ring.js";
import { ThreadRows } from "./thread-rows.js";
import { type StartedThread, startThread, type ThreadSettings } from "./thread-start.js";

/** Messages that are taken before other events get their turn. */
const AT_ONCE = 256;

export class ThreadPort<T extends Ticket> implements WorkerPort<T> {
  readonly kind = "thread";
  readonly name: string;
  readonly id: number;
  readonly #slots: CallSlots;
  readonly #ring = new SlotRing<T>(SLOTS);
  readonly #rows: ThreadRows<T>;
  readonly #events: PortEvents<T>;
  readonly #worker: Worker;
  readonly #answers: MessagePort;
  readonly #outbox: Outbox<T>;
  readonly #inbox: Inbox<T>;
  #cause: unknown;

  /** @param started a worker of these settings that is booting already. */
  constructor(settings: ThreadSettings, events: PortEvents<T>, started: StartedThread = startThread(settings)) {
    this.name = settings.name;
    const { worker, buffer, answers } = started;
    this.#worker = worker;
    this.#slots = new CallSlots(buffer);
    this.#answers = answers;
    this.#events = events;
    this.#rows = new ThreadRows(this.#slots.rows, this.#ring, {
      fulfilledRun: (ticket, offset, run) => events.fulfilledRun(ticket, offset, run),
      ended: (slot) => this.#fulfilled(slot, this.#slots.rows.value(slot)),
    });
    this.#inbox = new Inbox(events, this.#ring, {
      fulfilled: (slot, value) => {
        events.alive();
        this.#fulfilled(slot, value);
      },
      rejected: (slot, reason) => {
        events.alive();
        this.#rejected(slot, reason);
      },
      turn: () => this.look(),
    });
    this.id = this.#worker.threadId;
    answers.on("message", (message: FromWorker) => this.#receive(message));
    answers.on("messageerror", (error) => this.#fail(error));
    this.#worker.on("error", (error) => {
      this.#cause ??= error;
    });
    this.#worker.on("exit", (code) => this.#exited(code));
    this.#outbox = new Outbox<T>(
      {
        post: (message, transfer = []) => this.#worker.postMessage(message, transfer as never),
        hand: (slot) => this.#hand(slot),
        handRun: (ticket, slot) => this.#rows.hand(ticket, slot),
        takesRun: (ticket, slot) => this.#rows.takes(ticket, slot),
        refused: (ticket, error) => {
          this.#rows.withdraw(ticket);
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

  recall(ticket: T, keep = 0): number {
    if (this.#rows.holds(ticket)) return this.#rows.recall(ticket, keep);
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
    let running = this.#rows.running();
    for (const { slot } of this.#ring) if (!this.#inRow(slot) && this.#slots.started(slot)) running += 1;
    return running;
  }

  startedAt(ticket: T): number | undefined {
    const { slot } = ticket;
    // A call that has ended may not have been settled yet, and its slot be another's.
    if (this.#ring.ticketAt(slot) !== ticket || this.#inRow(slot)) return undefined;
    return this.#slots.started(slot) ? this.#slots.startedAt(slot) : undefined;
  }

  cooperative(ticket: T): boolean {
    const { slot } = ticket;
    return this.#ring.ticketAt(slot) === ticket && !this.#inRow(slot) && this.#slots.cooperative(slot);
  }

  stop(ticket: T, reason: unknown): void {
    const { slot } = ticket;
    if (this.#ring.ticketAt(slot) !== ticket || this.#inRow(slot)) return;
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

  examine(): void {
    this.#worker.postMessage({ type: "examine" });
  }

  look(): void {
    const slots = this.#slots;
    slots.refresh();
    let slot = slots.takeFinished();
    if (slot >= 0) this.#events.alive();
    for (; slot >= 0; slot = slots.takeFinished()) this.#fulfilled(slot, slots.value(slot));
    if (this.#rows.look()) this.#events.alive();
    this.#events.turn();
  }

  hold(how: "ref" | "unref"): void {
    this.#worker[how]();
    this.#answers[how]();
  }

  close(): void {
    this.#worker.postMessage({ type: "close" });
  }

  terminate(): void {
    // The exit event says when it has ended; the promise says nothing more.
    void this.#worker.terminate();
  }

  /** Takes a message, and those that came with it: an event costs more than a small message. */
  #receive(message: FromWorker): void {
    if (message !== LOOK) this.#inbox.receive(message);
    this.#takeMessages(AT_ONCE);
    this.look();
  }

  #takeMessages(most: number): void {
    try {
      for (let taken = 0; taken < most; taken += 1) {
        const next = receiveMessageOnPort(this.#answers) as { readonly message: FromWorker } | undefined;
        if (next === undefined) return;
        if (next.message !== LOOK) this.#inbox.receive(next.message);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fulfilled(slot: number, value: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    const from = this.#inRow(slot) ? this.#slots.rows : this.#slots;
    this.#ring.free(slot);
    this.#events.fulfilled(ticket, offset, value, from.startedAt(slot), from.duration(slot));
  }

  #rejected(slot: number, reason: unknown): void {
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) return;
    const offset = this.#ring.offsetAt(slot);
    const from = this.#inRow(slot) ? this.#slots.rows : this.#slots;
    this.#ring.free(slot);
    this.#events.rejected(ticket, offset, reason, from.startedAt(slot), from.duration(slot));
  }

  /** Whether what was last in this slot is an item of a row. */
  #inRow(slot: number): boolean {
    return isRow(this.#ring.tokenAt(slot));
  }

  #started({ ticket, slot, offset }: Held<T>): boolean {
    return this.#inRow(slot) ? this.#rows.begun(ticket, offset) : this.#slots.started(slot);
  }

  /** A message arrived that cannot be read: whose it was is unknown, so the worker cannot go on. */
  #fail(error: unknown): void {
    this.#cause ??= error;
    this.terminate();
  }

  #exited(code: number): void {
    // First: what is settled below may wait for what the worker held.
    hasEnded(this.id);
    // What was posted before the exit may not have been delivered.
    this.#takeMessages(Number.POSITIVE_INFINITY);
    const opening = this.#inbox.opened();
    if (opening !== undefined) return void opening.then(() => this.#exited(code));
    this.#answers.close();
    this.look();
    const running: Held<T>[] = [];
    const waiting: Held<T>[] = [];
    for (const held of this.#ring) (this.#started(held) ? running : waiting).push(held);
    const exit = { worker: this.name, id: this.id, exitCode: code, signal: null };
    this.#events.exited({ exit, cause: this.#inbox.uncaught ?? this.#cause }, running, waiting);
  }
}
