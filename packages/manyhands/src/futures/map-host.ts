/** Between a map and the executor that runs its calls: what the map asks for, and what it is told. */
import type { Outcome } from "./future.js";

/** When and where a call ran. */
export interface CallReport {
  /** Start of the last attempt, ms since the Unix epoch; 0 when it never started. */
  readonly startedAt: number;
  /** Running time of the last attempt, in ms. */
  readonly duration: number;
  /** Number of the last attempt, from 1. */
  readonly attempt: number;
  /** Name of the worker; empty when it never started. */
  readonly workerName: string;
}

/** What neighbouring items came to that ran one after another. The lists are good until whoever is told returns, whatever
 *  else is done until then. */
export interface ItemRun {
  readonly values: Float64Array;
  /** Epoch ms. */
  readonly starts: Float64Array;
  /** In ms. */
  readonly durations: Float64Array;
  /** No item of these ran longer than this, in ms. */
  readonly longest: number;
}

/** Where the executor puts an item's outcome. */
export interface ItemSink {
  fulfilled(
    index: number,
    value: unknown,
    startedAt: number,
    duration: number,
    attempt: number,
    workerName: string,
  ): void;
  /** Neighbouring items, from `index` on. */
  fulfilledRun(index: number, run: ItemRun, attempt: number, workerName: string): void;
  rejected(index: number, reason: unknown, report: CallReport): void;
  /** Whether calls of this map still count as submitted work while the executor drains. */
  readonly drains: boolean;
}

/** What a map needs of an executor. */
export interface MapHost<T> {
  /** Whether an item is one argument, or a list of them. */
  readonly shape: "argument" | "list";
  /** The arguments that an item stands for; throws when it is none. */
  argsOf(item: T): readonly unknown[];
  /** How many items may be submitted together, as things are now. */
  together(): number;
  /** Submits `count` items whose arguments stand one after another. Throws when the executor takes no more calls. */
  submit(args: readonly unknown[], count: number, index: number, sink: ItemSink): void;
  /** Cancels the calls of `sink` that have not started. */
  abandon(sink: ItemSink, reason: unknown): void;
  /** Cancels the calls of `sink`, those too that run, as far as they can be stopped. */
  stop(sink: ItemSink, reason: unknown): void;
  /** How many inputs to pull ahead of the consumer, as things are now. */
  window(): number;
  /** A task may wait for its own executor: it lends its place until the loan is disposed of. */
  lend(): Disposable | undefined;
  /** The run has ended: everything was delivered, or it was closed. */
  ended(): void;
}

/** One outcome of a map, on its way to the consumer. */
export interface Entry {
  readonly index: number;
  readonly outcome: Outcome<unknown>;
  readonly report: CallReport;
}
