/** One job in an agent: gives its calls to the agent's pool, and tells the client what becomes of them.
 *
 *  Guarantees: every item has one outcome, in whatever way the job is ended; `run()` resolves when all of them have been
 *  handed to `tell`. */
import { CancelledError, WorkerExitedError } from "manyhands";
import type { Again, AnyTask, CallReport, ItemRun, ItemSink, WayIn } from "manyhands/engine";
import { encodeError } from "manyhands/engine";
import type { JobEnvelope, JobRecord } from "./envelope.js";
import { packValue } from "./packed-value.js";
import { localNow, type RedisClock } from "./redis-clock.js";

/** Running time after which the client is told that a job has begun, in ms: of a shorter one it hears soon enough. */
const TELL_AFTER = 3;

export interface AgentJobHost {
  readonly way: WayIn;
  readonly clock: RedisClock;
  /** Of the pool: its workers' names begin with it. */
  readonly pool: string;
  tell(record: JobRecord): void;
}

export class AgentJob implements ItemSink {
  readonly drains = true;
  readonly id: string;
  readonly envelope: JobEnvelope;
  readonly #host: AgentJobHost;
  readonly #settled: Uint8Array;
  #left: number;
  #stop: ((reason: unknown) => void) | undefined;
  #stopped: { readonly reason: unknown } | undefined;
  #done: () => void = () => undefined;

  constructor(id: string, envelope: JobEnvelope, host: AgentJobHost) {
    this.id = id;
    this.envelope = envelope;
    this.#host = host;
    this.#settled = new Uint8Array(envelope.count);
    this.#left = envelope.count;
  }

  /** @param attempt of the task, as its context shall say. */
  run(task: AnyTask, attempt: number): Promise<void> {
    const { timeout, grace, key, args, count, how } = this.envelope;
    if (this.#stopped !== undefined) return this.end(new CancelledError(undefined, { cause: this.#stopped.reason }));
    const limits = timeout === undefined ? {} : { timeout };
    const options = { grace, attempt, ...limits, ...(key === undefined ? {} : { key }) };
    const begun = setTimeout(() => {
      const at = this.#host.clock.shared(since);
      this.#host.tell({ type: "started", job: this.id, at });
    }, TELL_AFTER);
    const since = localNow();
    return new Promise<void>((resolve) => {
      this.#done = () => {
        clearTimeout(begun);
        resolve();
      };
      if (how === "call") this.#call(task, args, options, since);
      else this.#stop = this.#host.way.items(task, args, count, options, this);
    });
  }

  /** Ends it without running it: all items fail. */
  end(reason: unknown): Promise<void> {
    for (let item = 0; item < this.envelope.count; item += 1) this.#reject(item, reason, 0, 0);
    return Promise.resolve();
  }

  /** The same, as work that was begun once and is lost. */
  lose(error: Error, again: Again): Promise<void> {
    for (let item = 0; item < this.envelope.count; item += 1) this.#lost(item, error, 0, again);
    return Promise.resolve();
  }

  /** Asks what runs to stop; what has not begun will not. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#stop?.(reason);
  }

  #call(task: AnyTask, args: readonly unknown[], options: Parameters<WayIn["call"]>[2], since: number): void {
    const future = this.#host.way.call(task, args, options);
    this.#stop = (reason) => void future.abort(reason);
    future.onProgress((value) => this.#progress(value));
    future.then(
      (value) => this.fulfilled(0, value, since, localNow() - since),
      (reason: unknown) => this.#rejected(0, reason, since, localNow() - since),
    );
  }

  fulfilled(item: number, value: unknown, startedAt: number, duration: number): void {
    try {
      const packed = packValue(value, "result", this.envelope.maxPayload);
      const at = this.#host.clock.shared(startedAt);
      this.#settle(item, { type: "value", job: this.id, item, value: packed, at, took: duration });
    } catch (error) {
      this.#reject(item, error, startedAt, duration);
    }
  }

  fulfilledRun(item: number, { values, starts, durations, longest }: ItemRun): void {
    const { clock } = this.#host;
    // Copies: the lists are the worker's again when this returns.
    const shared = starts.map((at) => clock.shared(at));
    this.#settled.fill(1, item, item + values.length);
    this.#left -= values.length;
    this.#host.tell({
      type: "numbers",
      job: this.id,
      item,
      values: values.slice(),
      starts: shared,
      durations: durations.slice(),
      longest,
    });
    if (this.#left === 0) this.#done();
  }

  rejected(item: number, reason: unknown, { startedAt, duration }: CallReport): void {
    this.#rejected(item, reason, startedAt, duration);
  }

  #rejected(item: number, reason: unknown, startedAt: number, duration: number): void {
    // The task may have thrown one that it met in a pool of its own.
    const ours = reason instanceof WorkerExitedError && reason.worker.startsWith(`${this.#host.pool}-`);
    if (ours) this.#lost(item, reason, startedAt, "as-planned");
    else this.#reject(item, reason, startedAt, duration);
  }

  #reject(item: number, reason: unknown, startedAt: number, duration: number): void {
    const at = startedAt > 0 ? this.#host.clock.shared(startedAt) : 0;
    this.#settle(item, { type: "error", job: this.id, item, error: encodeError(reason), at, took: duration });
  }

  #lost(item: number, error: Error, startedAt: number, again: Again): void {
    const at = startedAt > 0 ? this.#host.clock.shared(startedAt) : 0;
    this.#settle(item, { type: "lost", job: this.id, item, error: encodeError(error), at, again });
  }

  #progress(value: unknown): void {
    try {
      const packed = packValue(value, "progress", this.envelope.maxPayload);
      this.#host.tell({ type: "progress", job: this.id, value: packed });
    } catch (error) {
      process.emitWarning(`A progress report of ${this.envelope.name} cannot travel: ${error}`);
    }
  }

  #settle(item: number, record: JobRecord): void {
    if (this.#settled[item] !== 0) return;
    this.#settled[item] = 1;
    this.#left -= 1;
    this.#host.tell(record);
    if (this.#left === 0) this.#done();
  }
}
