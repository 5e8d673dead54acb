/** A barrier: so many parties wait until all are there. */
import { InvalidOptionError, SerializationError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames, checkType } from "../base/options.js";
import { refuseCopies, registerReviver, SHAREABLE, type Travel } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { isMade, type Made } from "./acquirable.js";
import { type BarrierCore, SharedBarrier } from "./barrier-core.js";
import { RemoteBarrier, remoteBarrier } from "./barrier-remote.js";
import { BARRIER_WORDS, MOST_PARTIES } from "./barrier-steps.js";
import { remoteCoreAt } from "./remote-sites.js";
import { newPlace } from "./site.js";
import { arrived, type Placed, travelOf, travelOfProxy } from "./travel.js";

const KIND = "Barrier";

export interface BarrierOptions {
  /** Run by the last party, before any is released. If it throws, that party gets the error and the barrier is broken. A
   *  barrier with an action cannot go to another thread, since the function cannot. @default none */
  action?: () => unknown;
  /** The longest wait of each party in ms, where `wait` says nothing else. @default no limit */
  timeout?: number;
}

/** Waited at until so many parties have come; then all go on, and it can be waited at again.
 *
 *  Shared, not copied, when it goes to a worker. When a party runs out of time, is cancelled, or its worker dies, it is
 *  broken: all parties get a {@link BrokenBarrierError}, and so does who comes later, until `reset()`.
 *
 *  Waiting at a barrier that others have too keeps the program alive.
 *
 *  @example
 *  ```ts
 *  const start = new Barrier(4);
 *  await start.wait();   // in each of four tasks
 *  ``` */
export class Barrier {
  readonly #core: BarrierCore;
  readonly #travel: Travel;
  readonly #timeout: number | undefined;

  /** @param parties - how many have to come, at least 1
   *  @param options - see {@link BarrierOptions}
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when `parties` is no whole number of at least 1, or an option is wrong */
  constructor(parties: number, options?: BarrierOptions);
  /** @internal */
  constructor(parties: number | Made<BarrierCore>, options?: BarrierOptions);
  constructor(parties: number | Made<BarrierCore>, options: BarrierOptions = {}) {
    const { core, travel } = isMade<BarrierCore>(parties) ? parties : newBarrier(parties, options);
    this.#core = core;
    this.#travel = travel;
    refuseCopies(this);
    this.#timeout = options.timeout;
  }

  /** How many have to come. */
  get parties(): number {
    return this.#core.look().parties;
  }

  /** How many have come, at this moment. */
  get nWaiting(): number {
    return this.#core.look().waiting;
  }

  /** Whether it is broken, at this moment. */
  get broken(): boolean {
    return this.#core.look().broken;
  }

  /** Waits until all parties are there.
   *
   *  Cancelling breaks the barrier, for one party less will come.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @returns the order of this party among those of the round, from 0
   *  @throws BrokenBarrierError (`ERR_BROKEN_BARRIER`) when it is or gets broken; the `cause` is a TimeoutError for the party
   *    whose time was over, CancelledError (`ERR_CANCELLED`) when the signal aborts, InvalidOptionError (`ERR_INVALID_OPTION`)
   *    for a negative time
   *  @example
   *  ```ts
   *  if ((await start.wait()) === 0) console.log("once a round");
   *  ``` */
  async wait(options: WaitOptions = {}): Promise<number> {
    checkLimits(options);
    if (options.timeout !== undefined || this.#timeout === undefined) return this.#core.wait(options);
    return this.#core.wait({ ...options, timeout: this.#timeout });
  }

  /** As `wait`, parking this thread. An asynchronous action cannot be run by a party that waits so.
   *  @param timeout - the longest wait in ms
   *  @throws BrokenBarrierError (`ERR_BROKEN_BARRIER`) when it is or gets broken, InvalidOptionError (`ERR_INVALID_OPTION`) for a
   *    negative time
   *  @example
   *  ```ts
   *  start.waitSync();
   *  ``` */
  waitSync(timeout: number = this.#timeout ?? Number.POSITIVE_INFINITY): number {
    checkDuration("timeout", timeout);
    return this.#core.waitSync(timeout);
  }

  /** Breaks it: all that wait, and all that come, get a BrokenBarrierError until `reset()`.
   *  @example
   *  ```ts
   *  start.abort();
   *  ``` */
  abort(): void {
    this.#core.abort();
  }

  /** Makes it as new. Who waits gets a BrokenBarrierError.
   *  @example
   *  ```ts
   *  start.reset();
   *  ``` */
  reset(): void {
    this.#core.reset();
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#travel;
  }
}

function checkParties(parties: unknown): void {
  checkCount("parties", parties ?? null, 1);
  if ((parties as number) > MOST_PARTIES) {
    throw new InvalidOptionError("parties", `parties must be at most ${MOST_PARTIES}, got ${parties}`);
  }
}

function newBarrier(parties: number, options: BarrierOptions): Made<BarrierCore> {
  checkParties(parties);
  checkNames("Barrier", options, ["action", "timeout"]);
  checkType("action", options.action, "function");
  checkDuration("timeout", options.timeout);
  const place = newPlace(BARRIER_WORDS);
  const core = new SharedBarrier(place);
  core.fill(parties);
  core.act(options.action);
  const made = madeOf({ core, place });
  return options.action === undefined ? made : { core, travel: { ...made.travel, toThread: refuseAction } };
}

function refuseAction(): never {
  throw new SerializationError(
    "",
    "A barrier with an action cannot go to another thread: its action is a function of this one",
  );
}

function madeOf(placed: Placed<SharedBarrier>): Made<BarrierCore> {
  return { core: placed.core, travel: travelOf(KIND, placed, remoteBarrier(placed.core)) };
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: (parcel) => new Barrier(madeOf(arrived(parcel, (place) => new SharedBarrier(place)))),
  fromProcess: (link, facts) =>
    new Barrier({ core: remoteCoreAt(facts, () => new RemoteBarrier(link)), travel: travelOfProxy(KIND) }),
});
