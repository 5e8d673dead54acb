/** A lock that its owner, a task, may acquire again and again.
 *
 *  The lock's word knows the owner's thread; which of its tasks, and how often, only that thread needs to know. So it stands
 *  on any lock, in shared memory or in another process.
 *
 *  Guarantees: n acquisitions need n releases; a task that is not the owner waits, also one of the same thread. */
import { NotLockedError, NotOwnerError } from "../base/errors.js";
import type { WaitOptions } from "../base/wait-options.js";
import { enterAwaited, enterSync, isCurrent, type Owner } from "./current-owner.js";
import type { LockCore, Suspended } from "./lock-core.js";
import type { Core } from "./travel.js";

interface Held {
  readonly owner: Owner;
  readonly holding: number;
  depth: number;
}

interface HeldAside extends Suspended {
  readonly held: Held;
  readonly inner: Suspended;
}

export class ReentrantLock implements LockCore {
  readonly #inner: LockCore;
  #held: Held | undefined;

  constructor(inner: LockCore) {
    this.#inner = inner;
  }

  /** Whether the current task holds it. */
  get own(): boolean {
    return isCurrent(this.#held?.owner);
  }

  tryAcquire(): number | undefined {
    return this.#again() ?? this.#first(this.#inner.tryAcquire());
  }

  acquire(options: WaitOptions): number | Promise<number> {
    return this.#again() ?? this.acquireAs(enterAwaited(), options);
  }

  /** Acquires it for an owner that does not hold it. */
  acquireAs(owner: Owner, options: WaitOptions): number | Promise<number> {
    return orDone(owner, () => {
      const holding = this.#inner.acquire(options);
      return typeof holding === "number" ? this.#hold(owner, holding) : this.#wait(owner, holding);
    });
  }

  async #wait(owner: Owner, acquiring: Promise<number>): Promise<number> {
    try {
      return this.#hold(owner, await acquiring);
    } catch (error) {
      owner.state = "done";
      throw error;
    }
  }

  acquireSync(timeout: number): number {
    return this.#again() ?? this.#first(this.#inner.acquireSync(timeout));
  }

  /** One more time, when the current task holds it. */
  #again(): number | undefined {
    const held = this.#held;
    if (held === undefined || !isCurrent(held.owner)) return undefined;
    held.depth += 1;
    return held.holding;
  }

  #first<H extends number | undefined>(holding: H): H {
    if (holding !== undefined) this.#hold(enterSync(), holding);
    return holding;
  }

  #hold(owner: Owner, holding: number): number {
    this.#held = { owner, holding, depth: 1 };
    return holding;
  }

  release(): void {
    if (this.own) return this.#releaseOne();
    if (!this.locked()) throw new NotLockedError("Cannot release the lock: nobody holds it");
    throw new NotOwnerError("Cannot release the lock: another task holds it");
  }

  giveBack(holding: number): void {
    // A permit may be given back by anyone who has it.
    if (this.#held?.holding === holding) this.#releaseOne();
  }

  #releaseOne(): void {
    const held = this.#held;
    if (held === undefined) return;
    held.depth -= 1;
    if (held.depth > 0) return;
    this.#held = undefined;
    held.owner.state = "done";
    this.#inner.giveBack(held.holding);
  }

  locked(): boolean {
    return this.#inner.locked();
  }

  suspend(): HeldAside {
    const held = this.#held;
    if (held === undefined || !this.own) throw new NotOwnerError("Cannot wait: this task does not hold the lock");
    this.#held = undefined;
    return { holding: held.holding, held, inner: this.#inner.suspend() };
  }

  async resume({ held, inner }: HeldAside): Promise<void> {
    try {
      await this.#inner.resume(inner);
      this.#held = held;
    } catch (error) {
      held.owner.state = "done";
      throw error;
    }
  }

  resumeSync({ held, inner }: HeldAside): void {
    orDone(held.owner, () => this.#inner.resumeSync(inner));
    this.#held = held;
  }
}

/** A mark whose lock was not acquired is worth nothing. */
function orDone<R>(owner: Owner, acquire: () => R): R {
  try {
    return acquire();
  } catch (error) {
    owner.state = "done";
    throw error;
  }
}

/** A re-entrant lock, and the lock in shared memory that it stands on. */
export class SharedReentrantLock<L extends LockCore & Core> extends ReentrantLock implements Core {
  readonly inner: L;

  constructor(inner: L) {
    super(inner);
    this.inner = inner;
  }

  share(): void {
    this.inner.share();
  }
}
