/** A pipe in shared memory: a queue of messages for each direction, and the books of who has which end.
 *
 *  Guarantees: those of its queues. When nobody has an end any more, what was sent from it can still be received, then the
 *  other end is told; what is sent to it is refused. That is so however its last holder went.
 *
 *  Layout, in words: the latch of the books, the books, and the two directions. */
import type { WaitOptions } from "../base/wait-options.js";
import type { Item } from "../memory/item.js";
import type { Waiting } from "../memory/line.js";
import type { StoreMemory } from "../memory/open-store.js";
import type { Ticket } from "../memory/world.js";
import { busy, LATCH_WORDS, Latch, PATIENCE } from "./latch.js";
import { ENDS_WORDS, type End, PipeEnds } from "./pipe-ends.js";
import { QUEUE_WORDS, SharedQueue } from "./shared-queue.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import type { Core } from "./travel.js";

const LATCH = OBJECT_HEADER;
const ENDS = LATCH + LATCH_WORDS;
const DIRECTIONS = ENDS + ENDS_WORDS;
export const PIPE_WORDS: number = DIRECTIONS + 2 * QUEUE_WORDS - OBJECT_HEADER;

/** The messages that wait on their way, in units of 8 bytes: 64 KiB, as pipes of systems hold. A longer one waits alone. */
const AHEAD = 8192;

/** What one end of a pipe does, wherever its memory is. Refusals are a queue's: ShutDown when the other end is gone. */
export interface EndCore {
  /** @returns a promise when it has to wait. */
  send(message: Item, options: WaitOptions): undefined | Promise<void>;
  sendSync(message: Item, timeout: number): void;
  /** @returns a promise when it has to wait. */
  receive(options: WaitOptions): Item | Promise<Item>;
  receiveSync(timeout: number): Item;
  /** Whether receiving would not have to wait. */
  ready(): boolean;
  /** @returns false when the time was over first. */
  whenReady(options: WaitOptions): Promise<boolean>;
  close(): void;
}

const other = (end: End): End => (end === 0 ? 1 : 0);

export class SharedPipe implements Core {
  readonly #site: Site;
  readonly #latch: Latch;
  readonly #ends: PipeEnds;
  /** What comes from each end. */
  readonly #from: readonly [SharedQueue, SharedQueue];
  /** Whether a later turn settles what this one could not. */
  #settling: "done" | "due" = "done";

  constructor(site: Site, memories: readonly [StoreMemory, StoreMemory]) {
    const limits = { items: Number.POSITIVE_INFINITY, units: AHEAD };
    const mourn = (waiting: Waiting): void => this.#settle(waiting);
    this.#site = site;
    this.#latch = new Latch(site, LATCH);
    this.#ends = new PipeEnds(site, ENDS);
    this.#from = [
      new SharedQueue(site, memories[0], limits, { at: DIRECTIONS, mourn }),
      new SharedQueue(site, memories[1], limits, { at: DIRECTIONS + QUEUE_WORDS, mourn }),
    ];
  }

  share(): void {
    for (const queue of this.#from) queue.share();
  }

  /** What is sent from that end. */
  from(end: End): SharedQueue {
    return this.#from[end];
  }

  /** What comes to that end. */
  to(end: End): SharedQueue {
    return this.#from[other(end)];
  }

  /** One copy more of an end, of this thread. */
  open(end: End): void {
    this.#change(() => this.#ends.add(end));
  }

  /** A copy that another thread has lent is this thread's from now on. */
  receive(end: End, lender: Ticket): void {
    this.#change(() => {
      this.#ends.add(end);
      this.#ends.remove(end, lender);
    });
  }

  /** One copy less. */
  close(end: End, ticket: Ticket = this.#site.bell.ticket): void {
    this.#change(() => this.#ends.remove(end, ticket));
    this.#settle("turn");
  }

  get ticket(): Ticket {
    return this.#site.bell.ticket;
  }

  /** Sees to it that the end opposite is known to be gone, if it is: its holder may have died while nobody waited. */
  look(end: End, waiting: Waiting): void {
    if (this.#ends.gone(other(end))) this.#settle(waiting);
  }

  /** Closes what nobody has any more.
   *
   *  Within a turn of the event loop nobody is waited for: who is inside may be dead, and this thread only learns of it in a
   *  later turn. It is not looked for when he has left or is gone, so this ends by itself.
   *  @throws QueueBusyError when the thread is `parked`, and could not settle it. */
  #settle(waiting: Waiting): void {
    if (this.#closed(0, waiting) && this.#closed(1, waiting)) return;
    if (waiting === "parked") throw busy("close a pipe");
    if (this.#settling === "due") return;
    this.#settling = "due";
    setImmediate(() => {
      this.#settling = "done";
      this.#settle("turn");
    });
  }

  /** Closes what an end had to do with, if nobody has it any more. @returns false when somebody else was inside. */
  #closed(end: End, waiting: Waiting): boolean {
    if (this.to(end).closing() === "closed" || !this.#ends.gone(end)) return true;
    if (!this.#latch.take(PATIENCE[waiting])) return false;
    const gone = this.#ends.gone(end);
    this.#latch.release();
    return !gone || (this.from(end).tryShutdown("draining", waiting) && this.to(end).tryShutdown("closed", waiting));
  }

  #change<T>(act: () => T): T {
    return this.#latch.within(PATIENCE.parked, "change a pipe", act);
  }
}

/** A copy of an end, in this thread. */
export class SharedEnd implements EndCore {
  readonly #pipe: SharedPipe;
  readonly end: End;
  #state: "open" | "closed" = "open";

  /** @param pipe - has counted this copy */
  constructor(pipe: SharedPipe, end: End) {
    this.#pipe = pipe;
    this.end = end;
  }

  send(message: Item, options: WaitOptions): undefined | Promise<void> {
    this.#pipe.look(this.end, "turn");
    return this.#pipe.from(this.end).put(message, options);
  }

  sendSync(message: Item, timeout: number): void {
    this.#pipe.look(this.end, "parked");
    this.#pipe.from(this.end).putSync(message, timeout);
  }

  receive(options: WaitOptions): Item | Promise<Item> {
    this.#look("turn");
    return this.#pipe.to(this.end).get(options);
  }

  receiveSync(timeout: number): Item {
    this.#look("parked");
    return this.#pipe.to(this.end).getSync(timeout);
  }

  ready(): boolean {
    this.#look("turn");
    return this.#pipe.to(this.end).gettable();
  }

  whenReady(options: WaitOptions): Promise<boolean> {
    this.#look("turn");
    return this.#pipe.to(this.end).whenGettable(options);
  }

  /** Puts back a message that its receiver has not got. */
  restore(message: Item): void {
    this.#pipe.to(this.end).restore(message);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#pipe.close(this.end);
  }

  /** Only where it makes a difference: when a message is there, it is received whoever has sent it. */
  #look(waiting: Waiting): void {
    if (!this.#pipe.to(this.end).gettable()) this.#pipe.look(this.end, waiting);
  }
}
