/** What `Pool` and `ThreadPool` have in common: Python's pool, over an executor.
 *
 *  Guarantees: every `AsyncResult` settles, also when a worker is killed or the pool is terminated; leaving the pool's
 *  scope (`await using`) lets submitted jobs end, where Python's `with` drops them; workers are started as jobs need them, and
 *  an idle pool does not keep the program alive. */

import { checkCount, checkNames, checkType } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import { waitFor } from "../base/wait-options.js";
import {
  type Executor,
  type ExecutorStats,
  Future,
  InvalidOptionError,
  InvalidStateError,
  ShutdownError,
  type Task,
  TimeoutError,
  type WaitOptions,
} from "../mod.js";
import { checkTask } from "../wire/task-name.js";
import { AsyncResult, checkCallbacks, type ResultCallbacks } from "./async-result.js";
import { CallbackJob } from "./callback-job.js";
import { PoolStream } from "./pool-stream.js";

/** Options of {@link Pool} and {@link ThreadPool}. */
export interface WorkerPoolOptions {
  /** The most workers. @default os.availableParallelism() */
  processes?: number;
  /** Runs in each worker before its first job. When it fails, jobs fail with `BrokenExecutorError`. */
  initializer?: Task<never[], void>;
  /** The arguments of `initializer`. */
  initargs?: readonly unknown[];
  /** Calls after which a worker is replaced. @default no limit */
  maxTasksPerChild?: number;
}

/** How a pool divides its input. */
export interface ChunkOptions {
  /** How many inputs travel together. @default the input's length / (4 × workers), rounded up; measured as it goes
   *  where the input has no length */
  chunkSize?: number;
}

/** Options of `imap` and `imapUnordered`. */
export interface StreamOptions {
  /** How many inputs travel together. @default measured */
  chunkSize?: number;
  /** The most inputs pulled ahead of the consumer. @default 4 × workers × chunk */
  bufferSize?: number;
}

/** What a pool hands to its executor. @internal */
export interface ExecutorPlan {
  readonly maxWorkers?: number;
  readonly initializer?: Task<never[], void>;
  readonly initargs?: readonly unknown[];
  readonly maxTasksPerWorker?: number;
}

/** An input that can be gone through. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** The executor's options that stand for a pool's.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. @internal */
export function planOf(options: number | WorkerPoolOptions): ExecutorPlan {
  const given = typeof options === "object" ? options : { processes: options };
  checkNames("A pool", given, ["processes", "initializer", "initargs", "maxTasksPerChild"]);
  const { processes, initializer, initargs, maxTasksPerChild } = given;
  checkCount("processes", processes, 1);
  checkCount("maxTasksPerChild", maxTasksPerChild, 1);
  if (initializer !== undefined) checkTask("initializer", initializer);
  return {
    ...(processes !== undefined && { maxWorkers: processes }),
    ...(initializer !== undefined && { initializer }),
    ...(initargs !== undefined && { initargs }),
    ...(maxTasksPerChild !== undefined && { maxTasksPerWorker: maxTasksPerChild }),
  };
}

/** A pool takes jobs, then only finishes them, or has dropped them. */
type Phase = { readonly kind: "open" } | { readonly kind: "closed" } | { readonly kind: "terminated" };

/** A pool of workers, as Python's `multiprocessing.Pool`. Made as {@link Pool} or {@link ThreadPool}. */
export abstract class WorkerPool implements AsyncDisposable {
  readonly #executor: Executor;
  readonly #workers: number;
  #phase: Phase = { kind: "open" };
  /** Results that are taken one after another, and whose input has not come to its end. */
  readonly #streams = new Set<PoolStream<unknown>>();
  #ending: Promise<void> | undefined;

  protected constructor(executor: Executor, workers: number) {
    this.#executor = executor;
    this.#workers = workers;
    refuseCopies(this);
  }

  /** Runs `fn(...args)` in a worker and waits for its result: one job at a time. For many use {@link applyAsync} or
   *  {@link map}.
   *
   *  @returns what `fn` returns.
   *  @throws what `fn` threw; ShutdownError (`ERR_SHUTDOWN`) when the pool is closed; and as {@link AsyncResult.get}.
   *  @remarks Cancellation: there is none; {@link applyAsync} gives a wait that can be left.
   *  @example
   *  ```ts
   *  const prime = await pool.apply(isPrime, [7]);
   *  ``` */
  async apply<A extends unknown[], R>(fn: Task<A, R>, args?: A): Promise<Awaited<R>> {
    return this.applyAsync(fn, args);
  }

  /** Submits `fn(...args)`.
   *
   *  @param args copied here and now.
   *  @param callbacks `callback` gets the value, `errorCallback` the error.
   *  @throws ShutdownError (`ERR_SHUTDOWN`) when the pool is closed or terminated; InvalidOptionError
   *  (`ERR_INVALID_OPTION`) for arguments that are no array and callbacks that are no functions. What is wrong with the
   *  call itself, the result tells.
   *  @example
   *  ```ts
   *  const results = urls.map((url) => pool.applyAsync(download, [url], { callback: (file) => console.log(file) }));
   *  for (const result of results) await result.get();
   *  ``` */
  applyAsync<A extends unknown[], R>(
    fn: Task<A, R>,
    args?: A,
    callbacks: ResultCallbacks<Awaited<R>> = {},
  ): AsyncResult<Awaited<R>> {
    this.#checkOpen("applyAsync");
    if (args !== undefined && !Array.isArray(args)) {
      throw new InvalidOptionError("args", "args must be an array of the function's arguments");
    }
    checkCallbacks(callbacks);
    const future = this.#executor.submit(fn, ...((args ?? []) as unknown[] as A));
    const silent = callbacks.callback === undefined && callbacks.errorCallback === undefined;
    return new AsyncResult(silent ? future : new CallbackJob(future, callbacks));
  }

  /** Runs `fn(item)` for each item and waits for all results, in the order of the items.
   *
   *  It fails with the first failure in that order, as soon as everything before it has ended, and what has not started by
   *  then never starts. (Python goes on to the end, only to throw the results away.) To have the rest, use {@link imap}.
   *
   *  @throws what a call or the input threw; ShutdownError (`ERR_SHUTDOWN`) when the pool is closed.
   *  @remarks Cancellation: there is none; {@link mapAsync} gives a wait that can be left.
   *  @example
   *  ```ts
   *  const squares = await pool.map(square, [1, 2, 3]);
   *  ``` */
  async map<T, R>(fn: Task<[T], R>, items: Items<T>, options?: ChunkOptions): Promise<Awaited<R>[]> {
    return this.mapAsync(fn, items, options);
  }

  /** {@link map}, without waiting: the result gives the whole array.
   *
   *  @param options chunk size and callbacks: one call with the whole array, or one with the first error.
   *  @throws ShutdownError (`ERR_SHUTDOWN`) when the pool is closed; InvalidOptionError (`ERR_INVALID_OPTION`). */
  mapAsync<T, R>(
    fn: Task<[T], R>,
    items: Items<T>,
    options: ChunkOptions & ResultCallbacks<Awaited<R>[]> = {},
  ): AsyncResult<Awaited<R>[]> {
    this.#checkOpen("mapAsync");
    checkCallbacks(options);
    return this.#collect(this.#executor.map(fn, items, this.#chunks(items, options)), items, options);
  }

  /** {@link map} for a function of several arguments: runs `fn(...item)` for each item. */
  async starmap<A extends unknown[], R>(
    fn: Task<A, R>,
    items: Items<A>,
    options?: ChunkOptions,
  ): Promise<Awaited<R>[]> {
    return this.starmapAsync(fn, items, options);
  }

  /** {@link mapAsync} for a function of several arguments: runs `fn(...item)` for each item. */
  starmapAsync<A extends unknown[], R>(
    fn: Task<A, R>,
    items: Items<A>,
    options: ChunkOptions & ResultCallbacks<Awaited<R>[]> = {},
  ): AsyncResult<Awaited<R>[]> {
    this.#checkOpen("starmapAsync");
    checkCallbacks(options);
    return this.#collect(this.#executor.starmap(fn, items, this.#chunks(items, options)), items, options);
  }

  /** Runs `fn(item)` for each item and gives the results one after another, in the order of the items, each as soon as it
   *  and all before it are there. Input is pulled as results are taken: an endless one is fine.
   *
   *  @throws ShutdownError (`ERR_SHUTDOWN`) when the pool is closed; InvalidOptionError (`ERR_INVALID_OPTION`).
   *  @remarks Cancellation: see {@link PoolStream}.
   *  @example
   *  ```ts
   *  for await (const page of pool.imap(render, pages())) await save(page);
   *  ``` */
  imap<T, R>(fn: Task<[T], R>, items: Items<T>, options: StreamOptions = {}): PoolStream<Awaited<R>> {
    this.#checkOpen("imap");
    checkType("options", options, "object");
    return this.#stream(fn, items, options, { ordered: true });
  }

  /** {@link imap} that gives each result as soon as it is there, whatever its place. */
  imapUnordered<T, R>(fn: Task<[T], R>, items: Items<T>, options: StreamOptions = {}): PoolStream<Awaited<R>> {
    this.#checkOpen("imapUnordered");
    checkType("options", options, "object");
    return this.#stream(fn, items, options, { ordered: false });
  }

  /** Takes no more jobs; those submitted end, then the workers do. Idempotent. */
  close(): void {
    if (this.#phase.kind !== "open") return;
    this.#phase = { kind: "closed" };
    this.#endWhenPulled();
  }

  /** Drops all jobs and ends the workers now, also amid a job: every result that is not there fails with
   *  `CancelledError`. Idempotent.
   *  @returns resolves when no worker is left. */
  async terminate(): Promise<void> {
    this.#phase = { kind: "terminated" };
    for (const stream of this.#streams) stream.look();
    this.#streams.clear();
    await this.#executor.terminate();
  }

  /** Waits until all jobs have ended and all workers are gone. Results of `imap` that nobody has taken are worked out and
   *  kept, so that they can be taken afterwards.
   *
   *  @param options `timeout` in ms and `signal`, both for the wait alone.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when neither `close()` nor `terminate()` was called before.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @remarks Cancellation: leaving the wait does not touch the jobs.
   *  @example
   *  ```ts
   *  pool.close();
   *  await pool.join();
   *  ``` */
  async join(options: WaitOptions = {}): Promise<void> {
    if (this.#phase.kind === "open") {
      throw new InvalidStateError("Cannot join a pool that still takes jobs: call close() or terminate() first");
    }
    const joined = this.#finish();
    const waited = await waitFor((ready) => {
      joined.then(ready, ready);
      return { [Symbol.dispose]: () => undefined };
    }, options);
    if (waited === "ready") return joined;
    throw new TimeoutError(`The pool's jobs have not ended after ${options.timeout} ms; they go on`);
  }

  /** A frozen snapshot of what is going on. */
  stats(): ExecutorStats {
    return this.#executor.stats();
  }

  /** Leaves the pool: takes no more jobs, lets those submitted end, ends the workers. Streams of `imap` pull no more
   *  input: what they have pulled can still be taken, then they fail with `ShutdownError`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#end();
  }

  #checkOpen(what: string): void {
    if (this.#phase.kind === "open") return;
    throw new ShutdownError(`Cannot ${what}: the pool is ${this.#phase.kind} and takes no more jobs`);
  }

  #chunks(items: unknown, { chunkSize }: ChunkOptions): { readonly chunkSize: number | "auto" } {
    if (chunkSize !== undefined) return { chunkSize };
    const length = lengthOf(items);
    return { chunkSize: length === undefined ? "auto" : Math.max(1, Math.ceil(length / (4 * this.#workers))) };
  }

  #collect<R>(results: PromiseLike<R[]>, items: unknown, callbacks: ResultCallbacks<R[]>): AsyncResult<R[]> {
    const silent = callbacks.callback === undefined && callbacks.errorCallback === undefined;
    // Nothing to wait for: ready at once, as there is no job that could make it so.
    if (lengthOf(items) !== 0 || !silent) return new AsyncResult(new CallbackJob(results, callbacks));
    const { future, resolve } = Future.withResolvers<R[]>();
    resolve([]);
    return new AsyncResult(future);
  }

  #stream<T, R>(
    fn: Task<[T], R>,
    items: Items<T>,
    { chunkSize = "auto", bufferSize }: { readonly chunkSize?: number | "auto"; readonly bufferSize?: number },
    order: { readonly ordered: boolean },
  ): PoolStream<Awaited<R>> {
    const options = { ...order, chunkSize, ...(bufferSize !== undefined && { bufferSize }) };
    const stream: PoolStream<Awaited<R>> = new PoolStream(this.#executor.map(fn, items, options), () => {
      this.#streams.delete(stream);
      this.#endWhenPulled();
    });
    this.#streams.add(stream);
    return stream;
  }

  /** @internal */
  get [STAYS](): string {
    return "a pool belongs to the thread that made it; make one there";
  }

  /** The executor takes the inputs of streams as calls: it must stay open until they are all pulled. */
  #endWhenPulled(): void {
    if (this.#phase.kind === "closed" && this.#streams.size === 0) this.#end().catch(() => undefined);
  }

  #end(): Promise<void> {
    this.#ending ??= this.#executor.shutdown();
    return this.#ending;
  }

  async #finish(): Promise<void> {
    if (this.#phase.kind === "terminated") return this.#executor.terminate();
    await Promise.all([...this.#streams].map((stream) => stream.drain()));
    await this.#end();
  }
}

/** How many items there are, where the input says so. */
function lengthOf(items: unknown): number | undefined {
  if (Array.isArray(items) || typeof items === "string") return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  return ArrayBuffer.isView(items) && "length" in items ? Number(items.length) : undefined;
}
