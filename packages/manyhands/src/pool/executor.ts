/** The `Executor` contract over an engine: what the three local executors share.
 *
 *  Guarantees: options are checked where they are given. */
import { checkCount } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import type {
  Adjustable,
  CallOptions,
  Executor,
  ExecutorKind,
  ExecutorStats,
  Flow,
  Future,
  ItemSink,
  MapOptions,
  MapResults,
  Task,
} from "../futures/mod.js";
import { type AnyTask, allPrimitive, type ClassSource, type WireFunction } from "../wire/mod.js";
import type { EngineSeat } from "./engine-seat.js";
import { machinery } from "./machinery.js";
import { type CallPlan, DEFAULT_PLAN, planCall, planMap } from "./plan.js";
import { checkLimit } from "./pool-options.js";
import type { Site } from "./sites.js";
import type { WatchedExecutor } from "./watch-messages.js";

/** What is asked for a call that was sent from elsewhere. */
export interface SentOptions extends CallOptions {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
}

/** Of calls that were submitted elsewhere. */
const NOWHERE: Site = Object.freeze({});

/** An executor, or a view of one with other options for each call. */
export class LocalExecutor implements Executor, Adjustable {
  readonly #seat: EngineSeat;
  readonly #plan: CallPlan;

  /** @internal */
  constructor(seat: EngineSeat, plan: CallPlan = DEFAULT_PLAN) {
    this.#seat = seat;
    this.#plan = plan;
    refuseCopies(this);
  }

  /** Where tasks run. */
  get kind(): ExecutorKind {
    return this.#seat.kind;
  }

  /** @internal Works out which export of which module a class is, for executors that make objects of it.
   *  @throws FunctionRefError when its module does not export it. */
  protected classReference(type: ClassSource): Promise<WireFunction> {
    return machinery().classReference(type);
  }

  /** @internal Runs the calls of a bundle, `args` holding the arguments of one after another, and tells the sink of each
   *  item with when it ran. No stack is joined to failures: whoever sent the bundle knows where it was submitted.
   *  @returns what stops all that has not ended. */
  submitItems(
    task: AnyTask,
    args: readonly unknown[],
    count: number,
    options: SentOptions,
    sink: ItemSink,
  ): (reason: unknown) => void {
    const plan = this.#planSent(options);
    const { scheduler } = this.#seat.engine("calls");
    const arity = args.length / count;
    const step = allPrimitive(args) ? scheduler.intake.most(plan) : 1;
    for (let at = 0; at < count; at += step) {
      const items = Math.min(step, count - at);
      const own = args.slice(at * arity, (at + items) * arity);
      scheduler.intake.submitItems(task, own, items, plan, NOWHERE, sink, at);
    }
    return (reason) => scheduler.stop(sink, reason);
  }

  /** @internal The same for one call, whose future is told of progress and can be asked about. */
  submitSent(task: AnyTask, args: readonly unknown[], options: SentOptions): Future<unknown> {
    const { scheduler } = this.#seat.engine("calls");
    const call = scheduler.intake.submit(task, args, this.#planSent(options), NOWHERE);
    return call.future as Future<unknown>;
  }

  #planSent({ attempt, ...options }: SentOptions): CallPlan {
    return { ...planCall(this.#plan, options), attempt };
  }

  /** Runs `fn(...args)` and gives the future of its result. Never throws: what is wrong with the call fails its future.
   *
   *  @param fn an exported function, a self-contained one, or a reference made by `moduleRef`.
   *  @param args are copied here and now for a worker; on the event loop they are passed as they are.
   *  @returns rejects with what the function threw, or with `ClosureError` (`ERR_CLOSURE`), `FunctionRefError`
   *  (`ERR_FUNCTION_REF`), `SerializationError` (`ERR_SERIALIZATION`), `ShutdownError` (`ERR_SHUTDOWN`),
   *  `BrokenExecutorError` (`ERR_BROKEN_EXECUTOR`), `WorkerExitedError` (`ERR_WORKER_EXITED`), `TimeoutError`
   *  (`ERR_TIMEOUT`), `QueueTimeoutError` (`ERR_QUEUE_TIMEOUT`), `CancelledError` (`ERR_CANCELLED`).
   *  @example
   *  ```ts
   *  const future = pool.submit(isPrime, 7);
   *  console.log(await future); // true
   *  ``` */
  submit<A extends unknown[], R>(fn: Task<A, R>, ...args: A): Future<Awaited<R>> {
    const { scheduler } = this.#seat.engine("calls");
    const call = scheduler.intake.submit(fn as AnyTask, args, this.#plan, scheduler.intake.site(this.submit));
    return call.future as Future<Awaited<R>>;
  }

  /** Runs `fn(item)` for each item. Inputs are pulled as results are taken; `await` collects, `for await` streams.
   *
   *  @param items sync or async; pulled at most `bufferSize` ahead of the consumer.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) at once, for a wrong option.
   *  @remarks Cancellation: leaving the results early, or aborting `signal`, cancels what has not started and closes
   *  the input.
   *  @example
   *  ```ts
   *  for await (const page of pool.map(render, pages())) await save(page);
   *  ``` */
  map<T, R>(fn: Task<[T], R>, items: Iterable<T> | AsyncIterable<T>, options: MapOptions = {}): MapResults<Awaited<R>> {
    const plan = planMap(this.#plan, options);
    return this.#seat.engine("calls").map(fn as AnyTask, items, plan, "argument", this.map);
  }

  /** Runs `fn(...item)` for each item; otherwise like {@link map}. */
  starmap<A extends unknown[], R>(
    fn: Task<A, R>,
    items: Iterable<A> | AsyncIterable<A>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    const plan = planMap(this.#plan, options);
    return this.#seat.engine("calls").map(fn as AnyTask, items, plan, "list", this.starmap);
  }

  /** The same workers with other options for each call. Shutting the view down shuts down the executor.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option.
   *  @example
   *  ```ts
   *  const hurried = pool.with({ timeout: 500, retries: 2 });
   *  ``` */
  with(options: CallOptions): Executor {
    return new LocalExecutor(this.#seat, planCall(this.#plan, options));
  }

  /** What is going on, frozen. */
  stats(): ExecutorStats {
    return this.#seat.engine("nothing").stats();
  }

  /** `"paused"` between {@link pause} and {@link resume}. */
  get flow(): Flow {
    return this.#seat.engine("nothing").scheduler.flow;
  }

  /** The most workers there may be; on the event loop the most calls at once, which may be `Infinity`; of a cluster the calls that its
   *  agents run at once, as far as is known. */
  get size(): number {
    return this.#seat.engine("nothing").scheduler.size;
  }

  /** Gives no more calls to workers until {@link resume}. Those that have not started wait, also those that were on their
   *  way to a worker; running ones go on to their end, and more can be submitted. Again is the same as once.
   *
   *  @throws ShutdownError (`ERR_SHUTDOWN`), BrokenExecutorError (`ERR_BROKEN_EXECUTOR`) when it takes no more calls.
   *  @remarks Times in the queue (`queueTimeout`) count on. Calls that wait in a paused executor do not keep the program
   *  alive. `shutdown` resumes, for what is held back would never end.
   *  @example
   *  ```ts
   *  pool.pause();
   *  const results = pool.map(render, pages); // nothing runs yet
   *  pool.resume();
   *  await results;
   *  ``` */
  pause(): void {
    this.#seat.engine("nothing").scheduler.pause();
  }

  /** Goes on after {@link pause}, with the calls in the order in which they would have run. Without a pause: nothing. */
  resume(): void {
    this.#seat.engine("nothing").scheduler.resume();
  }

  /** Changes how many workers there may be; on the event loop, how many calls may run at once. More are started as calls need
   *  them. Of fewer, those that are too many take no more calls, end what they run, and then end themselves; idle ones
   *  go first. Fewer than `minWorkers` is possible: then so many are kept.
   *
   *  @param size 1 or more; on the event loop also `Infinity`.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`); ShutdownError (`ERR_SHUTDOWN`), BrokenExecutorError
   *  (`ERR_BROKEN_EXECUTOR`) when it takes no more calls; InvalidStateError (`ERR_INVALID_STATE`) where workers come and go by
   *  themselves, as those of a cluster do.
   *  @remarks Maps that are under way pull their input for the new number.
   *  @example
   *  ```ts
   *  const night = new Date().getHours() < 6;
   *  pool.resize(night ? 16 : 4);
   *  ``` */
  resize(size: number): void {
    if (this.kind === "event-loop") checkLimit("size", size ?? Number.NaN);
    else checkCount("size", size ?? Number.NaN, 1);
    this.#seat.engine("nothing").scheduler.resize(size);
  }

  /** Takes no more calls, lets those submitted end, then ends the workers. May be called again, and with `cancelPending`
   *  after a call without.
   *
   *  @param options `cancelPending`: cancel the calls that have not started, and take no more input of maps. @default false
   *  @remarks Cancellation: there is none; `terminate()` hastens the end.
   *  @example
   *  ```ts
   *  process.once("SIGTERM", () => void pool.shutdown({ cancelPending: true }));
   *  ``` */
  shutdown(options: { cancelPending?: boolean } = {}): Promise<void> {
    return this.#seat.engine("nothing").shutdown(options.cancelPending === true ? "cancel" : "finish");
  }

  /** Stops everything now: calls that have not ended are cancelled (`CancelledError`, `ERR_CANCELLED`), workers ended.
   *  What runs on the event loop is told through `context().signal`, and left behind. May be called at any time, again too.
   *
   *  @example
   *  ```ts
   *  const timer = setTimeout(() => void pool.terminate(), 10_000);
   *  await pool.shutdown();
   *  clearTimeout(timer);
   *  ``` */
  terminate(): Promise<void> {
    return this.#seat.engine("nothing").terminate();
  }

  /** @internal What messages of `manyhands/observe` call this executor. */
  get watched(): WatchedExecutor {
    return this.#seat.engine("nothing").scheduler.watched;
  }

  /** @internal */
  get [STAYS](): string {
    return "an executor belongs to the thread that made it; make one there";
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
