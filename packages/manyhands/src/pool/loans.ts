/** Places that tasks lend while they wait for calls of their own executor.
 *
 *  With every place taken by a task that waits, the calls they wait for would never start (CPython documents this
 *  deadlock and leaves it to the programmer). Only on the event loop: no other task can reach the executor that runs it.
 *
 *  Guarantees: a task lends one place, however many calls it waits for, and has it back when it waits for none. */
import { jobAmong } from "../worker/mod.js";
import type { Crewman } from "./crewman.js";

export class Loans {
  readonly #members: ReadonlySet<Crewman>;
  readonly #lent: () => void;
  /** For how many calls each task waits. */
  readonly #waits = new WeakMap<object, number>();

  /** @param lent called when a place has become free. */
  constructor(members: ReadonlySet<Crewman>, lent: () => void) {
    this.#members = members;
    this.#lent = lent;
  }

  /** The running task begins to wait. @returns what ends the loan; `undefined` when no task of this executor asks. */
  lend(): Disposable | undefined {
    const job = jobAmong();
    const member = job && [...this.#members].find(({ port }) => port === (job.host as unknown));
    if (job === undefined || member === undefined) return undefined;
    if (this.#count(job, 1) === 1) member.slots += 1;
    this.#lent();
    return {
      [Symbol.dispose]: () => {
        if (this.#count(job, -1) === 0) member.slots -= 1;
      },
    };
  }

  #count(job: object, by: number): number {
    const waits = (this.#waits.get(job) ?? 0) + by;
    this.#waits.set(job, waits);
    return waits;
  }
}
