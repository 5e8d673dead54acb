/** Semaphores for tasks of one thread: so many at a time, first come, first served. */
import { OverReleaseError, TimeoutError } from "../base/errors.js";
import { checkCount } from "../base/options.js";
import type { WaitOptions } from "../base/wait-options.js";
import { Permit } from "../sync/permit.js";
import { Printed } from "./looks.js";
import { currentTask } from "./task.js";
import { checked, type Late, Line, NO_LIMITS } from "./waiter.js";

/** One for all waits, not one for each: those are what the garbage collector copies. */
const late: Late<never> = (what, { timeout }) => {
  throw new TimeoutError(`${what}: not within ${timeout} ms`);
};

/** Acquired by a task, and given back by its permit.
 *
 *  Its classes are `Releasable` without saying so: what they are by internal methods is not declared to users, whose compiler
 *  would miss it. */
abstract class TaskAcquirable extends Printed {
  protected readonly line: Line<Permit> = new Line();
  /** What a wait is called. */
  protected abstract readonly acquiring: string;

  /** Takes it without waiting, also before those who wait. @returns the permit, if it could be taken. */
  abstract tryAcquire(): Permit | undefined;

  /** Waits until it is this caller's turn: first come, first served.
   *
   *  @param options the longest wait in ms, and a signal that ends it
   *  @returns the permit, to be disposed of
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, CancelledError (`ERR_CANCELLED`) when the task is cancelled or
   *    the signal aborts, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: leaves the line as if this call had never been made.
   *  @example
   *  ```ts
   *  using permit = await lock.acquire();
   *  ``` */
  acquire(options: WaitOptions = NO_LIMITS): Promise<Permit> {
    try {
      if (this.line.length === 0 && checked(options).signal?.aborted !== true) {
        currentTask()?.checkpoint();
        const permit = this.tryAcquire();
        if (permit !== undefined) return Promise.resolve(permit);
      }
      return this.line.join(this.acquiring, checked(options), late).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs `fn` while holding it, and releases it however `fn` ends.
   *  @param fn may be asynchronous
   *  @param options limits the wait, not `fn`
   *  @throws what `acquire` and `fn` throw
   *  @example
   *  ```ts
   *  const page = await four.with(() => fetchPage(url));
   *  ``` */
  with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = NO_LIMITS): Promise<R> {
    // Not one asynchronous function for both: while it waits it would weigh half as much again.
    return this.acquire(options).then((permit) => holding(permit, fn));
  }
}

async function holding<R>(permit: Permit, fn: () => R | PromiseLike<R>): Promise<R> {
  try {
    return await fn();
  } finally {
    permit.release();
  }
}

export { TaskAcquirable };

/** Hands out so many permits at a time to the tasks of this thread; who finds none waits.
 *
 *  With the same name and methods as that of `manyhands/threading`, which also works between threads and processes, at a
 *  greater cost. Fair: a permit that is released goes to who waits longest, and nobody comes in between.
 *
 *  @example
 *  ```ts
 *  const four = new Semaphore(4);
 *  await gather(...urls.map((url) => () => four.with(() => fetchPage(url))));
 *  ``` */
export class Semaphore extends TaskAcquirable {
  protected readonly acquiring: string = "Semaphore.acquire()";
  #value: number;

  /** @param value the permits there are at first
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number, or negative */
  constructor(value = 1) {
    super();
    checkCount("value", value, 0);
    this.#value = value;
  }

  override tryAcquire(): Permit | undefined {
    if (this.#value === 0) return undefined;
    this.#value -= 1;
    return new Permit(this, 0);
  }

  /** Gives back permits, or adds new ones. Those who wait get them.
   *  @param count how many, at least 1
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when `count` is no whole number of at least 1
   *  @example
   *  ```ts
   *  ready.release(3);
   *  ``` */
  release(count = 1): void {
    checkCount("count", count, 1);
    for (let left = count; left > 0; left -= 1) {
      if (this.line.length === 0 || !this.line.wake(new Permit(this, 0))) {
        this.#value += left;
        return;
      }
    }
  }

  /** Whether who acquires now would have to wait. */
  locked(): boolean {
    return this.#value === 0;
  }

  /** How many permits there are, at this moment. */
  get value(): number {
    return this.#value;
  }

  /** @internal */
  giveBack(): void {
    this.release();
  }

  /** @internal */
  override get printed(): string {
    return `${this.value} free, ${this.line.length} wait`;
  }
}

/** A {@link Semaphore} that never has more permits than it had at first: releasing more is an error.
 *  @example
 *  ```ts
 *  const connections = new BoundedSemaphore(10);
 *  ``` */
export class BoundedSemaphore extends Semaphore {
  readonly #most: number;

  /** @param value the permits there are at first, and at most
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number, or negative */
  constructor(value = 1) {
    super(value);
    this.#most = value;
  }

  /** Gives back permits.
   *  @throws OverReleaseError (`ERR_OVER_RELEASE`) when there would be more than there were at first: nothing is released
   *    then; InvalidOptionError (`ERR_INVALID_OPTION`) */
  override release(count = 1): void {
    checkCount("count", count, 1);
    if (this.value + count > this.#most) {
      throw new OverReleaseError(
        `Cannot release ${count}: ${this.value} of ${this.#most} permits are there, and that is all there may be`,
      );
    }
    super.release(count);
  }
}
