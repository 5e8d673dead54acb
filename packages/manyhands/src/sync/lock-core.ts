/** A lock in shared memory.
 *
 *  Guarantees: the word says who holds it, and nothing else does, so a holder may die between any two instructions: who
 *  finds a dead one there makes the lock abandoned, and one caller is told. See memory/PROTOCOL-WAITING.md.
 *
 *  Layout, in words: the truth (free, abandoned, or the owner's ticket), then the waiting set. */
import { AbandonedError, NotLockedError, NotOwnerError, TimeoutError } from "../base/errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import { WAITING_WORDS } from "../memory/waiting-set.js";
import type { Ticket } from "../memory/world.js";
import type { AcquirableCore } from "./acquirable.js";
import { SharedCore } from "./shared-core.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import { parkInLine, waitInLine } from "./waits.js";

const TRUTH = OBJECT_HEADER;
const WAITING = TRUTH + 1;
export const LOCK_WORDS: number = 1 + WAITING_WORDS;

const FREE = 0;
/** Its owner died; whoever comes next makes it free, and is told. Tickets are larger. */
const ABANDONED = 1;

/** What an attempt came to. `abandoned`: the lock was, and is free now; the caller does not hold it. */
export type Taking = "taken" | "busy" | "abandoned";

/** For whom this thread takes it: a task of its own, or a client of another process. The word names the thread either way,
 *  and would have a client's lock released, or waited under, by any task of the owner. */
export type Holder = "task" | "client";

/** A holding that is interrupted: its permits are good again when it is resumed. */
export interface Suspended {
  readonly holding: number;
}

/** What a lock does, wherever its word is. */
export interface LockCore extends AcquirableCore {
  /** Whether a task of this thread holds it. */
  readonly own: boolean;
  release(): void;
  locked(): boolean;
  /** Releases it entirely, however often the caller has acquired it. */
  suspend(): Suspended;
  /** Takes it again, however long that takes. @throws AbandonedError */
  resume(suspended: Suspended): Promise<void>;
  resumeSync(suspended: Suspended): void;
}

export class SharedLock extends SharedCore implements LockCore {
  /** Holdings there have been, of this thread. */
  #last = 0;
  /** The present one, or the last. */
  #holding = 0;
  #holder: Holder = "task";

  constructor(site: Site) {
    super(site, WAITING);
  }

  /** Tries to take it, once. */
  take(holder: Holder = "task"): Taking {
    const { cells, bell } = this.site;
    for (;;) {
      const word = cells.load(TRUTH);
      if (word === FREE) {
        if (!cells.replace(TRUTH, FREE, bell.ticket)) continue;
        this.#last += 1;
        this.#holding = this.#last;
        this.#holder = holder;
        return "taken";
      }
      if (word === ABANDONED) {
        if (!cells.replace(TRUTH, ABANDONED, FREE)) continue;
        this.#wakeOne();
        return "abandoned";
      }
      if (bell.world.alive(word as Ticket)) return "busy";
      // In two steps, so that exactly one of those who find the dead owner is told.
      cells.replace(TRUTH, word, ABANDONED);
    }
  }

  tryAcquire(holder?: Holder): number | undefined {
    return taken(this.take(holder), this.#holding);
  }

  acquire(options: WaitOptions, holder?: Holder): number | Promise<number> {
    // Not past those who wait already, and not for a caller that has given up already.
    if (this.line.empty && options.signal?.aborted !== true) {
      const holding = taken(this.take(holder), this.#holding);
      if (holding !== undefined) return holding;
    }
    return this.#wait(options, holder);
  }

  async #wait(options: WaitOptions, holder: Holder | undefined): Promise<number> {
    const wish = this.#wish(holder);
    await waitInLine(this.line, wish.attempt, options);
    return wish.outcome() ?? tooLate(options.timeout);
  }

  acquireSync(timeout: number): number {
    const wish = this.#wish();
    parkInLine(this.line, wish.attempt, timeout);
    return wish.outcome() ?? tooLate(timeout);
  }

  /** Tries to take it again and again, and notes what that came to. */
  #wish(holder?: Holder): { readonly attempt: () => boolean; readonly outcome: () => number | undefined } {
    let taking: Taking = "busy";
    let holding = 0;
    const attempt = (): boolean => {
      taking = this.take(holder);
      // Noted now: by the time the caller goes on, another may have released this holding and begun the next.
      holding = this.#holding;
      return taking !== "busy";
    };
    return { attempt, outcome: () => taken(taking, holding) };
  }

  release(): void {
    const { cells, bell } = this.site;
    if (!this.own) throw notHeld(cells.load(TRUTH), bell.ticket);
    this.#leave(FREE);
  }

  giveBack(holding: number): void {
    if (this.#holding === holding) this.#leave(FREE);
  }

  /** Leaves it as a holder does who dies: the next caller is told. For the thread that held it on behalf of one who died. */
  abandon(holding: number): void {
    if (this.#holding === holding) this.#leave(ABANDONED);
  }

  /** Leaves it, if this thread holds it. */
  #leave(word: typeof FREE | typeof ABANDONED): void {
    const { cells, bell } = this.site;
    if (cells.replace(TRUTH, bell.ticket, word)) this.handOn();
  }

  /** Whether a task of this thread holds it. */
  get own(): boolean {
    return this.#holder === "task" && this.site.cells.load(TRUTH) === this.site.bell.ticket;
  }

  locked(): boolean {
    const word = this.site.cells.load(TRUTH);
    return word !== FREE && word !== ABANDONED && this.site.bell.world.alive(word as Ticket);
  }

  passOn(): void {
    if (!this.locked()) this.#wakeOne();
  }

  suspend(): Suspended {
    const holding = this.#holding;
    this.release();
    return { holding };
  }

  async resume({ holding }: Suspended): Promise<void> {
    await this.acquire({});
    this.#holding = holding;
  }

  resumeSync({ holding }: Suspended): void {
    this.acquireSync(Number.POSITIVE_INFINITY);
    this.#holding = holding;
  }

  #wakeOne(): void {
    this.waiting.wakeOne(undefined);
  }
}

/** What an attempt came to, for the caller: the number of the holding. */
function taken(taking: Taking, holding: number): number | undefined {
  if (taking === "abandoned") throw abandoned();
  return taking === "taken" ? holding : undefined;
}

function tooLate(timeout: number | undefined): never {
  throw new TimeoutError(`The lock was not free within ${timeout} ms`);
}

function abandoned(): AbandonedError {
  return new AbandonedError(
    "Whoever held the lock died without releasing it. It is free again and not held by this caller: see to what it protects, then acquire it",
  );
}

function notHeld(word: number, self: Ticket): Error {
  if (word === FREE || word === ABANDONED) return new NotLockedError("Cannot release the lock: nobody holds it");
  if (word === self) return new NotOwnerError("Cannot release the lock: another process holds it");
  return new NotOwnerError("Cannot release the lock: another thread holds it");
}
