/** The calls that a worker process holds, as the pool sees them: which have started, which can be taken back.
 *
 *  Guarantees: every record of the worker is heeded once; a call is given back to the pool at most once, and never when
 *  the worker runs it; a slot is used again only after the worker has passed over its call. See memory/PROTOCOL.md.
 *
 *  A worker that runs one call at a time claims short calls a block at a time and passes over them in order, leaving a
 *  record for each. So the call behind the last record is the one that runs; the others of the block have not begun. */
import { serializer } from "../base/serializer.js";
import type { ItemRun } from "../futures/mod.js";
import {
  type CallFile,
  FILE_SLOTS,
  isAfter,
  isLarge,
  LEASE,
  lengthAt,
  type OutcomeVisitor,
  type Place,
  RECORD,
  recordValue,
} from "../memory/mod.js";
import { NumberRun } from "./number-run.js";
import type { Ticket } from "./port.js";
import type { SlotRing } from "./slot-ring.js";

/** How long the pages of large values are kept for the next ones, in ms. */
const KEEP_PAGES = 1000;

/** Tokens whose slots are remembered: a worker that runs one call at a time holds no older ones. */
const TOKENS = 4 * FILE_SLOTS;

export interface ProcessCallsSink<T extends Ticket> {
  /** The call in a slot has ended with a value. @param bytes that were copied for it. */
  ended(slot: number, value: unknown, bytes: number): void;
  /** Neighbouring calls of one ticket have ended with numbers; their slots are free. */
  endedRun(ticket: T, offset: number, run: ItemRun): void;
  /** A call was not started after all, and is the pool's again. */
  returned(ticket: T, offset: number): void;
  /** Calls have been returned outside a turn of the worker's messages. */
  turn(): void;
}

/** A call of a claimed block that the pool wants back, and since when. */
interface Wanted {
  readonly slot: number;
  readonly since: number;
}

export class ProcessCalls<T extends Ticket> implements OutcomeVisitor, Disposable {
  readonly #file: CallFile;
  readonly #ring: SlotRing<T>;
  readonly #limit: number;
  readonly #sink: ProcessCallsSink<T>;
  /** Start and duration by slot; a start of 0: not known to have started. */
  readonly #starts = new Float64Array(FILE_SLOTS);
  readonly #durations = new Float64Array(FILE_SLOTS);
  readonly #slotOf = new Int32Array(TOKENS);
  /** By token: a call may be wanted back more than once, and comes back once. */
  readonly #wanted = new Map<number, Wanted>();
  readonly #peeked = new Peeked();
  readonly #numbers = new NumberRun<T>();
  #timer: NodeJS.Timeout | undefined;
  /** Runs while the file may hold pages of large values. */
  #trimmer: NodeJS.Timeout | undefined;
  #last = 0;
  /** The last call with a record, and when it ended. */
  #passed = 0;
  #passedAt = 0;

  /** @param limit calls that the worker runs at once. */
  constructor(file: CallFile, ring: SlotRing<T>, limit: number, sink: ProcessCallsSink<T>) {
    this.#file = file;
    this.#ring = ring;
    this.#limit = limit;
    this.#sink = sink;
  }

  /** The token of the last call that was added. */
  get last(): number {
    return this.#last;
  }

  /** A slot has been given to the next call that is sent. @returns its token. */
  hand(slot: number): number {
    this.#last = (this.#last + 1) | 0;
    this.#slotOf[this.#last & (TOKENS - 1)] = slot;
    this.#starts[slot] = 0;
    this.#ring.setToken(slot, this.#last);
    return this.#last;
  }

  /** The call in the slot has ended, or has not left. */
  free(slot: number): void {
    this.#file.wipe(slot);
    this.#ring.free(slot);
  }

  /** Takes in what the worker has recorded. */
  look(): void {
    this.#file.take(this);
    this.#tellRun();
  }

  /** An outcome has come as a message. */
  ran(slot: number, startedAt: number, duration: number): void {
    this.#starts[slot] = startedAt;
    this.#durations[slot] = duration;
  }

  started(slot: number): number {
    return this.#starts[slot] ?? 0;
  }

  duration(slot: number): number {
    return this.#durations[slot] ?? 0;
  }

  cooperative({ slot }: T): boolean {
    return this.#file.cooperative(slot, this.#ring.tokenAt(slot));
  }

  /** Puts the arguments of calls where the worker finds them. @returns where; -1 when there is no room. */
  putArguments(bytes: Uint8Array): Place {
    const place = this.#file.putArguments(bytes);
    if (place >= 0 && isLarge(place)) this.#trimLater();
    return place;
  }

  requestStop({ slot }: T): void {
    this.#file.requestStop(slot, this.#ring.tokenAt(slot));
  }

  recall(ticket: T, keep: number): number {
    const slots = this.#ring.of(ticket).slice(keep);
    // All marks first, then one look at the claims: each mark is written before the claim is read.
    for (const { slot } of slots) this.#file.recall(slot, this.#ring.tokenAt(slot));
    const { upTo } = this.#file.claimed();
    let taken = 0;
    for (const { slot, offset } of slots.reverse()) {
      const token = this.#ring.tokenAt(slot);
      const unclaimed = this.#file.state === "closed" || isAfter(token, upTo);
      // One of them may have come back by itself: only what is left at the very end can be taken as the ticket's tail.
      if (unclaimed && offset === ticket.count - 1 - taken) {
        // The slot stays out of use until the worker has passed over the call, which still lies in its queue.
        this.#ring.vacate(slot);
        taken += 1;
      } else if (this.#limit === 1 && this.started(slot) === 0) {
        // It may lie in a claimed block and not have begun: then it is returned by itself some time later.
        this.#want(slot, token);
      }
    }
    return taken;
  }

  /** How many calls have started and not ended, as far as is known. */
  running(): number {
    const { upTo } = this.#file.claimed();
    let running = 0;
    for (const { slot } of this.#ring) {
      if (!isAfter(this.#ring.tokenAt(slot), upTo) && this.startedAt(slot) !== undefined) running += 1;
    }
    return running;
  }

  startedAt(slot: number): number | undefined {
    const known = this.started(slot);
    if (known !== 0) return known;
    const claimed = this.#file.claimed();
    const token = this.#ring.tokenAt(slot);
    if (isAfter(token, claimed.upTo)) return undefined;
    if (this.#limit > 1) return this.#file.startedAt(slot, token) || claimed.startedAt;
    const peeked = this.#peeked.begin(token, this.#passed, this.#passedAt);
    this.#file.peek(peeked);
    if (peeked.found === "skipped" || this.#heldBetween(peeked.passed, token)) return undefined;
    if (peeked.startedAt !== 0) return peeked.startedAt;
    return claimed.token === token ? claimed.startedAt : peeked.passedAt;
  }

  record(slot: number, token: number, kind: number, value: number, startedAt: number, duration: number): void {
    this.#passed = token;
    if (kind !== RECORD.skipped) this.#passedAt = startedAt + duration;
    if (kind === RECORD.placed) this.#file.passValue(value);
    const ticket = this.#ring.ticketAt(slot);
    if (ticket === undefined) {
      // A call that was taken back is not held any more; the slot of one that was left stays out of use.
      if (kind === RECORD.skipped) this.free(slot);
      return;
    }
    // The message of this one came first: it is settled, and its slot is another's.
    if (this.#ring.tokenAt(slot) !== token) return;
    if (kind === RECORD.skipped) {
      const offset = this.#ring.offsetAt(slot);
      this.#tellRun();
      this.free(slot);
      return this.#sink.returned(ticket, offset);
    }
    this.ran(slot, startedAt, duration);
    if (kind === RECORD.number && ticket.count > 1) {
      if (!this.#numbers.goesOn(ticket, slot)) {
        this.#tellRun();
        this.#numbers.begin(ticket, slot, this.#ring.offsetAt(slot));
      }
      return this.#numbers.add(value, startedAt, duration);
    }
    this.#tellRun();
    if (kind === RECORD.placed) this.#sink.ended(slot, this.#placed(value), lengthAt(value));
    else if (kind !== RECORD.message) this.#sink.ended(slot, recordValue(kind, value), 0);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#trimmer);
    this.#file[Symbol.dispose]();
  }

  /** Tells the numbers that were put together. */
  #tellRun(): void {
    const numbers = this.#numbers.take();
    if (numbers === undefined) return;
    const { ticket, slot, offset, run } = numbers;
    const { length } = run.values;
    this.#file.wipeRun(slot, length);
    this.#ring.freeRun(slot, length);
    this.#sink.endedRun(ticket, offset, run);
  }

  /** Gives pages back some time after large values have travelled; at once would make the next ones dear. */
  #trimLater(): void {
    this.#trimmer ??= setTimeout(() => {
      this.#trimmer = undefined;
      // While the worker holds a call it may be writing a value there.
      if (this.#ring.room < FILE_SLOTS) this.#trimLater();
      else this.#file.trim();
    }, KEEP_PAGES).unref();
  }

  #placed(place: Place): unknown {
    if (isLarge(place)) this.#trimLater();
    return serializer().deserialize(this.#file.value(place));
  }

  /** Whether a call waits between these two: then the second has not begun. */
  #heldBetween(passed: number, token: number): boolean {
    for (let each = (passed + 1) | 0; isAfter(token, each); each = (each + 1) | 0) {
      const slot = this.#slotOf[each & (TOKENS - 1)] ?? 0;
      if (this.#ring.ticketAt(slot) !== undefined && this.#ring.tokenAt(slot) === each) return true;
    }
    return false;
  }

  #want(slot: number, token: number): void {
    if (!this.#wanted.has(token)) this.#wanted.set(token, { slot, since: performance.now() });
    this.#timer ??= setTimeout(() => this.#takeWanted(), 3 * LEASE).unref();
  }

  /** Takes back the calls that were wanted long enough ago: whatever the worker begins now, it has seen their marks. */
  #takeWanted(): void {
    this.#timer = undefined;
    if (this.#file.state === "closed") return;
    const now = performance.now();
    // After the clock: the worker has passed over no call by then whose record is not seen here.
    this.look();
    const { upTo } = this.#file.claimed();
    const returned: { readonly ticket: T; readonly offset: number }[] = [];
    const slots: number[] = [];
    for (const [token, { slot, since }] of [...this.#wanted]) {
      const ticket = this.#ring.ticketAt(slot);
      if (ticket !== undefined && this.#ring.tokenAt(slot) === token && now - since < 2 * LEASE) continue;
      this.#wanted.delete(token);
      if (ticket === undefined || this.#ring.tokenAt(slot) !== token) continue;
      if (!isAfter(token, upTo) && !this.#heldBetween(this.#passed, token)) continue;
      returned.push({ ticket, offset: this.#ring.offsetAt(slot) });
      slots.push(slot);
    }
    for (const slot of slots) this.#ring.vacate(slot);
    for (const { ticket, offset } of returned) this.#sink.returned(ticket, offset);
    if (this.#wanted.size > 0) this.#timer ??= setTimeout(() => this.#takeWanted(), 3 * LEASE).unref();
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
