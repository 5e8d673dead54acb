/** The engine behind `map`: pulls inputs, hands them to an executor, puts the outcomes in order.
 *
 *  Guarantees: never more than `window` inputs are pulled and not yet taken by the consumer; each input is run at most
 *  once by this engine and each outcome delivered once; an error of the input itself appears at its position; closing
 *  cancels what has not started, closes the input, and ends every waiting consumer. */
import { CancelledError, InvalidOptionError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
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

/** Where the executor puts an item's outcome. */
export interface ItemSink {
  settled(index: number, outcome: Outcome<unknown>, report: CallReport): void;
  /** Whether calls of this map still count as submitted work while the executor drains. */
  readonly drains: boolean;
}

/** What a map needs of an executor. */
export interface MapHost<T> {
  /** Throws when the executor takes no more calls. */
  submit(item: T, index: number, sink: ItemSink): void;
  /** Cancels the calls of `sink` that have not started. */
  abandon(sink: ItemSink, reason: unknown): void;
  /** How many inputs to pull ahead of the consumer, as things are now. */
  window(): number;
  /** A task may wait for its own executor: it lends its place until the loan is disposed of. */
  lend(): Disposable | undefined;
  /** The run has ended: everything was delivered, or it was closed. */
  ended(run: MapRun<T>): void;
}

export interface Entry {
  readonly index: number;
  readonly outcome: Outcome<unknown>;
  readonly report: CallReport;
}

type Source<T> =
  | { readonly kind: "sync"; readonly iterator: Iterator<T> }
  | { readonly kind: "async"; readonly iterator: AsyncIterator<T> }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: unknown };

function sourceOf<T>(items: Iterable<T> | AsyncIterable<T>): Source<T> {
  // Not by `in`, which refuses a string, and a string is an iterable too.
  const { [Symbol.asyncIterator]: forAwait, [Symbol.iterator]: forOf } = Object(items) as Partial<
    Iterable<T> & AsyncIterable<T>
  >;
  if (forAwait !== undefined) return { kind: "async", iterator: forAwait.call(items as AsyncIterable<T>) };
  if (forOf !== undefined) return { kind: "sync", iterator: forOf.call(items as Iterable<T>) };
  throw new InvalidOptionError("items", `items must be an iterable or an async iterable, got ${typeof items}`);
}

interface Consumer {
  resolve(entry: Entry | undefined): void;
  reject(reason: unknown): void;
}

/** Whether somebody takes results, and how: nobody yet, one after another, or all together. */
type Demand = "none" | "iterating" | "collecting" | "left";

export class MapRun<T> implements ItemSink {
  readonly #host: MapHost<T>;
  readonly #order: "ordered" | "as-completed";
  #source: Source<T>;
  #pump: "idle" | "running" = "idle";
  #pulled = 0;
  #taken = 0;
  #demand: Demand = "none";
  /** Outcomes that nobody has taken: by index when ordered, else in order of arrival. */
  readonly #byIndex = new Map<number, Entry>();
  readonly #arrived = new RingQueue<Entry>();
  readonly #consumers = new RingQueue<Consumer>();
  #firstFailure: { readonly reason: unknown } | undefined;

  constructor(host: MapHost<T>, items: Iterable<T> | AsyncIterable<T>, order: "ordered" | "as-completed") {
    this.#host = host;
    this.#order = order;
    this.#source = sourceOf(items);
  }

  get drains(): boolean {
    return this.#demand === "collecting";
  }

  /** Whether there may be more input. */
  get open(): boolean {
    return this.#source.kind === "sync" || this.#source.kind === "async";
  }

  /** The first failure, when nobody ever asked for the results. */
  get unseenFailure(): { readonly reason: unknown } | undefined {
    return this.#demand === "none" ? this.#firstFailure : undefined;
  }

  /** Pulls inputs as far as the window allows, once half of it is free: pulling one input for each result that is taken
   *  would send each of them alone. Called by the host once at the start, then by the run itself. */
  pump(): void {
    if (this.#pump === "running" || (this.#pulled - this.#taken) * 2 > this.#host.window()) return;
    this.#pump = "running";
    if (this.#source.kind === "sync") this.#pumpSync(this.#source.iterator);
    else if (this.#source.kind === "async") return void this.#pumpAsync(this.#source.iterator);
    this.#pump = "idle";
  }

  /** The next outcome; `undefined` when there are no more. Rejects with the input's own error at its position. */
  take(demand: "iterating" | "collecting"): Promise<Entry | undefined> {
    if (this.#demand === "none" || this.#demand === "iterating") this.#demand = demand;
    const entry = this.#next();
    if (entry !== undefined) {
      this.pump();
      return Promise.resolve(entry);
    }
    const loan = this.#host.lend();
    return new Promise((resolve, reject) => {
      this.#consumers.push({
        resolve: (given) => {
          loan?.[Symbol.dispose]();
          resolve(given);
        },
        reject: (reason) => {
          loan?.[Symbol.dispose]();
          reject(reason);
        },
      });
      this.pump();
      this.#serve();
    });
  }

  settled(index: number, outcome: Outcome<unknown>, report: CallReport): void {
    if (this.#demand === "left") return;
    if (outcome.status === "rejected") this.#firstFailure ??= outcome;
    const entry = { index, outcome, report };
    if (this.#order === "ordered") this.#byIndex.set(index, entry);
    else this.#arrived.push(entry);
    this.#serve();
  }

  /** Takes no more input, cancels what has not started, and ends the consumers: with `error` when one is given. */
  close(error?: unknown): void {
    if (this.#demand === "left") return;
    this.#demand = "left";
    const source = this.#source;
    this.#source = error === undefined ? { kind: "ended" } : { kind: "failed", error };
    this.#host.abandon(this, error ?? new CancelledError("The map was left early"));
    // Whatever arrives from now on has no consumer.
    this.#byIndex.clear();
    while (this.#arrived.shift() !== undefined);
    this.#taken = this.#pulled;
    if (source.kind === "sync") this.#closeSource(() => source.iterator.return?.());
    else if (source.kind === "async") this.#closeSource(() => source.iterator.return?.());
    this.#serve();
    this.#host.ended(this);
  }

  /** Takes no more input: `error` follows what was pulled already. */
  stopInput(error: unknown): void {
    const source = this.#source;
    if (source.kind !== "sync" && source.kind !== "async") return;
    this.#source = { kind: "failed", error };
    this.#closeSource(() => source.iterator.return?.());
    this.#serve();
  }

  #pumpSync(iterator: Iterator<T>): void {
    while (this.#source.kind === "sync" && this.#pulled - this.#taken < this.#host.window()) {
      try {
        const next = iterator.next();
        // An input may close its own map.
        if (this.#source.kind === "sync") this.#accept(next);
      } catch (error) {
        if (this.#source.kind === "sync") this.#source = { kind: "failed", error };
      }
    }
    this.#serve();
  }

  #accept(next: IteratorResult<T>): void {
    if (next.done === true) {
      this.#source = { kind: "ended" };
      return;
    }
    try {
      this.#host.submit(next.value, this.#pulled, this);
      this.#pulled += 1;
    } catch (error) {
      this.stopInput(error);
    }
  }

  async #pumpAsync(iterator: AsyncIterator<T>): Promise<void> {
    while (this.#source.kind === "async" && this.#pulled - this.#taken < this.#host.window()) {
      try {
        const next = await iterator.next();
        // Closed while the input was awaited: what came is dropped, for nobody takes its result.
        if (this.#source.kind !== "async") break;
        this.#accept(next);
      } catch (error) {
        if (this.#source.kind === "async") this.#source = { kind: "failed", error };
      }
    }
    this.#pump = "idle";
    this.#serve();
  }

  /** Takes the next deliverable entry out of the buffer. */
  #next(): Entry | undefined {
    let entry: Entry | undefined;
    if (this.#order === "ordered") {
      entry = this.#byIndex.get(this.#taken);
      this.#byIndex.delete(this.#taken);
    } else entry = this.#arrived.shift();
    if (entry !== undefined) this.#taken += 1;
    return entry;
  }

  /** Gives the waiting consumers what there is. */
  #serve(): void {
    let served = false;
    while (this.#consumers.length > 0) {
      const entry = this.#next();
      if (entry === undefined) break;
      served = true;
      this.#consumers.shift()?.resolve(entry);
    }
    if (served) this.pump();
    const source = this.#source;
    if ((source.kind !== "ended" && source.kind !== "failed") || this.#taken < this.#pulled) return;
    let consumer = this.#consumers.shift();
    if (source.kind === "failed" && consumer !== undefined) {
      this.#source = { kind: "ended" };
      consumer.reject(source.error);
      consumer = this.#consumers.shift();
    }
    for (; consumer !== undefined; consumer = this.#consumers.shift()) consumer.resolve(undefined);
    if (this.#source.kind === "ended") this.#host.ended(this);
  }

  /** Runs the input's own clean-up. Its failure is the input's, reported as such, for the consumer has left. */
  #closeSource(close: () => unknown): void {
    Promise.resolve()
      .then(close)
      .catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
  }
}
