/** Turns tickets into the fewest messages: functions are introduced once, calls travel together.
 *
 *  Guarantees: calls leave in the order given; no two calls of a message share an object; a call that cannot travel is
 *  refused alone; calls that move something travel in a message of their own. */
import type { Transferable } from "../futures/mod.js";
import { Batch, isPrimitive, type Route, transferListOf, type WireFunction } from "../wire/mod.js";
import { serializationError } from "../wire/values.js";
import { LARGE, roomFor, type ToWorker, writeCall } from "./messages.js";
import type { Ticket } from "./port.js";

export interface OutboxSink<T extends Ticket> {
  /** Puts the message on its way; throws when a part of it cannot be cloned. */
  post(message: ToWorker, transfer?: readonly Transferable[]): void;
  refused(ticket: T, error: unknown): void;
  copied(bytes: number): void;
}

const NOTHING: readonly Transferable[] = [];

export class Outbox<T extends Ticket> {
  readonly #sink: OutboxSink<T>;
  readonly #route: Route;
  readonly #indexes = new Map<WireFunction, number>();

  constructor(sink: OutboxSink<T>, route: Route) {
    this.#sink = sink;
    this.#route = route;
  }

  send(tickets: readonly T[]): void {
    let calls = roomFor(tickets.length);
    let at = 0;
    let batched: T[] = [];
    const batch = new Batch(this.#route);
    const flush = (): void => {
      calls.length = at;
      if (batched.length > 0) this.#post(calls, batched);
      calls = [];
      at = 0;
      batched = [];
    };
    for (const ticket of tickets) {
      const index = this.#index(ticket.target as WireFunction);
      // Nothing can move between processes: it is copied there.
      const moved = this.#route === "thread" ? moves(ticket) : NOTHING;
      if (moved.length > 0) {
        flush();
        this.#postMoving(ticket, index, moved);
        continue;
      }
      const args = ticket.args.every(isPrimitive) ? ticket.args : this.#separate(ticket, batch);
      if (args === undefined) continue;
      at = writeCall(calls, at, ticket, index, args);
      batched.push(ticket);
    }
    flush();
  }

  #index(target: WireFunction): number {
    let index = this.#indexes.get(target);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(target, index);
      this.#sink.post({ type: "function", index, target });
    }
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

  #post(calls: unknown[], batched: readonly T[]): void {
    try {
      this.#sink.post({ type: "calls", calls });
    } catch (error) {
      const [only] = batched;
      if (batched.length === 1 && only !== undefined) {
        this.#sink.refused(only, this.#explain(only, error));
        return;
      }
      // Something passed the check and still cannot be cloned. Nothing has left, so each call is tried by itself.
      for (const ticket of batched) this.send([ticket]);
    }
  }

  #postMoving(ticket: T, index: number, moved: readonly Transferable[]): void {
    try {
      const calls: unknown[] = [];
      writeCall(calls, 0, ticket, index, ticket.args);
      this.#sink.post({ type: "calls", calls }, moved);
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
