/** `Task`: a function that runs beside others on the event loop, and can be cancelled wherever it waits.
 *
 *  A cancellation is an error that is thrown into the task once, at what it waits for, as in Python. It reaches all waits of
 *  this library that the task is in (there is more than one under a `Promise.all`) and whoever listens to the task's signal;
 *  when there are none, the next wait. Nothing can interrupt a foreign promise: see `cancellable` and `Task.signal`.
 *
 *  Guarantees: each request is thrown once, or not at all when it is taken back first; requests of one turn are one error; a
 *  task that has been cancelled before its first step never runs; a task that returns without having waited since it was
 *  cancelled is cancelled, unless it had been given what it waited for in that very turn; `cancelling()` counts requests until
 *  `uncancel()`.
 *  Source of the rules: CPython `asyncio.tasks.Task`. */
import { setMaxListeners } from "node:events";
import { provideTasks, type TaskWait } from "../base/ambient.js";
import { CancelledError, InvalidStateError } from "../base/errors.js";
import { RestingStorage } from "../base/resting-storage.js";
import { isThenable } from "../base/thenable.js";
import { control, Future } from "../futures/future.js";
import { cancellationIn } from "./cancellation.js";
import { isHeard } from "./heard.js";
import { type Loop, systemLoop } from "./loop.js";
import { Requests } from "./requests.js";

const storage = new RestingStorage<Task<unknown>>();
/** What a task starts behind: the end of what runs now. A `then` keeps the values of other storages, and costs less than
 *  `queueMicrotask`, which wraps its function for the sake of hooks. */
const SOON: Promise<void> = Promise.resolve();
/** Those that have not begun, one for each `then`: these come in the order in which they were asked for, so the next is the
 *  one whose turn it is. A function for each task, to know it by, would be garbage that survives. */
let firstToBegin: Task<unknown> | undefined;
let lastToBegin: Task<unknown> | undefined;
let made = 0;
/** The request that is being passed on from a task to the one that it awaits. */
let passedOn: object | undefined;

/** What a task is made of. */
export interface TaskSeed<T> {
  readonly run: () => T | PromiseLike<T>;
  readonly name: string | undefined;
  /** @default that of the current task */
  readonly loop?: Loop;
  /** @default the current task */
  readonly parent?: Task<unknown> | undefined;
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
  /** Its neighbours in the list of the loop. @internal */
  before: Task<unknown> | undefined;
  /** @internal */
  behind: Task<unknown> | undefined;
  /** The name that was given, else that of the function. */
  readonly #called: string;
  /** Behind the name of the function. One that its maker has named has none. */
  readonly #number: number | undefined;
  /** @internal */
  nextToBegin: Task<unknown> | undefined;
  #run: (() => T | PromiseLike<T>) | undefined;
  /** What it waits for: nearly always one thing at a time. */
  #wait: TaskWait | undefined;
  #rare: Rare | undefined;

  /** @internal */
  constructor({ run, name, loop, parent }: TaskSeed<T> = NO_SEED) {
    super(undefined);
    if (typeof run !== "function") {
      throw new InvalidStateError("A Task is not made by new: createTask(), TaskGroup and run() make tasks");
    }
    made += 1;
    // Put together when somebody asks: most names are never read.
    this.#called = name ?? run.name;
    this.#number = name === undefined ? made : undefined;
    this.parent = parent ?? currentTask();
    this.loop = loop ?? this.parent?.loop ?? systemLoop;
    this.#run = run;
    this.#wait = undefined;
    this.#rare = undefined;
    this.before = undefined;
    this.behind = undefined;
    this.nextToBegin = undefined;
    this.loop.tasks.add(this as Task<unknown>);
    void SOON.then(beginNext);
    willBegin(this as Task<unknown>);
  }

  /** As it was given, or that of the function, with a number. */
  get name(): string {
    const called = this.#called || "Task";
    return this.#number === undefined ? called : `${called}-${this.#number}`;
  }

  /** What it waits for just now, of what this library knows: `["Lock.acquire()"]`. Empty when it computes, has ended, or
   *  waits for a foreign promise. */
  get waitingFor(): readonly string[] {
    return this.#waits.map(({ what }) => what);
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
    const { requests, controller } = this.#rarely;
    // Tasks that await each other in a ring would pass it on for ever.
    if (passedOn !== undefined && requests.journey === passedOn) return true;
    requests.journey = passedOn ?? {};
    requests.count += 1;
    if (requests.unknown !== undefined) return true;
    const text = typeof reason === "string" ? `: ${reason}` : "";
    const error = new CancelledError(`The task ${this.name} was cancelled${text}`, { cause: reason });
    requests.ask(error, currentTask() === this ? "itself" : "others");
    const heard = controller !== undefined && isHeard(controller.signal);
    controller?.abort(error);
    // At the end of this turn: what is asked twice, as by two time-outs of the same moment, is thrown once.
    queueMicrotask(() => {
      if (requests.unknown !== error) return;
      if (!this.deliver() && heard) requests.toldBySignal();
    });
    return true;
  }

  /** As {@link cancel}. */
  override abort(reason?: unknown): boolean {
    return this.cancel(reason);
  }

  /** How often it has been asked to end, less what {@link uncancel} took back. */
  cancelling(): number {
    return this.#rare?.requests.count ?? 0;
  }

  /** Whether it has been asked to end in this very turn. @internal */
  get isJustAsked(): boolean {
    return this.#rare?.requests.areFresh ?? false;
  }

  /** Takes one request back: for who has caught the {@link CancelledError} and means to go on. With the last one, what has not
   *  been thrown yet will not be.
   *  @returns how many are left */
  uncancel(): number {
    return this.#rarely.requests.takeBack();
  }

  /** A signal for what knows no tasks, such as `fetch`: it aborts when the task is cancelled.
   *
   *  Take it where it is needed: after a cancellation that the task has survived, and in its `finally`, there is a new one.
   *
   *  Nobody can see whether the task waits for who listens to it. What the signal ends at once, as `fetch`, is taken for it; when
   *  the task comes to its next wait in a later turn, that throws, too. `cancellable((signal) => …)` tells it exactly once.
   *  @example
   *  ```ts
   *  const response = await fetch(url, { signal: currentSignal() });
   *  ``` */
  get signal(): AbortSignal {
    const rare = this.#rarely;
    const { unknown } = rare.requests;
    if (unknown === undefined && rare.controller?.signal.aborted === true) rare.controller = undefined;
    if (rare.controller === undefined) {
      rare.controller = new AbortController();
      // It is there to be given to all that the task does at once: that many listen is no leak.
      setMaxListeners(0, rare.controller.signal);
      if (unknown !== undefined) rare.controller.abort(unknown);
    }
    return rare.controller.signal;
  }

  /** Calls `callback(this)` on a later turn, once the task has ended.
   *  @example
   *  ```ts
   *  task.addDoneCallback((ended) => console.log(ended.name, ended.state));
   *  ``` */
  override addDoneCallback(callback: (task: Task<T>) => void): void {
    const added = callback as (future: Future<T>) => void;
    // A task ends in a turn of its own, so that this is one for whoever has added the callback before.
    if (this.done()) queueMicrotask(() => super.addDoneCallback(added));
    else super.addDoneCallback(added);
  }

  /** Takes back all that was added of this callback. @returns how many there were. */
  override removeDoneCallback(callback: (task: Task<T>) => void): number {
    return super.removeDoneCallback(callback as (future: Future<T>) => void);
  }

  /** Name, state, and what it waits for. */
  override toString(): string {
    const waits = this.waitingFor;
    return `Task ${this.name} <${this.state}${waits.length === 0 ? "" : `, waits for ${waits.join(" and ")}`}>`;
  }

  override get [Symbol.toStringTag](): string {
    return "Task";
  }

  /** As its text: tasks know each other, and a logger would go round and round. */
  toJSON(): string {
    return this.toString();
  }

  /** @internal */
  enter(wait: TaskWait): void {
    this.checkpoint();
    this.#add(wait);
  }

  /** Shows that it waits, where nothing ends the wait early. @returns what to dispose of at its end @internal */
  showing(wait: TaskWait): Disposable {
    // An entry of its own: the task may be in several waits of this kind.
    const entry = { ...wait };
    this.#add(entry);
    return { [Symbol.dispose]: () => this.leave(entry) };
  }

  /** @internal */
  leave(wait: TaskWait): void {
    if (this.#wait === wait) this.#wait = undefined;
    else this.#rare?.more.delete(wait);
  }

  /** @internal */
  checkpoint(): void {
    if (this.#rare === undefined) return;
    const error = this.#rare.requests.atWait();
    if (error !== undefined) throw error;
  }

  /** Ends what it waits for, if it was asked to and does not know: who is about to be given something must not get it then.
   *  @returns whether it knows now. @internal */
  deliver(): boolean {
    if (this.#rare === undefined) return false;
    const { requests } = this.#rare;
    const error = requests.unknown;
    if (error === undefined) return false;
    let known = false;
    const before = passedOn;
    passedOn = requests.journey;
    try {
      for (const wait of this.#waits) known = wait.cancel(error) || known;
    } finally {
      passedOn = before;
    }
    if (known) requests.thrown();
    return known;
  }

  #add(wait: TaskWait): void {
    if (this.#wait === undefined) this.#wait = wait;
    else this.#rarely.more.add(wait);
  }

  get #rarely(): Rare {
    this.#rare ??= new Rare();
    return this.#rare;
  }

  get #waits(): readonly TaskWait[] {
    const first = this.#wait === undefined ? [] : [this.#wait];
    return [...first, ...(this.#rare?.more ?? [])];
  }

  /** @internal */
  begin(): void {
    const run = this.#run;
    // It may hold more than the task does, and is not needed any more.
    this.#run = undefined;
    const error = this.#rare?.requests.unknown;
    if (error !== undefined || run === undefined) {
      this.#end();
      return control.cancel(this, error ?? new CancelledError());
    }
    control.start(this);
    let result: unknown;
    try {
      result = storage.enter<() => unknown, unknown>(this as Task<unknown>, adopt, run);
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
    const error = this.#rare?.requests.atReturn();
    storage.leave();
    this.#end();
    if (error === undefined) control.succeed(this, value);
    else control.cancel(this, error);
  }

  #failed(reason: unknown): void {
    storage.leave();
    this.#end();
    const cancellation = cancellationIn(reason);
    if (cancellation === undefined) control.fail(this, reason);
    else control.cancel(this, cancellation);
  }

  #end(): void {
    this.#wait = undefined;
    this.#rare?.more.clear();
    this.loop.tasks.remove(this as Task<unknown>);
  }

  /** What a wait for it is called. @internal */
  override get waitedAs(): string {
    return `task ${this.name}`;
  }
}

/** Of a task that somebody tries to make by `new`. */
const NO_SEED = {} as TaskSeed<never>;

function willBegin(task: Task<unknown>): void {
  if (lastToBegin === undefined) firstToBegin = task;
  else lastToBegin.nextToBegin = task;
  lastToBegin = task;
}

function beginNext(): void {
  const task = firstToBegin;
  if (task === undefined) return;
  firstToBegin = task.nextToBegin;
  if (firstToBegin === undefined) lastToBegin = undefined;
  task.nextToBegin = undefined;
  task.begin();
}

/** What few tasks have: a million may wait, and what they weigh is what the garbage collector copies. */
class Rare {
  readonly requests: Requests = new Requests();
  /** What it waits for beside the first. */
  readonly more: Set<TaskWait> = new Set();
  controller: AbortController | undefined = undefined;
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
  const task = storage.find();
  return task === undefined || task.done() ? undefined : task;
}

/** The signal of the current task: see {@link Task.signal}. Outside of tasks one that never aborts.
 *
 *  @example
 *  ```ts
 *  const response = await fetch(url, { signal: currentSignal() });
 *  ``` */
export function currentSignal(): AbortSignal {
  // Not one for all: fetch would leave a listener on it each time.
  return currentTask()?.signal ?? new AbortController().signal;
}

/** Runs something in no task. */
export function outside<R>(run: () => R): R {
  // Of one that has ended nothing is found any more: leaving it would switch the hooks on for nothing.
  return currentTask() === undefined ? run() : storage.outside(run);
}

/** Where new tasks and timers go. */
export function currentLoop(): Loop {
  return currentTask()?.loop ?? systemLoop;
}

provideTasks(currentTask, outside);
