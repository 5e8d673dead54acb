/** Places that tasks lend while they wait for calls of their own executor.
 *
 *  With every place taken by a task that waits, the calls they wait for would never start (CPython documents this
 *  deadlock and leaves it to the programmer). So when all that run wait, one more may start. Only on the event loop: no
 *  other task can reach the executor that runs it.
 *
 *  Guarantees: a task that has ended lends nothing; one that goes on beside what it has submitted lends nothing; as long
 *  as one task makes progress, the limit holds. */
import { type RunningTask, taskAmong } from "../worker/mod.js";
import type { Crewman } from "./crewman.js";

export class Loans {
  readonly #members: ReadonlySet<Crewman>;
  readonly #lent: () => void;
  /** For how many calls each running task waits. */
  readonly #waits = new Map<number, number>();

  /** @param lent called when a place has become free. */
  constructor(members: ReadonlySet<Crewman>, lent: () => void) {
    this.#members = members;
    this.#lent = lent;
  }

  /** The running task begins to wait. @returns what ends the loan; `undefined` when no task of this executor asks. */
  lend(): Disposable | undefined {
    const task = taskAmong();
    const member = task?.phase === "running" ? this.#memberOf(task) : undefined;
    if (task === undefined || member === undefined) return undefined;
    const { slot } = task;
    const waits = this.#waits.get(slot) ?? 0;
    this.#waits.set(slot, waits + 1);
    if (waits === 0) member.lending += 1;
    this.#lent();
    return { [Symbol.dispose]: () => this.#back(member, slot) };
  }

  /** The task in this slot has ended. */
  ended(member: Crewman, slot: number): void {
    if (this.#waits.delete(slot)) member.lending -= 1;
  }

  #memberOf(task: RunningTask): Crewman | undefined {
    for (const member of this.#members) if (member.port === (task.host as unknown)) return member;
    return undefined;
  }

  #back(member: Crewman, slot: number): void {
    const waits = this.#waits.get(slot);
    if (waits === undefined) return;
    if (waits === 1) this.ended(member, slot);
    else this.#waits.set(slot, waits - 1);
  }
}
