/** What a dashboard shows: sums and quantiles by function and worker, what is slow, and what fails.
 *
 *  Guarantees: memory is bounded by the numbers of functions (at most `MOST_FUNCTIONS`, the rest together), live workers and
 *  calls that have not ended; snapshots are plain values that can be cloned and written as JSON. */
import { checkCount, checkDuration, checkNames, checkType } from "../base/options.js";
import type {
  TaskEnded,
  TaskMessage,
  TaskRetrying,
  WatchedExecutor,
  WatchedWorker,
  WorkerMessage,
} from "../pool/watch-messages.js";
import { Activity } from "./activity.js";
import { type ExecutorFacts, type FailureGroup, Failures, factsOf, type SlowCall, SlowCalls } from "./notable-calls.js";
import { type Quantiles, SlidingHistogram } from "./sliding-histogram.js";
import { subscribe } from "./subscribe.js";

export interface AggregateOptions {
  /** Quantiles, rates and slow calls are of so long, in ms. @default 60_000 */
  window?: number;
  /** How many slow calls, and how many groups of failures, are kept. @default 50 */
  keep?: number;
  /** Is told each attempt that has run, as soon as that is heard; should be quick. */
  onRun?: (run: EndedRun) => void;
}

/** An attempt that has run and ended. Times in epoch ms, durations in ms. */
export interface EndedRun {
  /** The call's number. */
  readonly id: number;
  readonly task: string;
  readonly attempt: number;
  readonly worker: WatchedWorker;
  readonly submittedAt: number;
  readonly startedAt: number;
  readonly duration: number;
  /** `retried`: it failed, and there will be another. */
  readonly outcome: "succeeded" | "failed" | "cancelled" | "retried";
  /** {@link FailureGroup.id} of one that failed. */
  readonly failure: number | undefined;
}

/** Calls of one function on one executor. Counts are since the beginning, the rest is of the window. */
export interface FunctionSummary {
  readonly task: string;
  readonly executor: ExecutorFacts;
  readonly submitted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly retried: number;
  /** Attempts that ended a second, over the window, or over the time since the beginning if that is shorter. */
  readonly perSecond: number;
  /** From the submit to the start of each attempt. */
  readonly wait: Quantiles;
  readonly run: Quantiles;
}

export interface WorkerSummary {
  readonly worker: WatchedWorker;
  readonly state: "booting" | "idle" | "busy";
  /** Calls that it has been given and that have not ended. */
  readonly held: number;
  /** Attempts that have ended on it. */
  readonly runs: number;
  /** What these took together, in ms. */
  readonly ranFor: number;
}

export interface ExecutorSummary {
  readonly executor: WatchedExecutor;
  readonly waiting: number;
  readonly atWorkers: number;
  readonly workers: readonly WorkerSummary[];
}

export interface AggregateSnapshot {
  /** Epoch ms. */
  readonly since: number;
  readonly at: number;
  readonly executors: readonly ExecutorSummary[];
  readonly functions: readonly FunctionSummary[];
  /** The slowest attempts of the window, the slowest first. */
  readonly slow: readonly SlowCall[];
  /** Those met last first. */
  readonly failures: readonly FailureGroup[];
}

/** An aggregate that is being kept. */
export interface Aggregate extends Disposable {
  snapshot(): AggregateSnapshot;
}

/** Functions that are told apart; further ones count as `"(others)"`. */
const MOST_FUNCTIONS = 1000;
const OTHERS = "(others)";

/** Keeps, for all executors of this thread and from now on, what a dashboard shows: counts, rates, median, 95th and 99th
 *  percentile of waits and runs for each function, what workers do, the slowest calls, and failures grouped by error.
 *
 *  @returns `snapshot()` gives it as it is now; disposing of it ends the keeping.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for wrong options.
 *  @example
 *  ```ts
 *  using overview = aggregate({ window: 10_000 });
 *  setInterval(() => console.table(overview.snapshot().functions.map(({ task, run }) => ({ task, ...run }))), 1000);
 *  ``` */
export function aggregate(options: AggregateOptions = {}): Aggregate {
  checkNames("aggregate()", options, ["window", "keep", "onRun"]);
  checkType("onRun", options.onRun, "function");
  checkDuration("window", options.window);
  checkCount("keep", options.keep, 1);
  const sums = new Sums(options.window ?? 60_000, options.keep ?? 50, options.onRun);
  const listening = subscribe({
    task: (message) => sums.heardOfTask(message),
    worker: (message) => sums.heardOfWorker(message),
  });
  return { snapshot: () => sums.snapshot(), [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

class FunctionSums {
  readonly task: string;
  readonly executor: ExecutorFacts;
  readonly wait: SlidingHistogram;
  readonly run: SlidingHistogram;
  submitted = 0;
  succeeded = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;

  constructor(task: string, executor: WatchedExecutor, windowMs: number) {
    this.task = task;
    this.executor = factsOf(executor);
    this.wait = new SlidingHistogram(windowMs);
    this.run = new SlidingHistogram(windowMs);
  }
}

class Sums {
  readonly #windowMs: number;
  readonly #since = now();
  readonly #activity = new Activity();
  readonly #functions = new Map<string, FunctionSums>();
  readonly #workers = new WeakMap<WatchedWorker, { runs: number; ranFor: number }>();
  readonly #slow: SlowCalls;
  readonly #failures: Failures;
  readonly #onRun: AggregateOptions["onRun"];

  constructor(windowMs: number, keep: number, onRun: AggregateOptions["onRun"]) {
    this.#windowMs = windowMs;
    this.#onRun = onRun;
    this.#slow = new SlowCalls(keep, windowMs);
    this.#failures = new Failures(keep);
  }

  heardOfTask(message: TaskMessage): void {
    this.#activity.heardOfTask(message);
    const sums = this.#of(message);
    switch (message.type) {
      case "submitted":
        sums.submitted += 1;
        break;
      case "started":
        sums.wait.observe(message.at - message.submittedAt, message.at);
        break;
      case "retrying":
        sums.retried += 1;
        this.#ran(sums, message, "retried", this.#failures.add(message, message.error, "retried"));
        break;
      case "ended":
        sums[message.outcome] += 1;
        this.#ran(
          sums,
          message,
          message.outcome,
          message.outcome === "failed" ? this.#failures.add(message, message.error, "final") : undefined,
        );
        break;
      case "handed":
      case "returned":
        break;
    }
  }

  heardOfWorker(message: WorkerMessage): void {
    this.#activity.heardOfWorker(message);
  }

  #ran(
    sums: FunctionSums,
    message: TaskEnded | TaskRetrying,
    outcome: EndedRun["outcome"],
    failure: number | undefined,
  ): void {
    const { run, at } = message;
    if (run === undefined) return;
    sums.run.observe(run.duration, at);
    this.#slow.add(message, run, at);
    const { runs, ranFor } = this.#workers.get(run.worker) ?? { runs: 0, ranFor: 0 };
    this.#workers.set(run.worker, { runs: runs + 1, ranFor: ranFor + run.duration });
    const { id, task, attempt, submittedAt } = message;
    this.#onRun?.({ id, task, attempt, submittedAt, ...run, outcome, failure });
  }

  #of({ task, executor }: TaskMessage): FunctionSums {
    const key = `${executor.id} ${task}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const name = this.#functions.size < MOST_FUNCTIONS ? task : OTHERS;
    const place = name === task ? key : `${executor.id} ${OTHERS}`;
    const sums = this.#functions.get(place) ?? new FunctionSums(name, executor, this.#windowMs);
    this.#functions.set(place, sums);
    return sums;
  }

  snapshot(): AggregateSnapshot {
    const at = now();
    return {
      since: this.#since,
      at,
      executors: [...this.#activity.executors].map(({ executor, waiting, atWorkers, workers }) => ({
        executor,
        waiting,
        atWorkers,
        workers: [...workers].map(([worker, { phase, held }]) => ({
          worker,
          state: held > 0 ? "busy" : phase === "booting" ? "booting" : "idle",
          held,
          ...(this.#workers.get(worker) ?? { runs: 0, ranFor: 0 }),
        })),
      })),
      functions: [...this.#functions.values()].map((sums) => this.#summary(sums, at)),
      slow: this.#slow.list(at),
      failures: this.#failures.list(),
    };
  }

  #summary({ wait, run, task, executor, ...counts }: FunctionSums, at: number): FunctionSummary {
    const ran = run.quantiles(at);
    const seconds = Math.min(this.#windowMs, Math.max(1, at - this.#since)) / 1000;
    return { task, executor, ...counts, perSecond: ran.count / seconds, wait: wait.quantiles(at), run: ran };
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
