/** A condition: waiting, while a lock is held, for what others change under the same lock. */

import { systemClock } from "../base/clock.js";
import { InvalidOptionError, NotOwnerError } from "../base/errors.js";
import { checkCount, checkDuration, checkType } from "../base/options.js";
import { registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { Acquirable } from "./acquirable.js";
import { CONDITION_WORDS, type ConditionCore, type Notice, SharedCondition } from "./condition-core.js";
import { lockLink, RemoteCondition, remoteCondition } from "./condition-remote.js";
import { Lock, lockReviver } from "./lock.js";
import type { LockCore } from "./lock-core.js";
import { remoteCoreAt } from "./remote-sites.js";
import { RLock, rlockReviver } from "./rlock.js";
import { newPlace } from "./site.js";
import { arrived, type Placed, type Revives, travelOf, travelOfProxy } from "./travel.js";

const KIND = "Condition";

/** Waited for with a lock held, which is released during the wait and held again after it.
 *
 *  Shared, not copied, when it goes to a worker; its lock goes with it. The condition's own `acquire`, `release` and `with`
 *  are those of the lock. Who is notified goes on when it has got the lock back, so it has to look whether what it waited
 *  for is still so: `waitFor` does.
 *
 *  Waiting for a condition that others have too keeps the program alive.
 *
 *  @example
 *  ```ts
 *  const changed = new Condition();
 *  // one task                                                   another
 *  await changed.with(async () => {                               await changed.with(() => {
 *    await changed.waitFor(() => items.length > 0);                 items.push(1);
 *    items.pop();                                                   changed.notify();
 *  });                                                            });
 *  ``` */
export class Condition extends Acquirable {
  readonly #core: ConditionCore;
  readonly #lock: LockCore;
  /** The lock that goes with it. */
  readonly lock: Lock | RLock;

  /** @param lock - the lock under which it is waited for; an RLock of its own when there is none
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no Lock or RLock */
  constructor(lock?: Lock | RLock);
  /** @internal */
  constructor(lock?: Lock | RLock, made?: MadeCondition);
  constructor(lock: Lock | RLock = new RLock(), made: MadeCondition = newCondition(lock)) {
    super({ core: lock.core, travel: made.travel });
    this.#core = made.core;
    this.#lock = lock.core;
    this.lock = lock;
  }

  /** Releases the lock, as its own `release` does.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds it, NotOwnerError (`ERR_NOT_OWNER`) when another does
   *  @example
   *  ```ts
   *  changed.release();
   *  ``` */
  release(): void {
    this.lock.release();
  }

  /** Whether somebody holds the lock, at this moment.
   *  @example
   *  ```ts
   *  changed.locked();
   *  ``` */
  locked(): boolean {
    return this.lock.locked();
  }

  override with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    return this.lock.with(fn, options);
  }

  /** Releases the lock, waits to be notified, and takes the lock again.
   *
   *  The lock is held again however the wait ends, but for AbandonedError. A notification that comes when the wait has been
   *  cancelled goes to another.
   *  @param options - the longest wait in ms, and a signal that ends it; getting the lock back is not limited
   *  @returns true; false when the time is over
   *  @throws NotOwnerError (`ERR_NOT_OWNER`) when the caller does not hold the lock, CancelledError (`ERR_CANCELLED`) when the
   *    signal aborts, AbandonedError (`ERR_ABANDONED`) when who held the lock meanwhile died: it is not held then,
   *    InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  while (items.length === 0) await changed.wait();
   *  ``` */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    checkLimits(options);
    this.#requireLock("wait");
    const entered = this.#core.enter();
    // No turn is given away while the lock is held, where it can be helped.
    const notice: Notice = "wait" in entered ? entered : await entered;
    const suspended = this.#lock.suspend();
    try {
      return await notice.wait(options);
    } finally {
      await this.#lock.resume(suspended);
    }
  }

  /** As `wait`, parking this thread.
   *  @param timeout - the longest wait in ms
   *  @throws NotOwnerError (`ERR_NOT_OWNER`) when the caller does not hold the lock, AbandonedError (`ERR_ABANDONED`) when who
   *    held the lock meanwhile died: it is not held then, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  while (cells[0] === 0) changed.waitSync();
   *  ``` */
  waitSync(timeout: number = Number.POSITIVE_INFINITY): boolean {
    checkDuration("timeout", timeout);
    this.#requireLock("wait");
    const notice = this.#core.enterSync();
    const suspended = this.#lock.suspend();
    try {
      return notice.waitSync(timeout);
    } finally {
      this.#lock.resumeSync(suspended);
    }
  }

  /** Waits until `predicate` gives something true, looking whenever it is notified.
   *  @param predicate - called with the lock held
   *  @param options - `timeout` is that of the whole wait
   *  @returns what `predicate` gave last: something false when the time was over
   *  @throws as `wait`, and what `predicate` throws
   *  @example
   *  ```ts
   *  await changed.waitFor(() => items.length > 0, { timeout: 1000 });
   *  ``` */
  async waitFor<R>(predicate: () => R, options: WaitOptions = {}): Promise<R> {
    checkLimits(options);
    const { timeout, ...rest } = options;
    checkType("predicate", predicate, "function");
    this.#requireLock("wait");
    const until = timeout === undefined ? undefined : systemClock.now() + timeout;
    for (;;) {
      const found = predicate();
      if (found) return found;
      const left = until === undefined ? {} : { timeout: Math.max(0, until - systemClock.now()) };
      if (left.timeout === 0) return found;
      await this.wait({ ...rest, ...left });
    }
  }

  /** Lets some of those go on that wait. They do when they have got the lock, which the caller holds.
   *  @param count - how many at most
   *  @throws NotOwnerError (`ERR_NOT_OWNER`) when the caller does not hold the lock, InvalidOptionError (`ERR_INVALID_OPTION`)
   *    when `count` is no whole number of at least 0
   *  @example
   *  ```ts
   *  changed.notify();
   *  ``` */
  notify(count = 1): void {
    checkCount("count", count, 0);
    this.#requireLock("notify");
    this.#core.notify(count);
  }

  /** Lets all go on that wait.
   *  @throws NotOwnerError (`ERR_NOT_OWNER`) when the caller does not hold the lock
   *  @example
   *  ```ts
   *  changed.notifyAll();
   *  ``` */
  notifyAll(): void {
    this.#requireLock("notify");
    this.#core.notify(EVERYBODY);
  }

  #requireLock(what: string): void {
    if (!this.#lock.own) throw new NotOwnerError(`Cannot ${what}: the caller does not hold the condition's lock`);
  }
}

/** More than can wait. */
const EVERYBODY = 2 ** 31 - 1;

interface MadeCondition {
  readonly core: ConditionCore;
  readonly travel: Travel;
}

/** The lock's own travel, as part of the condition's. */
interface LockParcel {
  readonly kind: string;
  readonly parcel: unknown;
}

interface ConditionParcel {
  readonly condition: unknown;
  readonly lock: LockParcel;
}

function madeOf(placed: Placed<SharedCondition>, lock: Lock | RLock): MadeCondition {
  const { kind, toThread, remote } = lock[SHAREABLE];
  if (remote === undefined) throw new InvalidOptionError("lock", "The lock of a condition must belong to this process");
  const facts = (): unknown => ({ lock: { kind, facts: remote.facts() } });
  const travel = travelOf(KIND, placed, remoteCondition(placed.core, facts, remote));
  return {
    core: placed.core,
    travel: {
      ...travel,
      toThread: (): ConditionParcel => ({ condition: travel.toThread(), lock: { kind, parcel: toThread() } }),
    },
  };
}

function newCondition(lock: Lock | RLock): MadeCondition {
  if (!(lock instanceof Lock || lock instanceof RLock)) {
    throw new InvalidOptionError("lock", "A condition takes a Lock or an RLock");
  }
  const place = newPlace(CONDITION_WORDS);
  return madeOf({ core: new SharedCondition(place), place }, lock);
}

/** Those who make its lock anew. */
const LOCKS: Readonly<Record<string, Revives<Lock | RLock>>> = { Lock: lockReviver, RLock: rlockReviver };

function lockReviverOf(kind: string): Revives<Lock | RLock> {
  const reviver = LOCKS[kind];
  if (reviver === undefined) throw new InvalidOptionError("lock", `A ${kind} cannot be the lock of a condition`);
  return reviver;
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: (parcel) => {
    const { condition, lock } = parcel as ConditionParcel;
    const its = lockReviverOf(lock.kind).fromThread(lock.parcel);
    return new Condition(
      its,
      madeOf(
        arrived(condition, (place) => new SharedCondition(place)),
        its,
      ),
    );
  },
  fromProcess: (link, facts) => {
    const { lock } = facts as { lock: { kind: string; facts: unknown } };
    const its = lockReviverOf(lock.kind).fromProcess(lockLink(link), lock.facts);
    const core = remoteCoreAt(facts, () => new RemoteCondition(link));
    return new Condition(its, { core, travel: travelOfProxy(KIND) });
  },
});
