/** The `Executor` contract over a scheduler: what the three local executors share.
 *
 *  Guarantees: options are checked where they are given; shutting down twice is the same as once; a map that nobody
 *  looked at does not swallow its failure. */

import { CancelledError, InvalidOptionError, ShutdownError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import type {
  CallOptions,
  Executor,
  ExecutorKind,
  ExecutorStats,
  Future,
  MapHost,
  MapOptions,
  Task,
} from "../futures/mod.js";
import { MapResults, MapRun } from "../futures/mod.js";
import type { AnyTask } from "../wire/mod.js";
import { type CallPlan, DEFAULT_PLAN, type MapPlan, planCall, planMap } from "./plan.js";
import type { Scheduler } from "./scheduler.js";
import { snapshot } from "./snapshot.js";

/** What an executor does with a map that has not ended. */
type OpenMap = Pick<MapRun<unknown>, "unseenFailure" | "stopInput" | "close" | "drains" | "open">;

/** Items of a map that travel as one call at most: enough that what a call costs does not count for an item. */
const TOGETHER = 256;

/** What an executor and its `with()` views share. */
export class Engine {
  readonly kind: ExecutorKind;
  readonly name: string;
  readonly maxWorkers: number;
  readonly scheduler: Scheduler;
  readonly #maps = new Set<OpenMap>();
  readonly #signals = new SignalWatch<OpenMap>((run, reason) => {
    run.close(new CancelledError("The map was cancelled", { cause: reason }));
  });
  #mapEnded: (() => void) | undefined;
  #shutdown: Promise<void> | undefined;
  #terminate: Promise<void> | undefined;

  constructor(kind: ExecutorKind, name: string, maxWorkers: number, scheduler: Scheduler) {
    this.kind = kind;
    this.name = name;
    this.maxWorkers = maxWorkers;
    this.scheduler = scheduler;
  }

  map<T, R>(
    task: AnyTask,
    items: Iterable<T> | AsyncIterable<T>,
    plan: MapPlan,
    shape: MapHost<T>["shape"],
    below: (...args: never[]) => unknown,
  ): MapResults<R> {
    const { scheduler } = this;
    const site = scheduler.intake.site(below);
    const joins = scheduler.intake.joins(plan);
    const host: MapHost<T> = {
      shape,
      argsOf: shape === "list" ? argumentsOf : (item) => [item],
      together: () => (joins ? Math.min(TOGETHER, plan.chunk > 0 ? plan.chunk : scheduler.intake.batchOf(task)) : 1),
      submit: (args, count, index, sink) => {
        const refusal = sink.drains && scheduler.phase === "draining" ? undefined : scheduler.refusal();
        if (refusal !== undefined) throw refusal;
        scheduler.intake.submitItems(task, args, count, plan, site, sink, index);
      },
      abandon: (sink, reason) => scheduler.abandon(sink, reason),
      window: () =>
        plan.bufferSize ?? 4 * this.maxWorkers * (plan.chunk > 0 ? plan.chunk : scheduler.intake.batchOf(task)),
      lend: () => scheduler.lend(),
      ended: () => {
        this.#maps.delete(run);
        if (plan.signal !== undefined) this.#signals.remove(plan.signal, run);
        this.#mapEnded?.();
      },
    };
    const run = new MapRun(host, items, plan.order);
    this.#maps.add(run);
    if (plan.signal?.aborted === true) {
      const { reason } = plan.signal;
      // In the next microtask: whoever asked for the map must get it before it is closed.
      queueMicrotask(() => run.close(new CancelledError("The map was cancelled", { cause: reason })));
    } else {
      if (plan.signal !== undefined) this.#signals.add(plan.signal, run);
      run.pump();
    }
    return new MapResults<R>(run);
  }

  shutdown(pending: "finish" | "cancel"): Promise<void> {
    this.#shutdown ??= this.#drainAndClose();
    // Also when it was asked to finish them before: whoever comes later is in more of a hurry.
    if (pending === "cancel") {
      this.#stopMaps();
      this.scheduler.cancelPending();
    }
    return this.#shutdown;
  }

  terminate(): Promise<void> {
    this.#terminate ??= this.#stop();
    return this.#terminate;
  }

  async #drainAndClose(): Promise<void> {
    for (;;) {
      await this.scheduler.drain();
      // Nothing can run any more, so that no map gets to its end by itself.
      if (this.scheduler.phase === "broken") this.#stopMaps();
      // A map that is being collected goes on to its end; one that nobody takes from would never get there.
      if ([...this.#maps].some((run) => run.drains && run.open)) {
        await new Promise<void>((resolve) => {
          this.#mapEnded = resolve;
        });
      } else if (this.scheduler.unsettled === 0) break;
    }
    this.#closeMaps();
    await this.scheduler.close();
  }

  async #stop(): Promise<void> {
    this.#stopMaps();
    await this.scheduler.terminate();
    this.#closeMaps();
  }

  /** Takes no more input: neither for a map that is being collected, nor for one whose input never ends. */
  #stopMaps(): void {
    for (const run of [...this.#maps]) run.stopInput(new ShutdownError(`The executor ${this.name} was shut down`));
    this.#mapEnded?.();
  }

  #closeMaps(): void {
    for (const run of [...this.#maps]) {
      const failure = run.unseenFailure;
      // Nobody ever asked for these results. Node reports the rejection as it does for a promise.
      if (failure !== undefined) void Promise.reject(failure.reason);
    }
    this.#maps.clear();
  }
}

/** The arguments that an item of `starmap` stands for. */
function argumentsOf(item: unknown): readonly unknown[] {
  if (typeof item === "object" && item !== null && Symbol.iterator in item) return [...(item as Iterable<unknown>)];
  throw new InvalidOptionError("items", `starmap takes items that are lists of arguments, got ${typeof item}`);
}

/** An executor, or a view of one with other options for each call. */
export class LocalExecutor implements Executor {
  readonly #engine: Engine;
  readonly #plan: CallPlan;

  /** @internal */
  constructor(engine: Engine, plan: CallPlan = DEFAULT_PLAN) {
    this.#engine = engine;
    this.#plan = plan;
  }

  /** Where tasks run. */
  get kind(): ExecutorKind {
    return this.#engine.kind;
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
    const { scheduler } = this.#engine;
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
    return this.#engine.map(fn as AnyTask, items, plan, "argument", this.map);
  }

  /** Runs `fn(...item)` for each item; otherwise like {@link map}. */
  starmap<A extends unknown[], R>(
    fn: Task<A, R>,
    items: Iterable<A> | AsyncIterable<A>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    const plan = planMap(this.#plan, options);
    return this.#engine.map(fn as AnyTask, items, plan, "list", this.starmap);
  }

  /** The same workers with other options for each call. Shutting the view down shuts down the executor.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option.
   *  @example
   *  ```ts
   *  const hurried = pool.with({ timeout: 500, retries: 2 });
   *  ``` */
  with(options: CallOptions): Executor {
    return new LocalExecutor(this.#engine, planCall(this.#plan, options));
  }

  /** What is going on, frozen. */
  stats(): ExecutorStats {
    return snapshot(this.#engine);
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
    return this.#engine.shutdown(options.cancelPending === true ? "cancel" : "finish");
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
    return this.#engine.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
