/** Semaphores: so many tasks at a time. */
import { InvalidOptionError } from "../base/errors.js";
import { checkCount } from "../base/options.js";
import { registerReviver } from "../base/shareable.js";
import { Acquirable, isMade, type Made } from "./acquirable.js";
import { remoteCoreAt } from "./remote-sites.js";
import { MOST_PERMITS, SEMAPHORE_WORDS, type SemaphoreCore, SharedSemaphore } from "./semaphore-core.js";
import { RemoteSemaphore, remoteSemaphore } from "./semaphore-remote.js";
import { newPlace, type Place } from "./site.js";
import { arrived, type Placed, travelOf, travelOfProxy } from "./travel.js";

/** Which of the two classes. */
type Kind = "Semaphore" | "BoundedSemaphore";

/** Hands out so many permits at a time; who finds none waits.
 *
 *  Shared, not copied, when it goes to a worker. Tasks of one thread get permits in the order in which they asked; between
 *  threads whoever comes just when there is one may get it first. Permits have no owner: any task may release, also one
 *  that has acquired nothing, and those that a worker thread held when it died are gone for good. What another process
 *  held, and did not release, comes back when that process is gone.
 *
 *  Waiting for a semaphore that others have too keeps the program alive.
 *
 *  @example
 *  ```ts
 *  const four = new Semaphore(4);
 *  await Promise.all(urls.map((url) => four.with(() => fetch(url))));
 *  ``` */
export class Semaphore extends Acquirable {
  readonly #core: SemaphoreCore;

  /** @param value - the permits there are at first
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number, or negative */
  constructor(value?: number);
  /** @internal */
  constructor(value?: number | Made<SemaphoreCore>);
  constructor(value: number | Made<SemaphoreCore> = 1) {
    const made = isMade(value) ? value : newSemaphore("Semaphore", value);
    super(made);
    this.#core = made.core;
  }

  /** Gives back permits, or adds new ones.
   *  @param count - how many, at least 1
   *  @throws OverReleaseError (`ERR_OVER_RELEASE`) when there would be more than there may be: nothing is released then,
   *    InvalidOptionError (`ERR_INVALID_OPTION`) when `count` is no whole number of at least 1
   *  @example
   *  ```ts
   *  ready.release(3);
   *  ``` */
  release(count = 1): void {
    checkCount("count", count, 1);
    this.#core.release(count);
  }

  /** Whether there is no permit, at this moment.
   *  @example
   *  ```ts
   *  if (four.locked()) console.log("all busy, just now");
   *  ``` */
  locked(): boolean {
    return this.value === 0;
  }

  /** How many permits there are, at this moment. */
  get value(): number {
    return this.#core.value();
  }
}

/** A {@link Semaphore} that never has more permits than it had at first: releasing more is an error.
 *  @example
 *  ```ts
 *  const connections = new BoundedSemaphore(10);
 *  ``` */
export class BoundedSemaphore extends Semaphore {
  /** @param value - the permits there are at first, and at most
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number, or negative */
  constructor(value?: number);
  /** @internal */
  constructor(value?: number | Made<SemaphoreCore>);
  constructor(value: number | Made<SemaphoreCore> = 1) {
    super(isMade(value) ? value : newSemaphore("BoundedSemaphore", value));
  }
}

function newSemaphore(kind: Kind, value: number): Made<SemaphoreCore> {
  checkCount("value", value ?? Number.NaN, 0);
  if (value > MOST_PERMITS)
    throw new InvalidOptionError("value", `value must be at most ${MOST_PERMITS}, got ${value}`);
  const place = newPlace(SEMAPHORE_WORDS);
  const core = new SharedSemaphore(place);
  core.fill(value, kind === "Semaphore" ? MOST_PERMITS : value);
  return madeOf(kind, { core, place });
}

function madeOf(kind: Kind, placed: Placed<SharedSemaphore>): Made<SemaphoreCore> {
  return { core: placed.core, travel: travelOf(kind, placed, remoteSemaphore(placed.core)) };
}

const CLASSES = { Semaphore, BoundedSemaphore } as const;

for (const kind of ["Semaphore", "BoundedSemaphore"] as const) {
  registerReviver(kind, {
    module: import.meta.url,
    fromThread: (parcel) =>
      new CLASSES[kind](
        madeOf(
          kind,
          arrived(parcel, (place: Place) => new SharedSemaphore(place)),
        ),
      ),
    fromProcess: (link, facts) =>
      new CLASSES[kind]({ core: remoteCoreAt(facts, () => new RemoteSemaphore(link)), travel: travelOfProxy(kind) }),
  });
}
