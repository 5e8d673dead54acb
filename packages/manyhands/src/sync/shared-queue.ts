/** A queue in shared memory.
 *
 *  Guarantees: an item goes in wholly or not at all, and comes out once, whatever dies where; one that waits to put or get
 *  and gives up has put or taken nothing; nobody sleeps while there is something for him. The items stand in a QueueStore,
 *  behind a latch; those who wait to get, to put, and for all work to be done stand in three lines.
 *
 *  A thread that dies between its change and the wake that should follow wakes everybody by its death.
 *
 *  Layout, in words: the latch, then the three waiting sets. */
import { InvalidStateError, ManyhandsError, TimeoutError } from "../base/errors.js";
import { Empty, Full, ShutDown } from "../base/queue-errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Item } from "../memory/item.js";
import type { Waiting } from "../memory/line.js";
import { openStore, type StoreMemory } from "../memory/open-store.js";
import type { Closing, QueueStore } from "../memory/queue-store.js";
import { itemUnits } from "../memory/record.js";
import { busy, LATCH_WORDS, Latch, PATIENCE } from "./latch.js";
import type { QueueCore, QueueLimits } from "./queue-core.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import type { Core } from "./travel.js";
import { parkInLine } from "./waits.js";
import { WATCHERS_WORDS, Watchers } from "./watchers.js";

const LATCH = 0;
const GETTERS = LATCH + LATCH_WORDS;
const PUTTERS = GETTERS + WATCHERS_WORDS;
const JOINERS = PUTTERS + WATCHERS_WORDS;
export const QUEUE_WORDS: number = JOINERS + WATCHERS_WORDS;

/** What an attempt came to. `busy`: somebody else is inside. An error: the queue does not take this item. */
type Putting = "put" | "full" | "shut down" | "busy" | ManyhandsError;
type Getting = Item | "empty" | "shut down" | "busy";

/** A queue that is part of something else. */
export interface QueuePart {
  readonly at: number;
  readonly mourn: (waiting: Waiting) => void;
}

const WHOLE: QueuePart = { at: OBJECT_HEADER, mourn: () => undefined };

export class SharedQueue implements QueueCore, Core {
  readonly #latch: Latch;
  readonly #store: QueueStore;
  readonly #limits: QueueLimits;
  readonly #getters: Watchers;
  readonly #putters: Watchers;
  readonly #joiners: Watchers;

  /** @param part - where it stands in its object's words, and what is done when a thread has died, before those who wait look
   *    again; for a queue that is part of something else */
  constructor(site: Site, memory: StoreMemory, limits: QueueLimits, part: QueuePart = WHOLE) {
    const { at, mourn } = part;
    const store = openStore(memory);
    this.#latch = new Latch(site, at + LATCH);
    this.#store = store;
    this.#limits = limits;
    this.#getters = new Watchers(site, at + GETTERS, () => this.#gives, mourn);
    this.#putters = new Watchers(site, at + PUTTERS, () => this.#mayFit() || store.peekClosing() !== "open", mourn);
    this.#joiners = new Watchers(site, at + JOINERS, () => store.peek("unfinished") === 0);
  }

  share(): void {
    for (const watchers of [this.#getters, this.#putters, this.#joiners]) watchers.line.share();
  }

  // ── putting ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tries to put an item, once. Wakes nobody. */
  #tryPut(item: Item, patience: number): Putting {
    if (!this.#latch.take(patience)) return "busy";
    try {
      const store = this.#store;
      store.enter();
      if (store.closing !== "open") return "shut down";
      if (!this.#fits(item)) return "full";
      store.push(item);
      return "put";
    } catch (error) {
      // Not thrown: this runs within the line, which others stand in.
      if (error instanceof ManyhandsError) return error;
      throw error;
    } finally {
      this.#latch.release();
    }
  }

  #fits(item: Item): boolean {
    const { size, units } = this.#store;
    if (size >= this.#limits.items) return false;
    return size === 0 || units + itemUnits(item) <= this.#limits.units;
  }

  /** Without exclusive access: whether there is room for an item of some size. */
  #mayFit(): boolean {
    const { items, units } = this.#limits;
    return this.#store.peek("size") < items && this.#store.peek("units") < units;
  }

  get #bounded(): boolean {
    return this.#limits.items !== Number.POSITIVE_INFINITY || this.#limits.units !== Number.POSITIVE_INFINITY;
  }

  put(item: Item, options: WaitOptions): undefined | Promise<void> {
    // Not past those who wait already, and not for a caller that has given up already.
    if (this.#putters.line.empty && options.signal?.aborted !== true) {
      const putting = this.#tryPut(item, PATIENCE.turn);
      if (putting !== "full" && putting !== "busy") return this.#put(putting);
    }
    return this.#waitToPut(item, options);
  }

  async #waitToPut(item: Item, options: WaitOptions): Promise<void> {
    let putting = "full" as Putting;
    const attempt = (): boolean => {
      putting = this.#tryPut(item, PATIENCE.turn);
      if (putting === "busy") lookAgain(this.#putters);
      return putting !== "full" && putting !== "busy";
    };
    await this.#putters.wait(attempt, () => this.#afterPut(putting), options);
    if (putting === "full" || putting === "busy") throw new Full(`The queue had no room within ${options.timeout} ms`);
    if (putting !== "put") throw refusal(putting);
  }

  putNowait(item: Item): void {
    const putting = this.#tryPut(item, PATIENCE.parked);
    if (putting === "full") throw new Full();
    this.#put(putting);
  }

  putSync(item: Item, timeout: number): void {
    let putting = "full" as Putting;
    const attempt = (): boolean => {
      putting = this.#tryPut(item, PATIENCE.parked);
      return putting !== "full";
    };
    parkInLine(this.#putters.line, attempt, timeout);
    if (putting === "full") throw new Full(`The queue had no room within ${timeout} ms`);
    this.#put(putting);
  }

  /** An item was put or refused: who waits for it is told. */
  #put(putting: Exclude<Putting, "full">): undefined {
    if (putting === "busy") throw busy("put");
    if (putting !== "put") throw refusal(putting);
    this.#afterPut(putting);
  }

  #afterPut(putting: Putting): void {
    if (putting === "put") this.#getters.wakeOne();
  }

  // ── getting ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tries to take an item, once. Wakes nobody. */
  #tryGet(patience: number): Getting {
    // A look that costs nothing: most attempts of those who wait find nothing, and would keep others out.
    if (!this.#gives) return "empty";
    if (!this.#latch.take(patience)) return "busy";
    try {
      const store = this.#store;
      store.enter();
      return store.take() ?? (store.closing === "open" ? "empty" : "shut down");
    } finally {
      this.#latch.release();
    }
  }

  get(options: WaitOptions): Item | Promise<Item> {
    if (this.#getters.line.empty && options.signal?.aborted !== true) {
      const getting = this.#tryGet(PATIENCE.turn);
      if (getting !== "empty" && getting !== "busy") return this.#got(getting);
    }
    return this.#waitToGet(options);
  }

  async #waitToGet(options: WaitOptions): Promise<Item> {
    let getting = "empty" as Getting;
    const attempt = (): boolean => {
      getting = this.#tryGet(PATIENCE.turn);
      if (getting === "busy") lookAgain(this.#getters);
      return getting !== "empty" && getting !== "busy";
    };
    await this.#getters.wait(attempt, () => this.#afterGet(getting), options);
    if (getting === "shut down") throw refusedGet();
    if (typeof getting === "string") throw new Empty(`Nothing came within ${options.timeout} ms`);
    return getting;
  }

  getNowait(): Item {
    const getting = this.#tryGet(PATIENCE.parked);
    if (getting === "empty") throw new Empty();
    return this.#got(getting);
  }

  getSync(timeout: number): Item {
    let getting = "empty" as Getting;
    const attempt = (): boolean => {
      getting = this.#tryGet(PATIENCE.parked);
      return getting !== "empty";
    };
    parkInLine(this.#getters.line, attempt, timeout);
    if (getting === "empty") throw new Empty(`Nothing came within ${timeout} ms`);
    return this.#got(getting);
  }

  /** An item was taken, or there will be none: who waits for room is told. */
  #got(getting: Getting): Item {
    if (getting === "busy") throw busy("get");
    if (typeof getting === "string") throw refusedGet();
    this.#afterGet(getting);
    return getting;
  }

  #afterGet(getting: Getting): void {
    if (typeof getting !== "string" && this.#bounded) this.#putters.wakeOne();
  }

  /** Whether getting would not have to wait, at this moment. */
  get #gives(): boolean {
    return this.#store.peek("size") > 0 || this.#store.peekClosing() !== "open";
  }

  gettable(): boolean {
    return this.#gives;
  }

  /** Waits until getting would not have to wait. Takes nothing.
   *  @returns false when the time was over first. */
  whenGettable(options: WaitOptions): Promise<boolean> {
    // The wake that came was for one who takes. The line passes it on when it is empty, as it does for who has given up.
    return this.#getters.wait(
      () => this.#gives,
      () => undefined,
      options,
    );
  }

  /** Puts back what was taken for somebody who is gone. Nothing else may have happened to it. */
  restore(item: Item): void {
    const closed = this.#inside((store) => {
      if (store.closing !== "closed") store.restore(item);
      // What the queue drops counts as done.
      else if (store.unfinished > 0) store.taskDone();
      return store.closing === "closed";
    });
    if (!closed) this.#getters.wakeOne();
    else if (this.#store.peek("unfinished") === 0) this.#joiners.wakeAll();
  }

  // ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────

  size(): number {
    return this.#store.peek("size");
  }

  closing(): Closing {
    return this.#store.peekClosing();
  }

  taskDone(): void {
    const left = this.#inside((store) => {
      if (store.unfinished === 0) return -1;
      store.taskDone();
      return store.unfinished;
    });
    if (left < 0) throw new InvalidStateError("taskDone() was called more often than items were taken from the queue");
    if (left === 0) this.#joiners.wakeAll();
  }

  async join(options: WaitOptions): Promise<void> {
    const done = (): boolean => this.#store.peek("unfinished") === 0;
    if (await this.#joiners.wait(done, () => undefined, options)) return;
    const left = this.#store.peek("unfinished");
    throw new TimeoutError(`${left} items of the queue were not reported done within ${options.timeout} ms`);
  }

  shutdown(to: "draining" | "closed"): void {
    if (!this.tryShutdown(to, "parked")) throw busy("shut the queue down");
  }

  /** @returns false when somebody else was inside for longer than that. */
  tryShutdown(to: "draining" | "closed", waiting: Waiting): boolean {
    if (!this.#latch.take(PATIENCE[waiting])) return false;
    try {
      this.#store.enter();
      this.#store.close(to);
    } finally {
      this.#latch.release();
    }
    for (const watchers of [this.#getters, this.#putters, this.#joiners]) watchers.wakeAll();
    return true;
  }

  /** Does something with exclusive access. */
  #inside<T>(act: (store: QueueStore) => T): T {
    return this.#latch.within(PATIENCE.parked, "change the queue", () => {
      this.#store.enter();
      return act(this.#store);
    });
  }
}

/** Somebody is inside for longer than this turn of the event loop can wait: perhaps he is dead, and only a later turn can
 *  know. He is not polled for when he is gone or has left, so this ends by itself. */
function lookAgain(watchers: Watchers): void {
  setImmediate(() => watchers.line.serve());
}

function refusal(putting: "shut down" | ManyhandsError): ManyhandsError {
  return putting === "shut down" ? new ShutDown("Cannot put: the queue was shut down") : putting;
}

function refusedGet(): ShutDown {
  return new ShutDown("Cannot get: the queue was shut down, and nothing is left in it");
}
