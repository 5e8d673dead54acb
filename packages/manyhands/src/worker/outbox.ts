/** Turns tickets into the fewest messages: functions are introduced once, calls travel together.
 *
 *  Guarantees: calls leave in the order given; no two calls of a message share an object; a call that cannot travel is
 *  refused alone; calls that move something travel in a message of their own. */
import type { Transferable } from "../futures/mod.js";
import { isRow } from "../memory/mod.js";
import { allPrimitive, Batch, isParcelled, type Route, type TravellingFunction, transferListOf } from "../wire/mod.js";
import { serializationError } from "../wire/values.js";
import { CallWriter, LARGE, type Takes, type ToWorker } from "./messages.js";
import type { Ticket } from "./port.js";
import type { SlotRing } from "./slot-ring.js";

export interface OutboxSink<T extends Ticket> {
  /** A slot has been given to a call. @returns the token by which the worker claims it. */
  hand(slot: number): number;
  /** The same for neighbours that were given together; sets their tokens. @returns that of the first. */
  handRun(ticket: T, slot: number): number;
  /** Whether neighbours can begin in this slot. */
  takesRun(ticket: T, slot: number): boolean;
  /** Puts the message on its way; throws when a part of it cannot be cloned. */
  post(message: ToWorker, transfer?: readonly Transferable[]): void;
  /** The call cannot travel. It has been given a slot, or not yet. */
  refused(ticket: T, error: unknown): void;
  copied(bytes: number): void;
}

const NOTHING: readonly Transferable[] = [];

export class Outbox<T extends Ticket> {
  readonly #sink: OutboxSink<T>;
  readonly #ring: SlotRing<T>;
  readonly #route: Route;
  readonly #indexes = { args: new Map<TravellingFunction, number>(), parcel: new Map<TravellingFunction, number>() };
  readonly #writer: CallWriter;
  #batched: T[] = [];
  #lastTarget: TravellingFunction | undefined;
  #lastIndex = -1;

  constructor(sink: OutboxSink<T>, ring: SlotRing<T>, route: Route) {
    this.#sink = sink;
    this.#ring = ring;
    this.#route = route;
    this.#writer = new CallWriter(route);
  }

  send(tickets: readonly T[]): void {
    let batch: Batch | undefined;
    for (const ticket of tickets) {
      if (ticket.count > 1 || ticket.objects === "own" || allPrimitive(ticket.args)) {
        this.#write(ticket, this.#index(ticket.target as TravellingFunction), ticket.args);
        continue;
      }
      const index = this.#indexOf(ticket);
      // Nothing can move between processes: it is copied there.
      const moved = this.#route === "thread" ? moves(ticket) : NOTHING;
      if (moved.length > 0) {
        this.#flush();
        this.#postMoving(ticket, index, moved);
        continue;
      }
      batch ??= new Batch(this.#route);
      const args = this.#separate(ticket, batch);
      if (args !== undefined) this.#write(ticket, index, args);
    }
    this.#flush();
  }

  #write(ticket: T, index: number, args: readonly unknown[]): void {
    if (ticket.count > 1 && this.#writeRun(ticket, index)) return;
    for (let offset = 0; offset < ticket.count; offset += 1) {
      const slot = this.#hand(ticket, offset);
      this.#writer.write(ticket, slot, this.#ring.tokenAt(slot), index, args, offset * ticket.arity);
    }
    this.#batched.push(ticket);
  }

  /** @returns whether there was a row of free slots for it. */
  #writeRun(ticket: T, index: number): boolean {
    const slot = this.#ring.giveRun(ticket, this.#sink);
    if (slot < 0) return false;
    const token = this.#sink.handRun(ticket, slot);
    this.#writer.writeRun(ticket, slot, token, index);
    this.#batched.push(ticket);
    return true;
  }

  #hand(ticket: T, offset: number): number {
    const slot = this.#ring.give(ticket, offset);
    this.#ring.setToken(slot, this.#sink.hand(slot));
    return slot;
  }

  #flush(): void {
    if (this.#batched.length === 0) return;
    const batched = this.#batched;
    this.#batched = [];
    this.#post(this.#writer.take(), batched);
  }

  #index(target: TravellingFunction): number {
    if (target === this.#lastTarget) return this.#lastIndex;
    this.#lastIndex = this.#introduce(target, "args");
    this.#lastTarget = target;
    return this.#lastIndex;
  }

  /** The index for a call that may hold shared objects. */
  #indexOf(ticket: T): number {
    const target = ticket.target as TravellingFunction;
    return isParcelled(ticket.args) ? this.#introduce(target, "parcel") : this.#index(target);
  }

  #introduce(target: TravellingFunction, takes: Takes): number {
    const { args, parcel } = this.#indexes;
    let index = this.#indexes[takes].get(target);
    if (index !== undefined) return index;
    index = args.size + parcel.size;
    this.#indexes[takes].set(target, index);
    this.#sink.post({ type: "function", index, target, takes });
    return index;
  }

  #separate(ticket: T, batch: Batch): readonly unknown[] | undefined {
    try {
      const args = batch.add(ticket.args, "args") as readonly unknown[];
      if (batch.last.bytes > LARGE) this.#sink.copied(batch.last.bytes);
      return args;
    } catch (error) {
      this.#sink.refused(ticket, error);
      return undefined;
    }
  }

  #post(calls: readonly unknown[], batched: readonly T[]): void {
    try {
      this.#sink.post({ type: "calls", calls });
    } catch (error) {
      const [only] = batched;
      if (batched.length === 1 && only !== undefined) {
        this.#sink.refused(only, this.#explain(only, error));
        return;
      }
      // Something passed the check and still cannot be cloned. Nothing has left, so each call is tried by itself.
      for (const ticket of batched) this.#postAlone(ticket);
    }
  }

  /** Posts again what has its slots already. */
  #postAlone(ticket: T): void {
    const index = this.#indexOf(ticket);
    const first = this.#ring.tokenAt(ticket.slot);
    if (ticket.count > 1 && this.#route === "thread" && isRow(first)) {
      this.#writer.writeRun(ticket, ticket.slot, first, index);
      return this.#post(this.#writer.take(), [ticket]);
    }
    for (const { slot, offset } of this.#ring.of(ticket)) {
      this.#writer.write(ticket, slot, this.#ring.tokenAt(slot), index, ticket.args, offset * ticket.arity);
    }
    this.#post(this.#writer.take(), [ticket]);
  }

  #postMoving(ticket: T, index: number, moved: readonly Transferable[]): void {
    try {
      const slot = this.#hand(ticket, 0);
      this.#writer.write(ticket, slot, this.#ring.tokenAt(slot), index, ticket.args, 0);
      this.#sink.post({ type: "calls", calls: this.#writer.take() }, moved);
    } catch (error) {
      this.#sink.refused(ticket, this.#explain(ticket, error));
    }
  }

  #explain(ticket: T, cause: unknown): unknown {
    const error = serializationError(ticket.args, "args", this.#route);
    if (error.cause === undefined) error.cause = cause;
    return error;
  }
}

/** What moves with a call: what its options name and what was marked with `transfer`. */
function moves(ticket: Ticket): readonly Transferable[] {
  let moved = ticket.transfer ?? NOTHING;
  for (const arg of ticket.args) {
    if (typeof arg !== "object" || arg === null) continue;
    const marked = transferListOf(arg);
    if (marked.length > 0) moved = [...moved, ...marked];
  }
  return moved;
}
