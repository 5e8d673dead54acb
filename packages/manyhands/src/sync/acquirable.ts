/** What can be acquired and has to be released: the ways to do so that locks and semaphores have in common. */
import { checkDuration } from "../base/options.js";
import { refuseCopies, SHAREABLE, type Travel } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { Permit, type Releasable } from "./permit.js";

/** What it does, wherever it is. A holding is known by its number. */
export interface AcquirableCore extends Releasable {
  /** @returns `undefined` when it would have to wait. */
  tryAcquire(): number | undefined;
  /** @returns a promise when it has to wait. */
  acquire(options: WaitOptions): number | Promise<number>;
  acquireSync(timeout: number): number;
}

/** A core, and how the object that stands on it travels. */
export interface Made<C> {
  readonly core: C;
  readonly travel: Travel;
}

/** Whether a constructor was given what a class of ours has made, and not what a user says. */
export function isMade<C>(value: unknown): value is Made<C> {
  return typeof value === "object" && value !== null && "core" in value;
}

const NO_LIMITS: WaitOptions = {};

/** Acquired by one task or several, which give it back when they are done. */
export abstract class Acquirable {
  readonly #core: AcquirableCore;
  readonly #travel: Travel;

  /** @internal */
  constructor({ core, travel }: Made<AcquirableCore>) {
    this.#core = core;
    this.#travel = travel;
    refuseCopies(this);
  }

  /** Waits until it is this caller's turn.
   *
   *  Cancelling leaves the line as if this call had never been made.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @returns the permit, to be disposed of
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, CancelledError (`ERR_CANCELLED`) when the signal aborts,
   *    AbandonedError (`ERR_ABANDONED`) when the former holder of a lock died: it is free again, and not held,
   *    InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  using permit = await lock.acquire({ timeout: 1000 });
   *  ``` */
  acquire(options: WaitOptions = NO_LIMITS): Promise<Permit> {
    try {
      checkLimits(options);
      const holding = this.#core.acquire(options);
      if (typeof holding === "number") return Promise.resolve(this.#permit(holding));
      return holding.then((number) => this.#permit(number));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes it if that is possible at once. Passes by the tasks that wait.
   *  @returns the permit; `undefined` when it would have to wait
   *  @throws AbandonedError (`ERR_ABANDONED`) when the former holder of a lock died
   *  @example
   *  ```ts
   *  using permit = lock.tryAcquire();
   *  if (permit === undefined) return;
   *  ``` */
  tryAcquire(): Permit | undefined {
    const holding = this.#core.tryAcquire();
    return holding === undefined ? undefined : this.#permit(holding);
  }

  /** Parks this thread until it is its turn. Passes by the tasks of this thread that wait: they cannot run before it
   *  returns, nor can a task of this thread release anything meanwhile.
   *  @param timeout - the longest wait in ms
   *  @returns the permit, to be disposed of
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, AbandonedError (`ERR_ABANDONED`) when the former holder of a
   *    lock died, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  using permit = lock.acquireSync(100);
   *  ``` */
  acquireSync(timeout: number = Number.POSITIVE_INFINITY): Permit {
    checkDuration("timeout", timeout);
    return this.#permit(this.#core.acquireSync(timeout));
  }

  /** Runs `fn` while holding it, and releases it however `fn` ends.
   *  @param fn - may be asynchronous
   *  @param options - limits the wait, not `fn`
   *  @returns what `fn` returns
   *  @throws what `acquire` and `fn` throw
   *  @example
   *  ```ts
   *  const sum = await lock.with(async () => (await read()) + 1);
   *  ``` */
  async with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = NO_LIMITS): Promise<R> {
    const permit = await this.acquire(options);
    try {
      return await fn();
    } finally {
      permit.release();
    }
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#travel;
  }

  #permit(holding: number): Permit {
    return new Permit(this.#core, holding);
  }
}
