/** The calls that a worker process holds, as the pool sees them: which have started, which can be taken back.
 *
 *  Guarantees: every record of the worker is heeded once; a call is given back to the pool at most once, and never when
 *  the worker runs it; a slot is used again only after the worker has passed over its call. See memory/PROTOCOL.md.
 *
 *  A worker that runs one call at a time claims short calls a block at a time and passes over them in order, leaving a
 *  record for each. So the call behind the last record is the one that runs; the others of the block have not begun. */
import { CallFile, FILE_SLOTS, isAfter, LEASE, type OutcomeVisitor, RECORD } from "../memory/mod.js";
import type { HeldCalls } from "./held-calls.js";
import type { Recall, Ticket, Timing } from "./port.js";

/** Tokens whose slots are remembered: a worker that runs one call at a time holds no older ones. */
const TOKENS = 4 * FILE_SLOTS;

export interface ProcessCallsSink<T extends Ticket> {
  /** A call has ended with a small value. */
  ended(ticket: T, kind: number, value: number): void;
  /** A call was not started after all, and is the pool's again. */
  returned(ticket: T): void;
  /** Calls have been returned outside a turn of the worker's messages. */
  turn(): void;
}

/** A call of a claimed block that the pool wants back, and since when. */
interface Wanted<T> {
  readonly ticket: T;
  readonly token: number;
  readonly since: number;
}

export class ProcessCalls<T extends Ticket> implements OutcomeVisitor, Disposable {
  readonly #file = new CallFile();
  readonly #held: HeldCalls<T>;
  readonly #limit: number;
  readonly #sink: ProcessCallsSink<T>;
  /** Start and duration by slot; a start of 0: not known to have started. */
  readonly #starts = new Float64Array(FILE_SLOTS);
  readonly #durations = new Float64Array(FILE_SLOTS);
  readonly #slotOf = new Int32Array(TOKENS);
  readonly #wanted: Wanted<T>[] = [];
  readonly #peeked = new Peeked();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  /** The last call with a record, and when it ended. */
  #passed = 0;
  #passedAt = 0;

  /** @param limit calls that the worker runs at once. */
  constructor(held: HeldCalls<T>, limit: number, sink: ProcessCallsSink<T>) {
    this.#held = held;
    this.#limit = limit;
    this.#sink = sink;
  }

  /** The file's descriptor, which the worker inherits. */
  get fd(): number {
    return this.#file.fd;
  }

  /** The token of the last call that was added. */
  get last(): number {
    return this.#last;
  }

  /** Gives a call its slot and its token. */
  add(ticket: T): void {
    this.#held.add(ticket);
    this.#last = (this.#last + 1) | 0;
    ticket.token = this.#last;
    this.#slotOf[this.#last & (TOKENS - 1)] = ticket.slot;
    this.#starts[ticket.slot] = 0;
  }

  /** The call has ended, or has not left. */
  remove(ticket: T): void {
    this.#file.wipe(ticket.slot);
    this.#held.remove(ticket);
  }

  /** Takes in what the worker has recorded. */
  look(): void {
    this.#file.take(this);
  }

  /** An outcome has come as a message. */
  ran(slot: number, startedAt: number, duration: number): void {
    this.#starts[slot] = startedAt;
    this.#durations[slot] = duration;
  }

  timing(slot: number): Timing {
    return { startedAt: this.#starts[slot] ?? 0, duration: this.#durations[slot] ?? 0 };
  }

  cooperative(ticket: T): boolean {
    return this.#file.cooperative(ticket.slot, ticket.token);
  }

  requestStop(ticket: T): void {
    this.#file.requestStop(ticket.slot, ticket.token);
  }

  recall(ticket: T): Recall {
    if ((this.#starts[ticket.slot] ?? 0) !== 0) return "started";
    this.#file.recall(ticket.slot, ticket.token);
    if (this.#file.state === "closed" || isAfter(ticket.token, this.#file.claimed().upTo)) {
      // The slot stays out of use until the worker has passed over the call, which still lies in its queue.
      this.#held.vacate(ticket);
      return "taken";
    }
    // It may lie in a claimed block and not have begun: then it is returned when it has not begun some time later.
    if (this.#limit === 1) this.#want(ticket);
    return "started";
  }

  startedAt(ticket: T): number | undefined {
    const known = this.#starts[ticket.slot] ?? 0;
    if (known !== 0) return known;
    const claimed = this.#file.claimed();
    if (isAfter(ticket.token, claimed.upTo)) return undefined;
    if (this.#limit > 1) return this.#file.startedAt(ticket.slot, ticket.token) || claimed.startedAt;
    const peeked = this.#peeked.begin(ticket.token, this.#passed, this.#passedAt);
    this.#file.peek(peeked);
    if (peeked.found === "skipped" || this.#heldBetween(peeked.passed, ticket.token)) return undefined;
    if (peeked.startedAt !== 0) return peeked.startedAt;
    return claimed.token === ticket.token ? claimed.startedAt : peeked.passedAt;
  }

  record(slot: number, token: number, kind: number, value: number, startedAt: number, duration: number): void {
    this.#passed = token;
    if (kind !== RECORD.skipped) this.#passedAt = startedAt + duration;
    const ticket = this.#held.get(slot);
    if (ticket === undefined) {
      // A call that was taken back is not held any more; the slot of one that was left stays out of use.
      if (kind === RECORD.skipped) this.#free(slot);
      return;
    }
    // The message of this one came first: it is settled, and its slot is another's.
    if (ticket.token !== token) return;
    if (kind === RECORD.skipped) {
      this.remove(ticket);
      return this.#sink.returned(ticket);
    }
    this.ran(slot, startedAt, duration);
    if (kind !== RECORD.message) this.#sink.ended(ticket, kind, value);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#file[Symbol.dispose]();
  }

  #free(slot: number): void {
    this.#file.wipe(slot);
    this.#held.free(slot);
  }

  /** Whether a call waits between these two: then the second has not begun. */
  #heldBetween(passed: number, token: number): boolean {
    for (let each = (passed + 1) | 0; isAfter(token, each); each = (each + 1) | 0) {
      if (this.#held.get(this.#slotOf[each & (TOKENS - 1)] ?? 0)?.token === each) return true;
    }
    return false;
  }

  #want(ticket: T): void {
    this.#wanted.push({ ticket, token: ticket.token, since: performance.now() });
    this.#timer ??= setTimeout(() => this.#takeWanted(), 3 * LEASE).unref();
  }

  /** Takes back the calls that were wanted long enough ago: whatever the worker begins now, it has seen their marks. */
  #takeWanted(): void {
    this.#timer = undefined;
    const now = performance.now();
    // After the clock: the worker has passed over no call by then whose record is not seen here.
    this.look();
    const { upTo } = this.#file.claimed();
    const returned: T[] = [];
    for (const each of this.#wanted.splice(0)) {
      const { ticket, token, since } = each;
      if (ticket.slot < 0 || ticket.token !== token || this.#held.get(ticket.slot) !== ticket) continue;
      if (now - since < 2 * LEASE) this.#wanted.push(each);
      else if (isAfter(token, upTo) || this.#heldBetween(this.#passed, token)) returned.push(ticket);
    }
    for (const ticket of returned) {
      this.#held.vacate(ticket);
      this.#sink.returned(ticket);
    }
    if (this.#wanted.length > 0) this.#timer = setTimeout(() => this.#takeWanted(), 3 * LEASE).unref();
    if (returned.length > 0) this.#sink.turn();
  }
}

/** What the records say that were not taken yet, for one call. */
class Peeked implements OutcomeVisitor {
  found: "nothing" | "record" | "skipped" = "nothing";
  startedAt = 0;
  passed = 0;
  passedAt = 0;
  #token = 0;

  begin(token: number, passed: number, passedAt: number): this {
    this.#token = token;
    this.found = "nothing";
    this.startedAt = 0;
    this.passed = passed;
    this.passedAt = passedAt;
    return this;
  }

  record(_slot: number, token: number, kind: number, _value: number, startedAt: number, duration: number): void {
    this.passed = token;
    if (kind !== RECORD.skipped) this.passedAt = startedAt + duration;
    if (token !== this.#token) return;
    this.found = kind === RECORD.skipped ? "skipped" : "record";
    this.startedAt = startedAt;
  }
}
