/** An event: something that has happened, or not yet. */
import { checkDuration } from "../base/options.js";
import { refuseCopies, registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Made } from "./acquirable.js";
import { EVENT_WORDS, type EventCore, SharedEvent } from "./event-core.js";
import { RemoteEvent, remoteEvent } from "./event-remote.js";
import { remoteCoreAt } from "./remote-sites.js";
import { newPlace } from "./site.js";
import { arrived, type Placed, travelOf, travelOfProxy } from "./travel.js";

const KIND = "Event";

/** Waited for by any number of tasks until somebody sets it.
 *
 *  Shared, not copied, when it goes to a worker. Who waits when it is set goes on, even if it is cleared at once. Waiting
 *  for an event that others have too keeps the program alive.
 *
 *  @example
 *  ```ts
 *  const ready = new Event();
 *  setTimeout(() => ready.set(), 100);
 *  await ready.wait();
 *  ``` */
export class Event {
  readonly #core: EventCore;
  readonly #travel: Travel;

  /** Makes an event that is not set. */
  constructor();
  /** @internal */
  constructor(made?: Made<EventCore>);
  constructor({ core, travel }: Made<EventCore> = newEvent()) {
    this.#core = core;
    this.#travel = travel;
    refuseCopies(this);
  }

  /** Sets it: all that wait go on. Nothing when it is set.
   *  @example
   *  ```ts
   *  ready.set();
   *  ``` */
  set(): void {
    this.#core.set();
  }

  /** Makes it not set: who waits from now on waits until it is set again.
   *  @example
   *  ```ts
   *  ready.clear();
   *  ``` */
  clear(): void {
    this.#core.clear();
  }

  /** Whether it is set, at this moment.
   *  @example
   *  ```ts
   *  if (!ready.isSet()) console.log("not yet");
   *  ``` */
  isSet(): boolean {
    return this.#core.isSet();
  }

  /** Waits until it is set. Cancelling changes nothing.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @returns true; false when the time is over
   *  @throws CancelledError (`ERR_CANCELLED`) when the signal aborts, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative
   *    time
   *  @example
   *  ```ts
   *  if (!(await ready.wait({ timeout: 1000 }))) console.log("not within a second");
   *  ``` */
  wait(options: WaitOptions = {}): Promise<boolean> {
    return this.#core.wait(options);
  }

  /** Parks this thread until it is set.
   *  @param timeout - the longest wait in ms
   *  @returns true; false when the time is over
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  ready.waitSync();
   *  ``` */
  waitSync(timeout: number = Number.POSITIVE_INFINITY): boolean {
    checkDuration("timeout", timeout);
    return this.#core.waitSync(timeout);
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#travel;
  }
}

function madeOf(placed: Placed<SharedEvent>): Made<EventCore> {
  return { core: placed.core, travel: travelOf(KIND, placed, remoteEvent(placed.core)) };
}

function newEvent(): Made<EventCore> {
  const place = newPlace(EVENT_WORDS);
  return madeOf({ core: new SharedEvent(place), place });
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: (parcel) => new Event(madeOf(arrived(parcel, (place) => new SharedEvent(place)))),
  fromProcess: (link, facts) =>
    new Event({ core: remoteCoreAt(facts, () => new RemoteEvent(link)), travel: travelOfProxy(KIND) }),
});
