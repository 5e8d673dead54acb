/** A lock: one task at a time, of all tasks of all threads and processes that have it. */
import { registerReviver } from "../base/shareable.js";
import { Acquirable, type Made } from "./acquirable.js";
import { LOCK_WORDS, type LockCore, SharedLock } from "./lock-core.js";
import { RemoteLock, remoteLock } from "./lock-remote.js";
import { remoteCoreAt } from "./remote-sites.js";
import { newPlace } from "./site.js";
import { arrived, type Placed, type Revives, travelOf, travelOfProxy } from "./travel.js";

const KIND = "Lock";

/** Held by one task at a time; the others wait for it.
 *
 *  A lock is shared, not copied, when it goes to a worker. Tasks of one thread get it in the order in which they asked;
 *  between threads whoever comes just when it is free may get it first. It belongs to the thread that acquired it, any task
 *  of which may release it. It is not re-entrant: who acquires it twice waits for oneself; see {@link RLock}. When its
 *  holder's worker dies, the next caller gets an {@link AbandonedError}, and the lock is usable again.
 *
 *  Waiting for a lock that others have too keeps the program alive.
 *
 *  @example
 *  ```ts
 *  const lock = new Lock();
 *  await lock.with(() => { balance += 1; });
 *  { using permit = await lock.acquire(); balance += 1; }
 *  ``` */
export class Lock extends Acquirable {
  /** @internal */
  readonly core: LockCore;

  /** Makes a lock that is free. */
  constructor();
  /** @internal */
  constructor(made?: Made<LockCore>);
  constructor(made: Made<LockCore> = newLock()) {
    super(made);
    this.core = made.core;
  }

  /** Releases the lock, which this thread holds. What its permit does later is nothing.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds it, NotOwnerError (`ERR_NOT_OWNER`) when another thread or
   *    process does; both change nothing
   *  @example
   *  ```ts
   *  await lock.acquire();
   *  lock.release();
   *  ``` */
  release(): void {
    this.core.release();
  }

  /** Whether somebody holds it, at this moment.
   *  @example
   *  ```ts
   *  if (!lock.locked()) console.log("free, just now");
   *  ``` */
  locked(): boolean {
    return this.core.locked();
  }
}

function madeOf(placed: Placed<SharedLock>): Made<LockCore> {
  return { core: placed.core, travel: travelOf(KIND, placed, remoteLock(placed.core)) };
}

function newLock(): Made<LockCore> {
  const place = newPlace(LOCK_WORDS);
  return madeOf({ core: new SharedLock(place), place });
}

/** @internal */
export const lockReviver: Revives<Lock> = {
  module: import.meta.url,
  fromThread: (parcel) => new Lock(madeOf(arrived(parcel, (place) => new SharedLock(place)))),
  fromProcess: (link, facts) => {
    const core = remoteCoreAt(facts, () => new RemoteLock(link));
    return new Lock({ core, travel: travelOfProxy(KIND) });
  },
};
registerReviver(KIND, lockReviver);
