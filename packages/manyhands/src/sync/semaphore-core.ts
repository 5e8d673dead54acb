/** A semaphore in shared memory.
 *
 *  Guarantees: the word says how many permits there are, and is never above the limit nor below 0; permits have no owner, so
 *  those of a thread that dies are gone. See memory/PROTOCOL-WAITING.md.
 *
 *  Layout, in words: the permits there are, the most there may be, then the waiting set. */
import { OverReleaseError, TimeoutError } from "../base/errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import { WAITING_WORDS } from "../memory/waiting-set.js";
import type { AcquirableCore } from "./acquirable.js";
import { SharedCore } from "./shared-core.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import { parkInLine, waitInLine } from "./waits.js";

const VALUE = OBJECT_HEADER;
const LIMIT = VALUE + 1;
const WAITING = LIMIT + 1;
export const SEMAPHORE_WORDS: number = 2 + WAITING_WORDS;

/** The most permits that a word holds. */
export const MOST_PERMITS: number = 2 ** 31 - 1;

/** Permits are all alike. */
const ANY = 0;

export interface SemaphoreCore extends AcquirableCore {
  release(count: number): void;
  value(): number;
}

export class SharedSemaphore extends SharedCore implements SemaphoreCore {
  readonly #attempt = (): boolean => this.take();

  constructor(site: Site) {
    super(site, WAITING);
  }

  /** Writes the first words. Called once, by who has made the memory. */
  fill(value: number, limit: number): void {
    this.site.cells.store(VALUE, value);
    this.site.cells.store(LIMIT, limit);
  }

  /** Tries to take one permit. */
  take(): boolean {
    const { cells } = this.site;
    for (;;) {
      const value = cells.load(VALUE);
      if (value === 0) return false;
      if (cells.replace(VALUE, value, value - 1)) return true;
    }
  }

  tryAcquire(): number | undefined {
    return this.take() ? ANY : undefined;
  }

  acquire(options: WaitOptions): number | Promise<number> {
    // Not past those who wait already, and not for a caller that has given up already.
    if (this.line.empty && options.signal?.aborted !== true && this.take()) return ANY;
    return this.#wait(options);
  }

  async #wait(options: WaitOptions): Promise<number> {
    if ((await waitInLine(this.line, this.#attempt, options)) === "ready") return ANY;
    return tooLate(options.timeout);
  }

  acquireSync(timeout: number): number {
    return parkInLine(this.line, this.#attempt, timeout) ? ANY : tooLate(timeout);
  }

  giveBack(): void {
    this.release(1);
  }

  release(count: number): void {
    this.#add(count, "all");
    this.#wake(count);
  }

  /** Gives back what a client held that is gone; no more than fits, for others may have released it on its behalf. */
  giveBackFor(held: number): void {
    this.#wake(this.#add(held, "what fits"));
  }

  #wake(count: number): void {
    const { seat } = this.site.bell;
    let turn: "others" | "own too" = "others";
    for (let woken = 0; woken < count; woken += 1) {
      const who = this.waiting.wakeOne(seat);
      if (who === undefined) break;
      if (who === seat) turn = "own too";
    }
    if (turn === "own too") this.line.serve();
  }

  /** @returns how many were added. */
  #add(count: number, which: "all" | "what fits"): number {
    const { cells } = this.site;
    const limit = cells.load(LIMIT);
    for (;;) {
      const value = cells.load(VALUE);
      if (which === "all" && count > limit - value) {
        throw new OverReleaseError(`Cannot release ${count}: ${value} of at most ${limit} permits are there already`);
      }
      const added = Math.min(count, limit - value);
      if (cells.replace(VALUE, value, value + added)) return added;
    }
  }

  value(): number {
    return this.site.cells.load(VALUE);
  }

  override passOn(): void {
    if (this.value() > 0) this.waiting.wakeOne(undefined);
  }
}

function tooLate(timeout: number | undefined): never {
  throw new TimeoutError(`The semaphore had no permit within ${timeout} ms`);
}
