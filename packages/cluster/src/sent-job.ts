/** A job as its client keeps it: the calls that travel in it, and which of their items have an outcome.
 *
 *  Guarantees: an item is settled once, whatever arrives twice; positions in the job and in its calls are translated here
 *  alone. */
import type { Call, Runner } from "manyhands/engine";

/** Where a job is. `unsure`: it was sent, and the connection broke before Redis said that it has it. */
export type JobState = "unsent" | "adding" | "unsure" | "added" | "withdrawn";

/** A call, and which items of the job are its. */
export interface Part {
  readonly call: Call;
  readonly from: number;
  readonly count: number;
  /** Items without an outcome. */
  left: number;
}

export class SentJob {
  readonly id: string;
  readonly parts: readonly Part[];
  /** The envelope, as BullMQ will keep it. */
  readonly data: string;
  /** When it was handed over, by `performance.now()`. */
  readonly since: number = performance.now();
  state: JobState = "unsent";
  /** Which agent has begun it; `undefined` when that is not known, or it waits again. */
  runner: Runner | undefined = undefined;
  /** When it began, epoch ms by this process's clock; 0 when it has not. */
  startedAt = 0;
  /** Since when it has been found begun and without a lock, by `performance.now()`. */
  unlockedSince: number | undefined = undefined;
  #left: number;
  readonly #settled: Uint8Array;

  constructor(id: string, calls: readonly Call[], data: string) {
    this.id = id;
    this.data = data;
    let from = 0;
    this.parts = calls.map((call) => {
      const part = { call, from, count: call.count, left: call.count };
      from += call.count;
      return part;
    });
    this.#left = from;
    this.#settled = new Uint8Array(from);
  }

  /** The call that decides for all: they are of one map, or it is alone. */
  get first(): Call {
    return (this.parts[0] as Part).call;
  }

  get over(): boolean {
    return this.#left === 0;
  }

  get begun(): boolean {
    return this.startedAt > 0 || this.#left < this.#settled.length;
  }

  /** Whether it may be started once only. */
  get once(): boolean {
    return this.first.plan.onWorkerLoss === "fail";
  }

  /** Whoever had begun it is gone, and somebody else may begin it again. */
  waitAgain(): void {
    this.runner = undefined;
    this.startedAt = 0;
  }

  /** Notes the outcome of an item. @returns its call; `undefined` when it has one already. */
  settle(item: number): Part | undefined {
    if (this.#settled[item] !== 0) return undefined;
    const part = this.#partOf(item);
    if (part === undefined) return undefined;
    this.#settled[item] = 1;
    this.#left -= 1;
    part.left -= 1;
    return part;
  }

  /** The same for neighbours. @returns their call, when they are of one and none has an outcome. */
  settleRun(item: number, count: number): Part | undefined {
    const part = this.#partOf(item);
    if (part === undefined || item + count > part.from + part.count) return undefined;
    if (this.#settled.subarray(item, item + count).includes(1)) return undefined;
    this.#settled.fill(1, item, item + count);
    this.#left -= count;
    part.left -= count;
    return part;
  }

  /** The call is not waited for any more. */
  drop(part: Part): void {
    this.#settled.fill(1, part.from, part.from + part.count);
    this.#left -= part.left;
    part.left = 0;
  }

  /** Items without an outcome. */
  *open(): IterableIterator<number> {
    for (let item = 0; item < this.#settled.length; item += 1) if (this.#settled[item] === 0) yield item;
  }

  /** The call that the item is of. */
  partAt(item: number): Part {
    return this.#partOf(item) as Part;
  }

  #partOf(item: number): Part | undefined {
    // Most jobs have one, and none has more than some.
    return this.parts.find(({ from, count }) => item >= from && item < from + count);
  }
}
