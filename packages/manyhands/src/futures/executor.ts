/** The `Executor` contract: one way to run a function on the event loop, on threads, on processes or on a cluster.
 *
 *  Guarantees every implementation keeps: each future settles; nothing is run twice unless asked for; an error arrives
 *  whole; an idle executor never keeps the program alive; `shutdown` drains and `terminate` stops. */
import type { Future } from "./future.js";
import type { MapResults } from "./map-results.js";

/** A typed name of a function in a module: what {@link moduleRef} gives. It can be submitted like the function. */
export interface FunctionRef<A extends unknown[] = unknown[], R = unknown> {
  /** The module's URL. */
  readonly url: string;
  /** The export's name. */
  readonly name: string;
  /** Never set: it carries the types of the arguments and of the result. */
  readonly [signature]?: (...args: A) => R;
}
declare const signature: unique symbol;

/** What can be submitted: a function (sync or async), or a reference to one. */
export type Task<A extends unknown[], R> = ((...args: A) => R | PromiseLike<R>) | FunctionRef<A, R>;

/** Where an executor runs its tasks. */
export type ExecutorKind = "event-loop" | "thread" | "process" | "cluster";

/** A value whose ownership moves to the receiver instead of being copied. */
export type Transferable = ArrayBuffer | import("node:worker_threads").MessagePort | object;

/** When and how often to run a failed call again. */
export interface RetryOptions {
  /** Further attempts after the first; 0 or more. */
  limit: number;
  /** Pause before the first retry, in ms. @default 0 */
  delay?: number;
  /** Factor by which the pause grows with each retry. @default 2 */
  factor?: number;
  /** Spread each pause evenly over 50–100 % of its length, so that failed calls do not return in step. @default false */
  jitter?: boolean;
  /** Says whether this error is worth another attempt. @default every failure but a cancellation */
  when?: (error: unknown) => boolean;
}

/** What can be asked for a single call. */
export interface CallOptions {
  /** Aborting cancels a pending call (it never starts), and stops a running one: signal, `grace`, worker replaced. */
  signal?: AbortSignal;
  /** The longest running time in ms; time in the queue does not count. */
  timeout?: number;
  /** The longest waiting time in ms before the call starts. */
  queueTimeout?: number;
  /** How long a running call that is asked to stop may take to do so, in ms. @default 1000 */
  grace?: number;
  /** Larger first; calls of one priority in the order of their submits. @default 0 */
  priority?: number;
  /** How often to run a failed call again: a count, or the whole policy. @default 0 */
  retries?: number | RetryOptions;
  /** Also run a call again whose worker died under it: only for work that may safely happen twice. @default false */
  retryOnWorkerLoss?: boolean;
  /** Values that move to the worker instead of being copied; they are unusable here afterwards. */
  transfer?: readonly Transferable[];
  /** Calls of one key run on one worker, one after another, while that worker lives. */
  key?: string;
}

/** What can be asked for a map. */
export interface MapOptions extends CallOptions {
  /** Give results in the order of the inputs; `false`: as they come. @default true */
  ordered?: boolean;
  /** How many inputs travel together; `"auto"` measures. @default "auto" */
  chunkSize?: number | "auto";
  /** The most inputs pulled ahead of the consumer. @default 4 × workers × chunk */
  bufferSize?: number;
}

/** Durations, counted in buckets whose upper bounds double. */
export interface Histogram {
  /** Number of observations. */
  readonly count: number;
  /** Sum of all observations, in ms. */
  readonly sum: number;
  /** Largest observation, in ms. */
  readonly max: number;
  /** Upper bounds of the buckets in ms, ascending; the last is `Infinity`. */
  readonly bounds: readonly number[];
  /** Observations in each bucket (not cumulative), as long as `bounds`. */
  readonly counts: readonly number[];
}

/** A frozen snapshot of an executor. */
export interface ExecutorStats {
  readonly kind: ExecutorKind;
  readonly name: string;
  /** Workers that serve calls: `idle + busy`. */
  readonly workers: number;
  readonly idle: number;
  readonly busy: number;
  /** Workers that are starting. */
  readonly booting: number;
  /** Calls that have not started. */
  readonly queued: number;
  /** Calls that have started and not ended. */
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly retried: number;
  /** Workers that ended unasked since the start. */
  readonly lost: number;
  /** Arguments and results above 1 MB that were copied rather than moved or shared. */
  readonly largeCopies: { readonly count: number; readonly bytes: number };
  /** Time between submit and start. */
  readonly wait: Histogram;
  /** Time between start and end. */
  readonly run: Histogram;
}

/** Whether calls that wait are given to workers. */
export type Flow = "flowing" | "paused";

/** What can be changed of an executor while it works: the local executors can. */
export interface Adjustable {
  readonly flow: Flow;
  /** The most workers there may be; on the event loop the most calls at once, which may be `Infinity`. */
  readonly size: number;
  /** Gives nothing more to workers until {@link resume}: calls that have not started wait, running ones go on. */
  pause(): void;
  /** Goes on after {@link pause}. */
  resume(): void;
  /** Changes {@link size}. */
  resize(size: number): void;
}

/** One way to run functions elsewhere.
 *
 *  @example
 *  ```ts
 *  await using pool = new ThreadPoolExecutor();
 *  const primes = await pool.map(isPrime, [2, 3, 4]);
 *  ``` */
export interface Executor extends AsyncDisposable {
  readonly kind: ExecutorKind;
  /** Runs `fn(...args)` there; the future gives its result. Never throws: what is wrong with the call fails its future. */
  submit<A extends unknown[], R>(fn: Task<A, R>, ...args: A): Future<Awaited<R>>;
  /** Runs `fn(item)` for each item; pulls its input only as results are taken. */
  map<T, R>(fn: Task<[T], R>, items: Iterable<T> | AsyncIterable<T>, options?: MapOptions): MapResults<Awaited<R>>;
  /** Runs `fn(...item)` for each item. */
  starmap<A extends unknown[], R>(
    fn: Task<A, R>,
    items: Iterable<A> | AsyncIterable<A>,
    options?: MapOptions,
  ): MapResults<Awaited<R>>;
  /** The same workers with other options for each call. Shutting the result down shuts down this executor. */
  with(options: CallOptions): Executor;
  /** A frozen snapshot of what is going on. */
  stats(): ExecutorStats;
  /** Takes no more calls, lets those submitted finish (`cancelPending`: cancels those that have not started), ends the
   *  workers. Idempotent. */
  shutdown(options?: { cancelPending?: boolean }): Promise<void>;
  /** Stops everything now; every future settles. Idempotent. */
  terminate(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
