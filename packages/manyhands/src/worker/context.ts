/** `context()`: what a running task knows about itself.
 *
 *  Guarantees: it belongs to the task that asks, also when several run at once (code that a task leaves behind on a
 *  worker of one task at a time is taken for part of the next one); `cancelled` is right inside a busy loop
 *  (threads read shared memory, processes the page cache); the signal is made only when somebody looks at it. */
import { AsyncLocalStorage } from "node:async_hooks";
import { CancelledError, InvalidStateError } from "../base/errors.js";
import { isThenable } from "../base/thenable.js";
import type { ExecutorKind } from "../futures/mod.js";
import type { Job } from "./job.js";

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

const storage = new AsyncLocalStorage<Job>();
/** The task of a worker that runs one at a time. A plain variable: async storage would cost every await of the task. */
let only: Job | undefined;

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
  // Storage first: a task of this worker may run an event-loop executor of its own, whose tasks are inside it.
  const job = storage.getStore() ?? only;
  if (job === undefined) {
    throw new InvalidStateError("context() was called outside a task: it belongs to a function that an executor runs");
  }
  job.context ??= new JobContext(job);
  return job.context;
}

/** The job whose code runs now, if it is one of several of this thread. */
export function jobAmong(): Job | undefined {
  return storage.getStore();
}

/** Runs the job as the only task of this thread; {@link leaveAlone} ends it. */
export function runAlone(job: Job, run: (...args: never[]) => unknown): unknown {
  only = job;
  return run(...(job.args as never[]));
}

/** The only task of this thread has ended. */
export function leaveAlone(): void {
  only = undefined;
}

/** Runs the job as one of several tasks of this thread. */
export function runAmong(job: Job, run: (...args: never[]) => unknown): unknown {
  return storage.run(job, invoke, run, job.args);
}

function invoke(run: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  const result = run(...(args as never[]));
  // Adopted in here: waiting for a foreign thenable, such as a future, is something the task does.
  return isThenable(result) && !(result instanceof Promise) ? Promise.resolve(result) : result;
}

class JobContext implements TaskContext {
  readonly #job: Job;
  readonly deadline?: number;

  constructor(job: Job) {
    this.#job = job;
    if (job.timeout !== undefined) this.deadline = job.startedAt + job.timeout;
    if (job.phase === "running") job.host.tookContext(job);
  }

  get signal(): AbortSignal {
    const job = this.#job;
    if (job.controller === undefined) {
      job.controller = new AbortController();
      if (job.stopped !== undefined) job.controller.abort(job.stopped.reason);
    }
    return job.controller.signal;
  }

  get cancelled(): boolean {
    return this.#job.stopped !== undefined || this.#job.host.stopRequested(this.#job);
  }

  throwIfCancelled(): void {
    if (!this.cancelled) return;
    const reason = this.#job.stopped?.reason;
    throw reason instanceof Error ? reason : new CancelledError(undefined, { cause: reason });
  }

  report(progress: unknown): void {
    this.#job.host.progress(this.#job, progress);
  }

  get attempt(): number {
    return this.#job.attempt;
  }

  get worker(): TaskContext["worker"] {
    return this.#job.host.worker;
  }
}
