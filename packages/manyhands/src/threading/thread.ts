/** `Thread`: one function in a thread of its own, with the life cycle of Python's.
 *
 *  Guarantees: it is one worker with one call, and no pool; `join` tells only that it is over, whatever came of it; an
 *  error of the function goes to whoever asked for its result, else to the excepthook, and never nowhere; a thread that is
 *  no daemon keeps the program alive until it ends, also one that another thread has started.
 *
 *  A thread that a thread has started lives in its starter: what ends the starter abruptly (`terminate()`, `process.exit()`,
 *  an uncaught error) ends both. One whose function has ended in good order stays for those that it has started. A thread
 *  that an executor's task has started lives no longer than the worker of that task. */
import { InvalidOptionError, LifeCycleError, SystemExit } from "../base/errors.js";
import { checkNames, checkType } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Task } from "../futures/executor.js";
import { refuseWhileImporting } from "../wire/importing.js";
import { type AnyTask, checkTask, taskName } from "../wire/task-name.js";
import { threadTable } from "../worker/all-threads.js";
import { threadIdentity } from "../worker/identity.js";
import { planSoloCall } from "../worker/solo-call.js";
import { SoloLife } from "../worker/solo-life.js";
import type { SoloCall, SoloEvents, SoloPort } from "../worker/solo-port.js";
import { SoloThread } from "../worker/solo-thread.js";
import { report } from "./thread-excepthook.js";
import { enlist, strikeOff, type ThreadLike } from "./thread-views.js";

/** Options of a {@link Thread}. */
export interface ThreadOptions {
  /** What it is called in messages. @default "Thread-N (name of the function)" */
  name?: string;
  /** Whether the program may end while it runs. @default what the thread is that makes it */
  daemon?: boolean;
}

/** The arguments of a function, and options after them; they may be left out where the function needs none. */
export type Given<A extends readonly unknown[], O> = [] extends A
  ? [args?: Readonly<A>, options?: O]
  : [args: Readonly<A>, options?: O];

/** A function that runs in a thread of its own.
 *
 *  The function travels as those of executors do: an exported one by reference, another as source if it uses nothing of its
 *  surroundings. Arguments and result are copied. `await using` joins it at the end of the scope, or terminates a daemon.
 *  @example
 *  ```ts
 *  const thread = new Thread(fetchReport, ["2026-01"], { name: "january" });
 *  thread.start();
 *  await thread.join();
 *  ``` */
export class Thread<A extends unknown[] = never[], R = unknown> implements ThreadLike, AsyncDisposable {
  readonly #target: AnyTask;
  readonly #args: readonly unknown[];
  readonly #life: SoloLife<Awaited<R>, SoloPort>;
  #name: string;
  #daemon: boolean;

  /** @param target the function to run.
   *  @param given its arguments, then `name` and `daemon`.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
  constructor(target: Task<A, R>, ...given: Given<A, ThreadOptions>) {
    const [args = [], options = {}] = given as [(readonly unknown[])?, ThreadOptions?];
    checkGiven(target, args, options, "A thread");
    this.#target = target as AnyTask;
    this.#args = args;
    const task = taskName(this.#target);
    this.#name = options.name ?? `Thread-${threadTable().nextNumber("thread")} (${task})`;
    this.#daemon = options.daemon ?? threadIdentity().daemon;
    const self = this;
    this.#life = new SoloLife({
      what: "thread",
      task,
      get name() {
        return self.#name;
      },
      get daemon() {
        return self.#daemon;
      },
      lost: (error) => this.#lost(error),
    });
    refuseCopies(this);
  }

  /** What it is called. Can be set until it is started.
   *  @throws LifeCycleError `ERR_ALREADY_STARTED` when it is set after that. */
  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    checkType("name", name, "string");
    this.#requireNew("rename");
    this.#name = name;
  }

  /** Whether the program may end while it runs. Can be set until it is started.
   *  @throws LifeCycleError `ERR_ALREADY_STARTED` when it is set after that. */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    checkType("daemon", daemon, "boolean");
    this.#requireNew("change the daemon status of");
    this.#daemon = daemon;
  }

  /** Node's thread id; `undefined` before it has been started. */
  get ident(): number | undefined {
    return this.#life.state === "new" ? undefined : this.#life.port.id;
  }

  /** Starts it, once. The arguments are copied before this returns. A function that turns out not to be able to travel
   *  fails the thread, as if it had thrown the `ClosureError` or `FunctionRefError` itself.
   *  @throws LifeCycleError `ERR_ALREADY_STARTED` at the second call.
   *  @throws SerializationError (`ERR_SERIALIZATION`) naming the argument that cannot travel; nothing has been started.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) while a worker is loading a module: put the code that starts threads
   *    under `if (isMain(import.meta))`. */
  start(): void {
    this.#life.requireNew();
    refuseWhileImporting(`Thread ${this.#name} was started`);
    const call = planSoloCall(this.#target, this.#args, "thread");
    this.#life.begin((events) =>
      this.open(call, {
        ...events,
        exited: (exit, cause) => {
          strikeOff(this);
          events.exited(exit, cause);
        },
      }),
    );
    enlist(this);
  }

  /** @internal Makes the worker. */
  protected open(call: SoloCall, events: SoloEvents): SoloPort {
    return new SoloThread(call, this.#name, this.#daemon, events);
  }

  /** Waits until it has ended, or until `timeout` ms have passed: look at `isAlive()` to know. It never throws what the
   *  function threw. Can be called any number of times; a pending call keeps the program alive.
   *
   *  Cancelling ends the wait and nothing else.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started.
   *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts. */
  async join(options?: WaitOptions): Promise<void> {
    await this.#life.over(options);
  }

  /** What the function returned, when it has. Whoever asks before the end takes an error of the function on himself: it
   *  goes here, and not to the excepthook.
   *
   *  Cancelling ends the wait and nothing else.
   *  @throws what the function threw; SerializationError when its result cannot travel.
   *  @throws WorkerExitedError (`ERR_WORKER_EXITED`) when it ended without a result: `terminate()`, `process.exit()`, no
   *    memory.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms; the thread goes on.
   *  @throws LifeCycleError | CancelledError as `join` does. */
  result(options?: WaitOptions): Promise<Awaited<R>> {
    return this.#life.result(options);
  }

  /** What `result` would throw because of the function or its end; `undefined` when the function has returned.
   *  @throws TimeoutError | LifeCycleError | CancelledError as `result` does. */
  exception(options?: WaitOptions): Promise<unknown> {
    return this.#life.exception(options);
  }

  /** Whether it has been started and has not ended. Right also while this thread's own event loop does not turn. */
  isAlive(): boolean {
    return this.#life.state === "alive" && this.#life.port.isAlive();
  }

  /** Ends it at once, with all that it has started, wherever it is; nothing happens when it has ended already. Nobody is
   *  told of it as of an error. Join to know when it is over.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started. */
  terminate(): void {
    this.#life.port.terminate();
  }

  /** Leaves the scope: joins it, or ends a daemon and joins that. One that was never started is left as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.state === "new") return;
    if (this.#daemon) this.terminate();
    await this.join();
  }

  /** @internal */
  get [STAYS](): string {
    return "a thread belongs to the one that started it; send its ident, or share an Event with it";
  }

  #lost(error: unknown): void {
    // The one way to end a thread early that is no failure.
    if (!(error instanceof SystemExit)) report({ error, thread: this });
  }

  #requireNew(verb: string): void {
    if (this.#life.state === "new") return;
    throw new LifeCycleError("ERR_ALREADY_STARTED", `Cannot ${verb} thread ${this.#name}: it has been started`);
  }
}

/** Checks what a thread or process is made of.
 *  @throws InvalidOptionError naming the option. */
export function checkGiven(target: unknown, args: unknown, options: unknown, what: string): void {
  checkTask("target", target);
  if (!Array.isArray(args)) throw new InvalidOptionError("args", "args must be an array of the function's arguments");
  checkNames(what, options as object, ["name", "daemon"]);
  const { name, daemon } = options as ThreadOptions;
  checkType("name", name, "string");
  checkType("daemon", daemon, "boolean");
}
