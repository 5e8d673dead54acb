/** Exclusive access for as long as a few stores take: no waiting, no user code, nothing asynchronous while it is held.
 *
 *  Guarantees: one thread has it at a time; one that dies with it is found out by the next, who takes it over. Whoever does
 *  so has to make good what was left half done: what is behind a latch must be able to tell.
 *
 *  Not a Lock: that is waited for on the bell, in a line. This is taken inside of what a line runs, where the bell may not be
 *  answered, and is free again before anybody could be woken. So it is waited for awake, then parked on its own word.
 *
 *  Layout, in words: the holder's ticket or 0, and how many are parked. */
import { QueueBusyError } from "../base/queue-errors.js";
import type { Waiting } from "../memory/line.js";
import type { Ticket } from "../memory/world.js";
import type { Site } from "./site.js";

export const LATCH_WORDS = 2;
const FREE = 0;

/** Looks before parking: about as long as the longest of the usual holdings. */
const LOOKS = 200;
/** The longest sleep. A release wakes the sleeper; but a death rings bells and no latch, and must be looked for. */
const GLANCE_MS = 5;

/** How long to wait, in ms: in an event loop, which has others to serve, and where the caller can do nothing else. */
export const PATIENCE: Readonly<Record<Waiting, number>> = { turn: 5, parked: 5000 };

export class Latch {
  readonly #site: Site;
  readonly #at: number;

  /** @param at - the index of its first word */
  constructor(site: Site, at: number) {
    this.#site = site;
    this.#at = at;
  }

  /** @returns false when it was not free within the time. */
  take(ms: number): boolean {
    const { cells, bell } = this.#site;
    return cells.replace(this.#at, FREE, bell.ticket) || this.#contend(ms);
  }

  release(): void {
    const { cells } = this.#site;
    cells.store(this.#at, FREE);
    if (cells.load(this.#at + 1) > 0) cells.notify(this.#at);
  }

  /** Does something with exclusive access. For what is rare: it takes a function.
   *  @param what - what could not be done, for the error
   *  @throws QueueBusyError when it was not free within the time. */
  within<T>(ms: number, what: string, act: () => T): T {
    if (!this.take(ms)) throw busy(what);
    try {
      return act();
    } finally {
      this.release();
    }
  }

  #contend(ms: number): boolean {
    for (let look = 0; look < LOOKS; look += 1) if (this.#seize()) return true;
    const until = performance.now() + ms;
    do {
      if (this.#seize()) return true;
      this.#park();
    } while (performance.now() < until);
    return this.#seize();
  }

  /** Takes it if it is free or its holder is dead. */
  #seize(): boolean {
    const { cells, bell } = this.#site;
    const holder = cells.load(this.#at);
    if (holder !== FREE && bell.world.alive(holder as Ticket)) return false;
    return cells.replace(this.#at, holder, bell.ticket);
  }

  #park(): void {
    const { cells } = this.#site;
    // Counted before the word is looked at again, which `wait` does: whoever frees it later sees the count. A thread that
    // dies parked stays counted, which costs the others a call each time and nothing else.
    cells.add(this.#at + 1, 1);
    const holder = cells.load(this.#at);
    if (holder !== FREE) cells.wait(this.#at, holder, GLANCE_MS);
    cells.sub(this.#at + 1, 1);
  }
}

/** The error of one who could not wait any longer. */
export function busy(what: string): QueueBusyError {
  return new QueueBusyError(
    `Cannot ${what}: another thread has been at it for ${PATIENCE.parked} ms. If it was ended, this thread learns of it in its event loop; use the methods that return promises there`,
  );
}
