/** A barrier for the tasks of one thread: all go on when so many have come. */
import { BrokenBarrierError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames, checkType } from "../base/options.js";
import { refuseAborted, type WaitOptions } from "../base/wait-options.js";
import { Printed } from "./looks.js";
import { checked, Line, NO_LIMITS, Waiter } from "./waiter.js";

/** Options of a {@link Barrier}. */
export interface BarrierOptions {
  /** Called once a round by whoever comes last, before all go on; may be asynchronous. When it fails the barrier is broken. */
  action?: () => unknown;
  /** The longest wait of each party in ms, where `wait` says nothing else. @default no limit */
  timeout?: number;
}

/** `acting`: all have come, and the action runs; who comes now belongs to the next round. */
type BarrierState = "filling" | "acting" | "broken";

/** Waited at until so many parties have come; then all go on, and it can be waited at again.
 *
 *  With the same name and methods as that of `manyhands/threading`. A party whose task is cancelled leaves, and another may
 *  take its place; one whose time is over breaks the barrier: all get a BrokenBarrierError until `reset()`.
 *  @example
 *  ```ts
 *  const start = new Barrier(4);
 *  await start.wait();   // in each of four tasks
 *  ``` */
export class Barrier extends Printed {
  /** How many have to come. */
  readonly parties: number;
  readonly #action: (() => unknown) | undefined;
  readonly #timeout: number | undefined;
  #line = new Line<number>();
  /** Those whose action runs. */
  #round: Line<number> | undefined;
  #state: BarrierState = "filling";

  /** @param parties how many have to come, at least 1
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when `parties` is no whole number of at least 1, or an option is wrong */
  constructor(parties: number, options: BarrierOptions = {}) {
    super();
    checkCount("parties", parties ?? null, 1);
    checkNames("Barrier", options, ["action", "timeout"]);
    checkType("action", options.action, "function");
    checkDuration("timeout", options.timeout);
    this.parties = parties;
    this.#action = options.action;
    this.#timeout = options.timeout;
  }

  /** How many have come. */
  get nWaiting(): number {
    return this.#line.length;
  }

  /** Whether it is broken. */
  get broken(): boolean {
    return this.#state === "broken";
  }

  /** Waits until all parties are there.
   *
   *  @param options the longest wait in ms, and a signal that ends it
   *  @returns the order of this party among those of the round, from 0
   *  @throws BrokenBarrierError (`ERR_BROKEN_BARRIER`) when it is or gets broken, CancelledError (`ERR_CANCELLED`) when the task
   *    is cancelled or the signal aborts, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: the barrier waits for one party more again.
   *  @example
   *  ```ts
   *  if ((await start.wait()) === 0) console.log("once a round");
   *  ``` */
  async wait(options: WaitOptions = NO_LIMITS): Promise<number> {
    checked(options);
    if (this.#state === "broken") throw broken(undefined);
    refuseAborted(options);
    const waiter = new Waiter<number>("Barrier.wait()", this.#line);
    const last = this.#state === "filling" && this.#isFull();
    // Who comes last has not waited: the shortest time is enough for that.
    const timeout = last ? undefined : (options.timeout ?? this.#timeout);
    const { signal } = options;
    waiter.limit({ ...(signal !== undefined && { signal }), ...(timeout !== undefined && { timeout }) }, () => {
      const late = new BrokenBarrierError(`The barrier is broken: a party did not wait longer than ${timeout} ms`);
      this.#break(late);
      throw late;
    });
    if (last) void this.#complete(waiter);
    return waiter.promise;
  }

  /** @internal */
  override get printed(): string {
    return this.broken ? "broken" : `${this.nWaiting} of ${this.parties}`;
  }

  /** Counted one by one only when it may be so: thousands may come. */
  #isFull(): boolean {
    return this.#line.length >= this.parties && this.#line.count() >= this.parties;
  }

  /** Breaks it: all that wait, and all that come, get a BrokenBarrierError until `reset()`. */
  abort(): void {
    this.#break(undefined);
  }

  /** Makes it as new. Who waits gets a BrokenBarrierError. */
  reset(): void {
    this.#state = "filling";
    this.#failAll(undefined);
  }

  /** @param why what has broken it, where that is known */
  #break(why: unknown): void {
    this.#state = "broken";
    this.#failAll(why);
  }

  #failAll(why: unknown): void {
    this.#round?.failAll(() => broken(why));
    this.#round = undefined;
    this.#line.failAll(() => broken(why));
  }

  /** All have come. Runs in the task of the last, and its failures are that party's. */
  async #complete(last: Waiter<number>): Promise<void> {
    const round = this.#line;
    if (this.#action !== undefined) {
      this.#state = "acting";
      this.#round = round;
      this.#line = new Line();
      try {
        await this.#action();
      } catch (reason) {
        last.fail(reason);
        if (this.#round === round) this.#break(reason);
        return;
      }
      // It was aborted or reset meanwhile, and another round may have begun.
      if (this.#round !== round || this.#state !== "acting") return;
      this.#round = undefined;
      this.#state = "filling";
    }
    for (let index = 0; round.wake(index); index += 1);
    // A whole round may have come while the action ran.
    if (!this.#isFull()) return;
    const next = this.#line.last;
    if (next !== undefined) await this.#complete(next);
  }
}

function broken(cause: unknown): BrokenBarrierError {
  return new BrokenBarrierError("The barrier is broken", cause === undefined ? {} : { cause });
}
