/** The engine behind `map`: pulls inputs, hands them to an executor, puts the outcomes in order.
 *
 *  Guarantees: never more than `window` inputs are pulled and not yet taken by the consumer; each input is run at most
 *  once by this engine and each outcome delivered once; an error of the input itself appears at its position; closing
 *  cancels what has not started, closes the input, and ends every waiting consumer. */
import { ambientTask, type TaskWait } from "../base/ambient.js";
import { CancelledError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
import { Bundle } from "./bundle.js";
import { Collection } from "./collection.js";
import type { CallReport, Entry, ItemRun, ItemSink, MapHost } from "./map-host.js";
import { closeSource, type Source, sourceOf } from "./map-source.js";

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
  /** As many inputs as may be pulled and not taken; worked out anew each time that inputs are pulled. */
  #window = 1;
  #demand: Demand = "none";
  /** Outcomes that nobody has taken: by index when ordered, else in order of arrival. */
  readonly #byIndex = new Map<number, Entry>();
  readonly #arrived = new RingQueue<Entry>();
  readonly #consumers = new RingQueue<Consumer>();
  #collection: Collection | undefined;
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
    if (this.#pump === "running" || (this.#pulled - this.#taken) * 2 > this.#window) return;
    this.#pump = "running";
    if (this.#source.kind === "sync") this.#pumpSync(this.#source);
    else if (this.#source.kind === "async") return void this.#pumpAsync(this.#source.iterator);
    this.#pump = "idle";
  }

  /** The next outcome, when it is there. */
  takeNow(): Entry | undefined {
    if (this.#demand === "none") this.#demand = "iterating";
    const entry = this.#next();
    if (entry !== undefined) this.pump();
    return entry;
  }

  /** The next outcome; `undefined` when there are no more. Rejects with the input's own error at its position. */
  take(): Promise<Entry | undefined> {
    const entry = this.takeNow();
    if (entry !== undefined) return Promise.resolve(entry);
    const task = ambientTask();
    const wait: TaskWait = { what: "results of a map", cancel: (error) => this.#stop(error) };
    try {
      task?.enter(wait);
    } catch (error) {
      return Promise.reject(error);
    }
    const loan = this.#host.lend();
    const left = (): void => {
      task?.leave(wait);
      loan?.[Symbol.dispose]();
    };
    return new Promise((resolve, reject) => {
      this.#consumers.push({
        resolve: (given) => {
          left();
          resolve(given);
        },
        reject: (reason) => {
          left();
          reject(reason);
        },
      });
      this.pump();
      this.#serve();
    });
  }

  /** All that is left, in one array; rejects with the first failure, which closes the run. */
  async collect(): Promise<unknown[]> {
    if (this.#demand !== "left") this.#demand = "collecting";
    // Whoever waits for a single result was first.
    if (this.#consumers.length > 0) return this.#collectSingly();
    const collection = new Collection(this.#order, this.#taken);
    for (let entry = this.#arrivedEntry(); entry !== undefined; entry = this.#arrivedEntry()) {
      this.#taken += 1;
      if (entry.outcome.status === "fulfilled") collection.fulfilled(entry.index, entry.outcome.value);
      else collection.rejected(entry.index, entry.outcome.reason);
    }
    this.#collection = collection;
    // Resolves with nothing when all has been collected, or a failure ends it.
    await this.take();
    if (collection.failure === undefined) {
      if (this.#demand === "left") throw new CancelledError("The map was left before all of its results were there");
      return collection.values;
    }
    this.close();
    throw collection.failure.reason;
  }

  async #collectSingly(): Promise<unknown[]> {
    const values: unknown[] = [];
    for (let entry = await this.take(); entry !== undefined; entry = await this.take()) {
      if (entry.outcome.status === "rejected") {
        this.close();
        throw entry.outcome.reason;
      }
      values.push(entry.outcome.value);
    }
    return values;
  }

  fulfilled(
    index: number,
    value: unknown,
    startedAt: number,
    duration: number,
    attempt: number,
    workerName: string,
  ): void {
    if (this.#demand === "left") return;
    if (this.#collection !== undefined) {
      this.#collection.fulfilled(index, value);
      return this.#collected(1);
    }
    const report = { startedAt, duration, attempt, workerName };
    this.#arrive({ index, outcome: { status: "fulfilled", value }, report });
  }

  fulfilledRun(index: number, run: ItemRun, attempt: number, workerName: string): void {
    if (this.#demand === "left") return;
    const { values, starts, durations } = run;
    if (this.#collection !== undefined) {
      this.#collection.fulfilledRun(index, values);
      return this.#collected(values.length);
    }
    for (let at = 0; at < values.length; at += 1) {
      this.fulfilled(index + at, values[at], starts[at] ?? 0, durations[at] ?? 0, attempt, workerName);
    }
  }

  rejected(index: number, reason: unknown, report: CallReport): void {
    if (this.#demand === "left") return;
    this.#firstFailure ??= { reason };
    if (this.#collection !== undefined) {
      this.#collection.rejected(index, reason);
      return this.#collected(1);
    }
    this.#arrive({ index, outcome: { status: "rejected", reason }, report });
  }

  #arrive(entry: Entry): void {
    if (this.#order === "ordered") this.#byIndex.set(entry.index, entry);
    else this.#arrived.push(entry);
    this.#serve();
  }

  /** So many more have gone into the collection. */
  #collected(count: number): void {
    this.#taken += count;
    if (this.#collection?.failure !== undefined) return this.#serve();
    if ((this.#pulled - this.#taken) * 2 <= this.#window) this.pump();
    if (this.#taken === this.#pulled) this.#serve();
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
    closeSource(source);
    this.#serve();
    this.#host.ended();
  }

  /** The task that waits for results is cancelled: so is the whole map. */
  #stop(error: CancelledError): boolean {
    if (this.#demand === "left") return false;
    this.#host.stop(this, error.cause ?? error);
    this.close(error);
    return true;
  }

  /** Takes no more input: `error` follows what was pulled already. */
  stopInput(error: unknown): void {
    const source = this.#source;
    if (source.kind !== "sync" && source.kind !== "async") return;
    this.#source = { kind: "failed", error };
    closeSource(source);
    this.#serve();
  }

  #pumpSync({ iterator, list }: Source<T> & { kind: "sync" }): void {
    this.#window = this.#host.window();
    const bundle = new Bundle(this.#host, this);
    try {
      while (this.#source.kind === "sync" && this.#pulled - this.#taken < this.#window) {
        // An array's elements are looked at where they are: asking its iterator takes longer than all else here.
        if (list !== undefined) this.#pulled += bundle.joinFrom(list, this.#pulled, this.#taken + this.#window);
        if (list !== undefined && this.#pulled - this.#taken >= this.#window) break;
        const next = list === undefined ? iterator.next() : elementOf(list, this.#pulled);
        // An input may close its own map.
        if (this.#source.kind !== "sync") break;
        if (next.done === true) this.#source = { kind: "ended" };
        else this.#accept(next.value, bundle);
      }
    } catch (error) {
      if (this.#source.kind === "sync") this.#source = { kind: "failed", error };
    }
    if (this.#demand !== "left") this.#send(bundle, () => bundle.flush());
    this.#serve();
  }

  #accept(item: T, bundle: Bundle<T>): void {
    if (bundle.tryJoin(item, this.#pulled)) {
      this.#pulled += 1;
      return;
    }
    this.#send(bundle, () => {
      bundle.add(item, this.#pulled);
      this.#pulled += 1;
    });
  }

  /** The host may refuse: then there is no more input, and what it refused was never pulled. */
  #send(bundle: Bundle<T>, send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#pulled -= bundle.refused;
      // Also an input that has come to its end: its last items are not going to have outcomes.
      if (this.#source.kind === "ended") this.#source = { kind: "failed", error };
      this.stopInput(error);
    }
  }

  async #pumpAsync(iterator: AsyncIterator<T>): Promise<void> {
    for (;;) {
      this.#window = this.#host.window();
      if (this.#source.kind !== "async" || this.#pulled - this.#taken >= this.#window) break;
      try {
        const next = await iterator.next();
        // Closed while the input was awaited: what came is dropped, for nobody takes its result.
        if (this.#source.kind !== "async") break;
        const bundle = new Bundle(this.#host, this);
        if (next.done === true) this.#source = { kind: "ended" };
        else this.#accept(next.value, bundle);
        this.#send(bundle, () => bundle.flush());
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
      if (entry !== undefined) this.#byIndex.delete(this.#taken);
    } else entry = this.#arrived.shift();
    if (entry !== undefined) this.#taken += 1;
    return entry;
  }

  /** Any entry of the buffer, whether or not it is its turn. */
  #arrivedEntry(): Entry | undefined {
    for (const [index, entry] of this.#byIndex) {
      this.#byIndex.delete(index);
      return entry;
    }
    return this.#arrived.shift();
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
    if (this.#collection?.failure !== undefined) return this.#endConsumers();
    const source = this.#source;
    if ((source.kind !== "ended" && source.kind !== "failed") || this.#taken < this.#pulled) return;
    const consumer = source.kind === "failed" ? this.#consumers.shift() : undefined;
    if (source.kind === "failed" && consumer !== undefined) {
      this.#source = { kind: "ended" };
      consumer.reject(source.error);
    }
    this.#endConsumers();
    if (this.#source.kind === "ended") this.#host.ended();
  }

  #endConsumers(): void {
    for (let consumer = this.#consumers.shift(); consumer !== undefined; consumer = this.#consumers.shift()) {
      consumer.resolve(undefined);
    }
  }
}

/** What the iterator of an array gives, whose elements may change until then. */
function elementOf<T>(list: readonly T[], at: number): IteratorResult<T, undefined> {
  return at < list.length ? { done: false, value: list[at] as T } : { done: true, value: undefined };
}
