/** `context()`: what a running task knows about itself.
 *
 *  Guarantees: it belongs to the task that asks, also when several run at once; `cancelled` is right inside a busy loop
 *  (threads read shared memory, processes the page cache); the signal is made only when somebody looks at it. Code that
 *  a task leaves behind when it ends has no context of its own: on a worker of one task at a time it is taken for part of
 *  the next one, elsewhere it finds its ended task or none. `scope.ts` knows which task asks. */
import { CancelledError, InvalidStateError } from "../base/errors.js";
import type { ExecutorKind } from "../futures/mod.js";
import { whoAsks } from "./scope.js";

/** What a running task can ask and tell. */
export interface TaskContext {
  /** Aborts when the call is asked to stop. For tasks that await; a busy loop reads `cancelled` instead. */
  readonly signal: AbortSignal;
  /** Whether the call was asked to stop. Costs some 20 ns in a thread, some 1 µs in a process. */
  readonly cancelled: boolean;
  /** Throws {@link CancelledError} when the call was asked to stop. */
  throwIfCancelled(): void;
  /** Tells the listeners of the call's future, `onProgress`. */
  report(progress: unknown): void;
  /** 1 on the first run, 2 on the first retry, and so on. */
  readonly attempt: number;
  /** Where it runs. */
  readonly worker: { readonly kind: ExecutorKind; readonly id: number; readonly name: string };
  /** When the call's `timeout` ends, ms since the Unix epoch. */
  readonly deadline?: number;
}

/** What a worker keeps for a task that runs, as far as its context needs it. */
export interface RunningTask {
  readonly host: TaskHost;
  /** No two tasks of a host have the same. */
  readonly slot: number;
  readonly args: readonly unknown[];
  readonly attempt: number;
  readonly timeout: number | undefined;
  readonly startedAt: number;
  /** Code that a task leaves behind may still find it when it has ended, and must change nothing. */
  readonly phase: "running" | "ended";
  readonly stopped: { readonly reason: unknown } | undefined;
  context: TaskContext | undefined;
  controller: AbortController | undefined;
}

/** What a task's context needs of its worker. */
export interface TaskHost {
  readonly worker: TaskContext["worker"];
  tookContext(task: RunningTask): void;
  stopRequested(task: RunningTask): boolean;
  progress(task: RunningTask, value: unknown): void;
}

/** The context of the running task.
 *
 *  @throws InvalidStateError (`ERR_INVALID_STATE`) outside a task.
 *  @example
 *  ```ts
 *  export function search(limit: number): number {
 *    const task = context();
 *    let found = 0;
 *    for (let n = 0; n < limit; n += 1) {
 *      if (n % 1024 === 0) task.throwIfCancelled();
 *      if (isPrime(n)) found += 1;
 *    }
 *    return found;
 *  }
 *  ``` */
export function context(): TaskContext {
  const task = whoAsks();
  if (task === undefined) {
    throw new InvalidStateError("context() was called outside a task: it belongs to a function that an executor runs");
  }
  if (task === "one-of-several") {
    throw new InvalidStateError(
      "context() cannot tell which task asks: several run whose functions returned a promise for the first time only now; call context() before the first await, or make the functions async",
    );
  }
  task.context ??= new OwnContext(task);
  return task.context;
}

class OwnContext implements TaskContext {
  readonly #task: RunningTask;
  readonly deadline?: number;

  constructor(task: RunningTask) {
    this.#task = task;
    if (task.timeout !== undefined) this.deadline = task.startedAt + task.timeout;
    if (task.phase === "running") task.host.tookContext(task);
  }

  get signal(): AbortSignal {
    const task = this.#task;
    if (task.controller === undefined) {
      task.controller = new AbortController();
      if (task.stopped !== undefined) task.controller.abort(task.stopped.reason);
    }
    return task.controller.signal;
  }

  get cancelled(): boolean {
    return this.#task.stopped !== undefined || this.#task.host.stopRequested(this.#task);
  }

  throwIfCancelled(): void {
    if (!this.cancelled) return;
    const reason = this.#task.stopped?.reason;
    throw reason instanceof Error ? reason : new CancelledError(undefined, { cause: reason });
  }

  report(progress: unknown): void {
    this.#task.host.progress(this.#task, progress);
  }

  get attempt(): number {
    return this.#task.attempt;
  }

  get worker(): TaskContext["worker"] {
    return this.#task.host.worker;
  }
}
