/** A lock that its owner may acquire again. */
import { registerReviver } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { Acquirable, type Made } from "./acquirable.js";
import { newOwner, runAs } from "./current-owner.js";
import { LOCK_WORDS, SharedLock } from "./lock-core.js";
import { RemoteLock, remoteLock } from "./lock-remote.js";
import { remoteCoreAt } from "./remote-sites.js";
import { ReentrantLock, SharedReentrantLock } from "./rlock-core.js";
import { newPlace, type Place } from "./site.js";
import { arrived, type Placed, type Revives, travelOf, travelOfProxy } from "./travel.js";

const KIND = "RLock";

/** A {@link Lock} that its owner may acquire again and again, and has to release as often.
 *
 *  The owner is a task: the function that acquired it, and whatever that calls or starts. A recursive function re-enters,
 *  be it asynchronous or not; another task of the same thread waits. `with(fn)` marks exactly what `fn` does. `acquire()` and
 *  the others have to mark the caller's context: a function that is called without `await`, and acquires before its first
 *  `await`, leaves its mark on its caller too. Prefer `with`.
 *
 *  @example
 *  ```ts
 *  const lock = new RLock();
 *  const visit = (node: Node): Promise<void> => lock.with(async () => { for (const each of node.children) await visit(each); });
 *  ``` */
export class RLock extends Acquirable {
  /** @internal */
  readonly core: ReentrantLock;

  /** Makes a lock that is free. */
  constructor();
  /** @internal */
  constructor(made?: Made<ReentrantLock>);
  constructor(made: Made<ReentrantLock> = newLock()) {
    super(made);
    this.core = made.core;
  }

  /** Releases the lock once; it is free when it was released as often as it was acquired.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds it, NotOwnerError (`ERR_NOT_OWNER`) when another task does;
   *    both change nothing
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

  override with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    // The context of `with` itself, not the caller's, is marked.
    return this.core.own ? super.with(fn, options) : this.#withMark(fn, options);
  }

  async #withMark<R>(fn: () => R | PromiseLike<R>, options: WaitOptions): Promise<R> {
    checkLimits(options);
    const owner = newOwner();
    const holding = await this.core.acquireAs(owner, options);
    try {
      return await runAs(owner, fn);
    } finally {
      this.core.giveBack(holding);
    }
  }
}

const sharedAt = (place: Place): SharedReentrantLock<SharedLock> => new SharedReentrantLock(new SharedLock(place));

function madeOf(placed: Placed<SharedReentrantLock<SharedLock>>): Made<ReentrantLock> {
  return { core: placed.core, travel: travelOf(KIND, placed, remoteLock(placed.core.inner)) };
}

function newLock(): Made<ReentrantLock> {
  const place = newPlace(LOCK_WORDS);
  return madeOf({ core: sharedAt(place), place });
}

/** @internal */
export const rlockReviver: Revives<RLock> = {
  module: import.meta.url,
  fromThread: (parcel) => new RLock(madeOf(arrived(parcel, sharedAt))),
  fromProcess: (link, facts) => {
    const core = remoteCoreAt(facts, () => new ReentrantLock(new RemoteLock(link)));
    return new RLock({ core, travel: travelOfProxy(KIND) });
  },
};
registerReviver(KIND, rlockReviver);
