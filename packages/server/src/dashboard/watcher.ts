/** Watches the executors of this thread, and says at each tick what differs from the one before.
 *
 *  Guarantees: memory is bounded by what `aggregate` bounds, by the calls that have not ended, and by the bars of one tick;
 *  nothing of a user's values is kept, but for texts of errors. */
import type { Executor } from "manyhands";
import {
  type Aggregate,
  type AggregateSnapshot,
  aggregate,
  type EndedRun,
  subscribe,
  type TaskMessage,
  type WatchedExecutor,
  type WorkerMessage,
  watchedOf,
} from "manyhands/observe";
import { Differences } from "./differences.js";
import { OpenCalls } from "./open-calls.js";
import { Places, sinceOrigin } from "./places.js";
import type { Bar, Changes, Keeps, Progress, Sample, Totals } from "./protocol.js";
import { RecentSpread } from "./recent-spread.js";
import { executorRow, FunctionIds, failureGroup, functionRow, runningCalls, slowCall, workerRow } from "./rows.js";

export interface WatcherOptions {
  /** Epoch ms of time 0. */
  readonly origin: number;
  readonly window: number;
  readonly keeps: Keeps;
  /** Shown also while nothing is known of it. */
  readonly executor: Executor | undefined;
  progress(): Progress | null;
}

/** Bars of one tick; successes leave room for the others. */
const MOST_BARS = 500;
const MOST_SUCCESSES = 400;

type Count = { -readonly [K in keyof Totals]: Totals[K] };

export class Watcher implements Disposable {
  readonly #options: WatcherOptions;
  readonly #aggregate: Aggregate;
  readonly #listening: Disposable;
  readonly #executors = new Map<number, WatchedExecutor>();
  readonly #own: WatchedExecutor | undefined;
  readonly #open = new OpenCalls();
  readonly #places: Places;
  readonly #functions = new FunctionIds();
  readonly #differences = new Differences();
  readonly #wait = new RecentSpread();
  readonly #run = new RecentSpread();
  readonly #totals: Count = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, retried: 0, crashes: 0 };
  #runs: { readonly run: EndedRun; readonly lane: number; readonly row: number }[] = [];
  #leftOut = 0;
  #last: { readonly at: number; readonly ended: number; readonly failed: number };

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#places = new Places(options.origin);
    this.#last = { at: options.origin, ended: 0, failed: 0 };
    this.#own = options.executor === undefined ? undefined : watchedOf(options.executor);
    // First: what is told at a tick is known to it.
    this.#aggregate = aggregate({ window: options.window, onRun: (run) => this.#heardOfRun(run) });
    this.#listening = subscribe({
      task: (message) => this.#heardOfTask(message),
      worker: (message) => this.#heardOfWorker(message),
    });
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    this.#aggregate[Symbol.dispose]();
  }

  /** The executor of this number. */
  executor(id: number): WatchedExecutor | undefined {
    return this.#own?.id === id ? this.#own : this.#executors.get(id);
  }

  /** Stops a call. @returns whether there was anything to stop. */
  cancel(call: number): boolean {
    const open = this.#open.get(call);
    const executor = open === undefined ? undefined : this.executor(open.executor);
    return executor?.abort?.(call, "cancelled at the dashboard") === true;
  }

  #heardOfTask(message: TaskMessage): void {
    this.#open.heard(message);
    switch (message.type) {
      case "submitted":
        this.#executors.set(message.executor.id, message.executor);
        this.#totals.submitted += 1;
        break;
      case "started":
        this.#wait.observe(message.at - message.submittedAt, message.at);
        break;
      case "retrying":
        this.#totals.retried += 1;
        break;
      case "ended":
        this.#totals[message.outcome] += 1;
        break;
      case "handed":
      case "returned":
        break;
    }
  }

  #heardOfWorker(message: WorkerMessage): void {
    const { executor } = message.worker;
    this.#executors.set(executor.id, executor);
    this.#places.heard(message);
    if (message.type === "crashed") this.#totals.crashes += 1;
  }

  #heardOfRun(run: EndedRun): void {
    this.#run.observe(run.duration, run.startedAt + run.duration);
    const place = this.#places.of(run.worker);
    const lane = place.ran(run);
    const most = run.outcome === "succeeded" ? MOST_SUCCESSES : MOST_BARS;
    if (this.#runs.length < most) this.#runs.push({ run, lane, row: place.row });
    else this.#leftOut += 1;
  }

  /** What has changed since it was last asked. */
  changes(): Changes {
    const { origin, window, keeps, progress } = this.#options;
    const snapshot = this.#aggregate.snapshot();
    const { at } = snapshot;
    this.#forget(snapshot);
    const functions = this.#functions.learn(snapshot.functions).flatMap((summary, id) => {
      const row = functionRow(id, summary);
      return this.#differences.changed(`function ${id}`, row) ? [row] : [];
    });
    this.#places.forget(at - window);
    const sample = this.#sample(snapshot);
    const bars = this.#bars();
    const differs = <N extends string, V>(name: N, value: V): { readonly [K in N]?: V } =>
      this.#differences.of(name, value);
    const running = runningCalls(snapshot, this.#places, this.#open, this.#functions, origin, keeps.running);
    return {
      at: sinceOrigin(at, origin),
      ...differs("progress", progress()),
      ...differs("totals", { ...this.#totals }),
      ...differs("executors", this.#executorRows(snapshot)),
      ...differs("running", running),
      ...differs("workers", this.#workerRows(snapshot, running)),
      ...differs("waiting", this.#waiting()),
      ...differs(
        "slow",
        snapshot.slow.map((call) => slowCall(call, this.#functions, origin)),
      ),
      ...differs(
        "failures",
        snapshot.failures.map((group) => failureGroup(group, this.#functions, origin)),
      ),
      ...(functions.length > 0 ? { functions } : {}),
      ...(bars.length > 0 ? { bars } : {}),
      ...differs("barsLeftOut", this.#leftOut),
      sample,
    };
  }

  #executorRows({ executors }: AggregateSnapshot): ReturnType<typeof executorRow>[] {
    const known = executors.map((summary) => executorRow(summary.executor, summary.waiting, summary.atWorkers));
    const own = this.#own;
    if (own === undefined || known.some(({ id }) => id === own.id)) return known;
    return [executorRow(own, 0, 0), ...known];
  }

  #workerRows(snapshot: AggregateSnapshot, running: ReturnType<typeof runningCalls>): ReturnType<typeof workerRow>[] {
    const held = new Map(snapshot.executors.flatMap(({ workers }) => workers.map((each) => [each.worker, each.held])));
    return this.#places.list().map((place) => {
      const current = running.find(({ row }) => row === place.row);
      const began = current?.startedAt;
      if (typeof began === "number") place.worked(began + this.#options.origin, snapshot.at);
      return workerRow(place, place.empty ? 0 : (held.get(place.worker) ?? 0), current, snapshot.at);
    });
  }

  #waiting(): { call: number; fn: number; executor: number; submittedAt: number }[] {
    const { origin, keeps } = this.#options;
    return this.#open.waiting(keeps.waiting).map(({ id, task, executor, submittedAt }) => ({
      call: id,
      fn: this.#functions.of(executor, task),
      executor,
      submittedAt: sinceOrigin(submittedAt, origin),
    }));
  }

  #bars(): Bar[] {
    const { origin } = this.#options;
    const runs = this.#runs;
    this.#runs = [];
    return runs.map(({ run, lane, row }) => ({
      call: run.id,
      row,
      lane,
      fn: this.#functions.of(run.worker.executor.id, run.task),
      attempt: run.attempt,
      submittedAt: sinceOrigin(run.submittedAt, origin),
      startedAt: sinceOrigin(run.startedAt, origin),
      duration: sinceOrigin(run.duration, 0),
      outcome: run.outcome,
      ...(run.failure === undefined ? {} : { failure: run.failure }),
    }));
  }

  #sample({ at, executors }: AggregateSnapshot): Sample {
    const { succeeded, failed, cancelled, retried } = this.#totals;
    const now = { at, ended: succeeded + failed + cancelled, failed: failed + retried };
    const seconds = Math.max(1, at - this.#last.at) / 1000;
    const rate = (count: number): number => Math.round((count / seconds) * 100) / 100;
    const sum = (of: (executor: (typeof executors)[number]) => number): number =>
      executors.reduce((all, executor) => all + of(executor), 0);
    const sample = {
      at: sinceOrigin(at, this.#options.origin),
      perSecond: rate(now.ended - this.#last.ended),
      failedPerSecond: rate(now.failed - this.#last.failed),
      waiting: sum(({ waiting }) => waiting),
      atWorkers: sum(({ atWorkers }) => atWorkers),
      busyWorkers: sum(({ workers }) => workers.filter(({ held }) => held > 0).length),
      wait: this.#wait.spread(at),
      run: this.#run.spread(at),
    };
    this.#last = now;
    return sample;
  }

  /** Executors of which nothing more is heard. */
  #forget({ executors }: AggregateSnapshot): void {
    const alive = new Set(executors.map(({ executor }) => executor.id));
    for (const id of this.#executors.keys()) if (!alive.has(id)) this.#executors.delete(id);
  }
}
