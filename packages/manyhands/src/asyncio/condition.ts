/** A condition for the tasks of one thread: waiting, while a lock is held, for what others change under the same lock. */
import type { TaskWait } from "../base/ambient.js";
import { InvalidOptionError, NotLockedError } from "../base/errors.js";
import { checkCount, checkType } from "../base/options.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Permit } from "../sync/permit.js";
import { Lock } from "./lock.js";
import { Printed } from "./looks.js";
import { currentLoop, currentTask, outside } from "./task.js";
import { checked, Line, NO_LIMITS } from "./waiter.js";

/** Shown while the lock is waited for again. A cancellation is for the next wait. */
const LOCK_AGAIN: TaskWait = { what: "the lock of a condition", cancel: () => false };

/** Waited for with a lock held, which is released during the wait and held again after it.
 *
 *  With the same name and methods as that of `manyhands/threading`. Who is notified goes on when it has got the lock back, so
 *  it has to look whether what it waited for is still so: `waitFor` does.
 *  @example
 *  ```ts
 *  const changed = new Condition();
 *  // one task                                                   another
 *  await changed.with(async () => {                               await changed.with(() => {
 *    await changed.waitFor(() => items.length > 0);                 items.push(1);
 *    items.pop();                                                   changed.notify();
 *  });                                                            });
 *  ``` */
export class Condition extends Printed {
  readonly #line = new Line<boolean>();
  /** The lock that goes with it. */
  readonly lock: Lock;

  /** @param lock the lock under which it is waited for; one of its own when there is none
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no Lock of `manyhands/asyncio` */
  constructor(lock: Lock = new Lock()) {
    super();
    if (!(lock instanceof Lock)) throw new InvalidOptionError("lock", "A condition of tasks takes a Lock of tasks");
    this.lock = lock;
  }

  /** Acquires the lock: see {@link Lock}. */
  acquire(options: WaitOptions = NO_LIMITS): Promise<Permit> {
    return this.lock.acquire(options);
  }

  /** Acquires the lock if it is free. */
  tryAcquire(): Permit | undefined {
    return this.lock.tryAcquire();
  }

  /** Releases the lock.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds it */
  release(): void {
    this.lock.release();
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return this.lock.locked();
  }

  /** Runs `fn` while holding the lock. */
  with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = NO_LIMITS): Promise<R> {
    return this.lock.with(fn, options);
  }

  /** Releases the lock, waits to be notified, and takes the lock again.
   *
   *  The lock is held again however the wait ends, and by the same permit.
   *  @param options the longest wait in ms, and a signal that ends it; getting the lock back is not limited
   *  @returns true; false when the time is over
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds the lock, CancelledError (`ERR_CANCELLED`) when the task is
   *    cancelled or the signal aborts, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: a notification never goes to who has been cancelled before it.
   *  @example
   *  ```ts
   *  while (items.length === 0) await changed.wait();
   *  ``` */
  async wait(options: WaitOptions = NO_LIMITS): Promise<boolean> {
    this.#requireLock("wait");
    const waiter = this.#line.join("Condition.wait()", checked(options), () => false);
    const back = this.lock.suspend();
    try {
      return await waiter.promise;
    } finally {
      using _ = currentTask()?.showing(LOCK_AGAIN);
      // In no task: a cancellation must not keep it from getting back what its caller is going to release.
      await outside(back);
    }
  }

  /** Waits until `predicate` gives something true, looking whenever it is notified.
   *  @param predicate called with the lock held
   *  @param options `timeout` is that of the whole wait
   *  @returns what `predicate` gave last: something false when the time was over
   *  @throws as `wait`, and what `predicate` throws
   *  @example
   *  ```ts
   *  await changed.waitFor(() => items.length > 0, { timeout: 1000 });
   *  ``` */
  async waitFor<R>(predicate: () => R, options: WaitOptions = NO_LIMITS): Promise<R> {
    checkType("predicate", predicate, "function");
    this.#requireLock("wait");
    const { timeout, ...rest } = checked(options);
    const until = timeout === undefined ? undefined : currentLoop().now() + timeout;
    for (;;) {
      const found = predicate();
      const left = until === undefined ? undefined : Math.max(0, until - currentLoop().now());
      if (found || left === 0) return found;
      await this.wait(left === undefined ? rest : { ...rest, timeout: left });
    }
  }

  /** Lets some of those go on that wait. They do when they have got the lock, which the caller holds.
   *  @param count how many at most
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds the lock, InvalidOptionError (`ERR_INVALID_OPTION`)
   *  @example
   *  ```ts
   *  changed.notify();
   *  ``` */
  notify(count = 1): void {
    checkCount("count", count, 0);
    this.#requireLock("notify");
    for (let left = count; left > 0 && this.#line.wake(true); left -= 1);
  }

  /** Lets all go on that wait.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds the lock */
  notifyAll(): void {
    this.#requireLock("notify");
    this.#line.wakeAll(true);
  }

  /** @internal */
  override get printed(): string {
    return `${this.locked() ? "held" : "free"}, ${this.#line.length} wait`;
  }

  #requireLock(what: string): void {
    if (!this.lock.locked()) throw new NotLockedError(`Cannot ${what}: the condition's lock is not held`);
  }
}
