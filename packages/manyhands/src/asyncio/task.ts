/** `Task`: a function that runs beside others on the event loop, and can be cancelled wherever it waits.
 *
 *  A cancellation is an error that is thrown into the task once, at what it waits for, as in Python. It reaches all waits of
 *  this library that the task is in (there is more than one under a `Promise.all`) and whoever listens to the task's signal;
 *  when there are none, the next wait. Nothing can interrupt a foreign promise: see `cancellable` and `Task.signal`.
 *
 *  Guarantees: each request is thrown once, or not at all when it is taken back first; requests of one turn are one error; a
 *  task that has been cancelled before its first step never runs; a task that returns without having waited since it was
 *  cancelled is cancelled; `cancelling()` counts requests until `uncancel()`.
 *  Source of the rules: CPython `asyncio.tasks.Task`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { inspect } from "node:util";
import { provideTasks, type TaskWait } from "../base/ambient.js";
import { CancelledError } from "../base/errors.js";
import { isThenable } from "../base/thenable.js";
import { control, Future } from "../futures/future.js";
import { isHeard } from "./heard.js";
import { type Loop, systemLoop } from "./loop.js";

const storage = new AsyncLocalStorage<Task<unknown> | undefined>();
/** What a task starts behind: the end of what runs now. A `then` keeps the values of other storages, and costs less than
 *  `queueMicrotask`, which wraps its function for the sake of hooks. */
const SOON: Promise<void> = Promise.resolve();
let made = 0;

/** What a task is made of. */
export interface TaskSeed<T> {
  readonly run: () => T | PromiseLike<T>;
  readonly name: string | undefined;
  readonly loop: Loop;
}

/** A function that runs on the event loop; made by `createTask`, `TaskGroup` and `run`.
 *
 *  It is a {@link Future}: await it, look at its state, add callbacks. Unlike other futures it can be cancelled while it
 *  runs: awaiting it from another task and cancelling that one cancels both.
 *
 *  @example
 *  ```ts
 *  const task = createTask(() => fetchPage(url), { name: "page" });
 *  task.cancel("not needed any more");
 *  await wait([task]);
 *  ``` */
export class Task<T> extends Future<T> {
  /** The task that has made it; `undefined` outside of tasks. */
  readonly parent: Task<unknown> | undefined;
  /** @internal */
  readonly loop: Loop;
  readonly #number: number;
  /** The name that was given, else that of the function. */
  readonly #called: string | undefined;
  readonly #isNamed: "by its maker" | "by its function";
  #run: (() => T | PromiseLike<T>) | undefined;
  #requests = 0;
  /** A cancellation that has been asked for and that the task does not know of yet. */
  #unknown: CancelledError | undefined;
  /** What it waits for: nearly always one thing at a time. */
  #wait: TaskWait | undefined;
  #more: Set<TaskWait> | undefined;
  #controller: AbortController | undefined;

  /** @internal */
  constructor({ run, name, loop }: TaskSeed<T>) {
    super(undefined);
    made += 1;
    this.#number = made;
    this.parent = currentTask();
    this.loop = loop;
    this.#run = run;
    // Put together when somebody asks: most names are never read.
    this.#called = name ?? run.name;
    this.#isNamed = name === undefined ? "by its function" : "by its maker";
    loop.tasks.add(this as Task<unknown>);
    void SOON.then(() => this.#begin());
  }

  /** As it was given, or that of the function, with a number. */
  get name(): string {
    const called = this.#called || "Task";
    return this.#isNamed === "by its maker" ? called : `${called}-${this.#number}`;
  }

  /** What it waits for just now, of what this library knows: `["Lock.acquire()"]`. Empty when it computes, has ended, or
   *  waits for a foreign promise. */
  get waitingFor(): readonly string[] {
    const first = this.#wait === undefined ? [] : [this.#wait];
    return [...first, ...(this.#more ?? [])].map(({ what }) => what);
  }

  /** Asks the task to end: a {@link CancelledError} is thrown where it waits, or where it waits next. It may catch that, clean
   *  up, and even go on.
   *
   *  @param reason becomes the `cause` of the error, and part of its message when it is a string
   *  @returns false when the task has ended already
   *  @remarks Cancellation: a task that has not begun never runs. One that awaits a future or another task cancels that, and
   *  goes on when it has ended.
   *  @example
   *  ```ts
   *  task.cancel("the client has left");
   *  ``` */
  override cancel(reason?: unknown): boolean {
    if (this.done()) return false;
    this.#requests += 1;
    if (this.#unknown !== undefined) return true;
    const text = typeof reason === "string" ? `: ${reason}` : "";
    const error = new CancelledError(`The task ${this.name} was cancelled${text}`, { cause: reason });
    this.#unknown = error;
    const heard = this.#controller !== undefined && isHeard(this.#controller.signal);
    this.#controller?.abort(error);
    // At the end of this turn: what is asked twice, as by two time-outs of the same moment, is thrown once.
    queueMicrotask(() => this.#deliver(error, heard));
    return true;
  }

  /** As {@link cancel}. */
  override abort(reason?: unknown): boolean {
    return this.cancel(reason);
  }

  /** How often it has been asked to end, less what {@link uncancel} took back. */
  cancelling(): number {
    return this.#requests;
  }

  /** Takes one request back: for who has caught the {@link CancelledError} and means to go on. With the last one, what has not
   *  been thrown yet will not be.
   *  @returns how many are left */
  uncancel(): number {
    this.#requests = Math.max(0, this.#requests - 1);
    if (this.#requests === 0) this.#unknown = undefined;
    return this.#requests;
  }

  /** A signal for what knows no tasks, such as `fetch`: it aborts when the task is cancelled.
   *
   *  Take it where it is needed: after a cancellation that the task has survived, and in its `finally`, there is a new one.
   *  @example
   *  ```ts
   *  const response = await fetch(url, { signal: currentTask()?.signal });
   *  ``` */
  get signal(): AbortSignal {
    if (this.#unknown === undefined && this.#controller?.signal.aborted === true) this.#controller = undefined;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // It is there to be given to all that the task does at once: that many listen is no leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#unknown !== undefined) this.#controller.abort(this.#unknown);
    }
    return this.#controller.signal;
  }

  /** Calls `callback(this)` on a later turn, once the task has ended. */
  override addDoneCallback(callback: (future: Future<T>) => void): void {
    // A task ends in a turn of its own, so that this is one for whoever has added the callback before.
    if (this.done()) queueMicrotask(() => super.addDoneCallback(callback));
    else super.addDoneCallback(callback);
  }

  /** @internal */
  enter(wait: TaskWait): void {
    this.checkpoint();
    if (this.#wait === undefined) this.#wait = wait;
    else {
      this.#more ??= new Set();
      this.#more.add(wait);
    }
  }

  /** @internal */
  leave(wait: TaskWait): void {
    if (this.#wait === wait) this.#wait = undefined;
    else this.#more?.delete(wait);
  }

  /** @internal */
  checkpoint(): void {
    const error = this.#unknown;
    if (error === undefined) return;
    this.#unknown = undefined;
    throw error;
  }

  #deliver(error: CancelledError, heard: boolean): void {
    if (this.#unknown !== error) return;
    const waits = this.#wait === undefined ? [] : [this.#wait];
    let known = heard;
    for (const wait of [...waits, ...(this.#more ?? [])]) known = wait.cancel(error) || known;
    if (known) this.#unknown = undefined;
  }

  #begin(): void {
    const run = this.#run;
    if (this.#unknown !== undefined || run === undefined) {
      return this.#end(() => control.cancel(this, this.#unknown ?? new CancelledError()));
    }
    control.start(this);
    let result: unknown;
    try {
      result = storage.run(this, adopt, run);
    } catch (reason) {
      return this.#failed(reason);
    }
    if (!(result instanceof Promise)) return this.#returned(result);
    void result.then(
      (value) => this.#returned(value),
      (reason: unknown) => this.#failed(reason),
    );
  }

  #returned(value: unknown): void {
    const error = this.#unknown;
    this.#end(() => (error === undefined ? control.succeed(this, value) : control.cancel(this, error)));
  }

  #failed(reason: unknown): void {
    this.#end(() => (reason instanceof CancelledError ? control.cancel(this, reason) : control.fail(this, reason)));
  }

  #end(settle: () => void): void {
    this.#run = undefined;
    this.#wait = undefined;
    this.#more = undefined;
    this.loop.tasks.delete(this as Task<unknown>);
    settle();
  }

  static {
    Object.defineProperty(Task.prototype, inspect.custom, {
      value(this: Task<unknown>): string {
        const waits = this.waitingFor;
        return `Task ${this.name} <${this.state}${waits.length === 0 ? "" : `, waits for ${waits.join(" and ")}`}>`;
      },
    });
  }
}

/** Inside the task: waiting for a foreign thenable, such as a future, is something that the task does. */
function adopt(run: () => unknown): unknown {
  const result = run();
  return isThenable(result) && !(result instanceof Promise) ? Promise.resolve(result) : result;
}

/** The task whose code runs now; `undefined` outside of tasks.
 *
 *  @example
 *  ```ts
 *  const name = currentTask()?.name ?? "no task";
 *  ``` */
export function currentTask(): Task<unknown> | undefined {
  const task = storage.getStore();
  return task === undefined || task.done() ? undefined : task;
}

/** Runs something in no task. */
export function outside<R>(run: () => R): R {
  return storage.getStore() === undefined ? run() : storage.run(undefined, run);
}

/** Where new tasks and timers go. */
export function currentLoop(): Loop {
  return currentTask()?.loop ?? systemLoop;
}

provideTasks(currentTask, outside);
