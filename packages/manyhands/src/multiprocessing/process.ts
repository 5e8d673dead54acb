/** `Process`: one function in a process of its own, with the life cycle of Python's.
 *
 *  Guarantees: arguments that cannot travel throw in `start()`, before anything is started; the parent stays alive for a
 *  child that is no daemon, and ends its daemons when it ends in good order; no child outlives its parent, however that
 *  ended, even by SIGKILL; a signal never reaches a process that is not the child.
 *
 *  Unlike Python's, daemons may have children themselves, which end with them. A process belongs to the thread that started
 *  it, and ends with that thread as it does with the parent; nobody is left then to read its exit code, so that the system
 *  lists it until the program ends. */
import { constants } from "node:os";
import { inspect } from "node:util";
import { LifeCycleError } from "../base/errors.js";
import { checkType } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { Waitable } from "../base/waitable.js";
import type { Task } from "../futures/executor.js";
import { checkGiven, type Given } from "../threading/thread.js";
import { refuseWhileImporting } from "../wire/importing.js";
import { type AnyTask, taskName } from "../wire/task-name.js";
import { threadTable } from "../worker/all-threads.js";
import { processIdentity } from "../worker/identity.js";
import { planSoloCall } from "../worker/solo-call.js";
import { SoloLife } from "../worker/solo-life.js";
import { SoloProcess } from "../worker/solo-process.js";
import { addChild, type ProcessLike, removeChild } from "./process-family.js";
import { Sentinel } from "./process-sentinel.js";

/** Options of a {@link Process}. */
export interface ProcessOptions {
  /** What it is called in messages. @default "Process-N", after the parent's own number where that is a child itself */
  name?: string;
  /** Whether it is ended when the parent ends, instead of being waited for. @default what the process is that makes it */
  daemon?: boolean;
}

/** A function that runs in a process of its own.
 *
 *  The function travels as those of executors do; arguments and result are copied. What the process prints goes where this
 *  one's output goes. `await using` joins it at the end of the scope, or terminates a daemon, and closes it.
 *
 *  Its exit code: 0 when the function has returned (or `process.exitCode`); 1 when it threw, with the stack on the standard
 *  error output; n after `process.exit(n)` and `throw new SystemExit(n)`; -N when signal N ended it.
 *  @example
 *  ```ts
 *  const child = new Process(render, ["a.scene"], { name: "renderer" });
 *  child.start();
 *  await child.join();
 *  console.log(child.exitCode);
 *  ``` */
export class Process<A extends unknown[] = never[], R = unknown> implements ProcessLike, AsyncDisposable {
  readonly #target: AnyTask;
  readonly #args: readonly unknown[];
  readonly #life: SoloLife<Awaited<R>, SoloProcess>;
  readonly #path: string;
  #name: string;
  #daemon: boolean;
  #sentinel: Sentinel | undefined;
  #access: "open" | "closed" = "open";

  /** @param target the function to run.
   *  @param given its arguments, then `name` and `daemon`.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
  constructor(target: Task<A, R>, ...given: Given<A, ProcessOptions>) {
    const [args = [], options = {}] = given as [(readonly unknown[])?, ProcessOptions?];
    checkGiven(target, args, options, "A process");
    this.#target = target as AnyTask;
    this.#args = args;
    const { path, daemon } = processIdentity();
    this.#path = [path, threadTable().nextNumber("process")].filter((part) => part !== "").join(":");
    this.#name = options.name ?? `Process-${this.#path}`;
    this.#daemon = options.daemon ?? daemon;
    const self = this;
    this.#life = new SoloLife({
      what: "process",
      task: taskName(this.#target),
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

  /** Whether it is ended when this process ends, instead of being waited for. Can be set until it is started.
   *  @throws LifeCycleError `ERR_ALREADY_STARTED` when it is set after that. */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    checkType("daemon", daemon, "boolean");
    this.#requireNew("change the daemon status of");
    this.#daemon = daemon;
  }

  /** Its process id; `undefined` before it has been started.
   *  @throws LifeCycleError `ERR_CLOSED` after `close()`, as every method and property below. */
  get pid(): number | undefined {
    this.#requireOpen();
    return this.#life.state === "new" ? undefined : this.#life.port.id;
  }

  /** The same as `pid`. */
  get ident(): number | undefined {
    return this.pid;
  }

  /** How it ended; `undefined` before the start and while it is alive. See {@link Process}. */
  get exitCode(): number | undefined {
    this.#requireOpen();
    const { exit } = this.#life;
    if (exit === undefined) return undefined;
    // Neither code nor signal: it could not be started.
    return exit.signal === null ? (exit.exitCode ?? 1) : -constants.signals[exit.signal as NodeJS.Signals];
  }

  /** Becomes ready when it has ended, for `connection.wait` of this module.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started. */
  get sentinel(): Waitable {
    this.#requireOpen();
    this.#sentinel ??= new Sentinel(this.#life);
    return this.#sentinel;
  }

  /** Starts it, once. The arguments are copied before this returns. A function that turns out not to be able to travel fails
   *  the process, as if it had thrown the `ClosureError` or `FunctionRefError` itself.
   *  @throws LifeCycleError `ERR_ALREADY_STARTED` at the second call.
   *  @throws SerializationError (`ERR_SERIALIZATION`) naming the argument that cannot travel; nothing has been started.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) while a worker is loading a module: put the code that starts processes
   *    under `if (isMain(import.meta))`. */
  start(): void {
    this.#requireOpen();
    this.#life.requireNew();
    refuseWhileImporting(`Process ${this.#name} was started`);
    const call = planSoloCall(this.#target, this.#args, "process");
    const { name: parent } = processIdentity();
    const identity = {
      name: this.#name,
      daemon: this.#daemon,
      path: this.#path,
      parent: { name: parent, pid: process.pid },
    };
    this.#life.begin((events) => {
      const exited: typeof events.exited = (exit, cause) => {
        removeChild(this);
        events.exited(exit, cause);
      };
      return new SoloProcess(call, identity, { ...events, exited });
    });
    addChild(this);
  }

  /** Waits until it has ended, or until `timeout` ms have passed: look at `exitCode` to know. It never throws what the
   *  function threw. Can be called any number of times; a pending call keeps the program alive. It never waits for anybody
   *  to empty a queue.
   *
   *  Cancelling ends the wait and nothing else.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started, `ERR_CLOSED` after `close()`.
   *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts. */
  async join(options?: WaitOptions): Promise<void> {
    this.#requireOpen();
    await this.#life.over(options);
  }

  /** What the function returned, once the process has ended.
   *
   *  Cancelling ends the wait and nothing else.
   *  @throws what the function threw; SerializationError when its result cannot travel.
   *  @throws WorkerExitedError (`ERR_WORKER_EXITED`) when it ended without a result: a signal, `process.exit()`, no memory.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms; the process goes on.
   *  @throws LifeCycleError | CancelledError as `join` does. */
  async result(options?: WaitOptions): Promise<Awaited<R>> {
    this.#requireOpen();
    return await this.#life.result(options);
  }

  /** What `result` would throw because of the function or its end; `undefined` when the function has returned.
   *  @throws TimeoutError | LifeCycleError | CancelledError as `result` does. */
  async exception(options?: WaitOptions): Promise<unknown> {
    this.#requireOpen();
    return await this.#life.exception(options);
  }

  /** Whether it has been started and has not ended, as far as this process has heard. */
  isAlive(): boolean {
    this.#requireOpen();
    return this.#life.state === "alive";
  }

  /** Sends SIGTERM, which ends it at once unless it has a handler: no `finally`, no exit handlers. Its own children end with
   *  it. What it holds of shared locks is given up for it. Nothing happens when it has ended already.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started. */
  terminate(): void {
    this.#signal("SIGTERM");
  }

  /** Sends SIGKILL, which nothing can handle.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** Does to it what Ctrl-C does to a program, which children are spared: its handlers of SIGINT run, and without one it ends
   *  with exit code -2. As every handler, they run when its event loop turns.
   *  @throws LifeCycleError `ERR_NOT_STARTED` before it has been started. */
  interrupt(): void {
    this.#requireOpen();
    this.#life.port.post({ type: "interrupt" });
  }

  /** Gives up the object: every use of it but its name, `daemon` and `close()` throws from now on. The second call is fine.
   *  @throws LifeCycleError `ERR_STILL_ALIVE` while the process is alive. */
  close(): void {
    if (this.#access === "closed") return;
    if (this.isAlive()) {
      throw new LifeCycleError(
        "ERR_STILL_ALIVE",
        `Cannot close process ${this.#name} (pid ${this.pid}): it is alive; join it, or terminate and join it, before`,
      );
    }
    this.#access = "closed";
  }

  /** Leaves the scope: joins it, or terminates a daemon and joins that; then closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#access === "closed") return;
    if (this.#life.state !== "new") {
      if (this.#daemon) this.terminate();
      await this.join();
    }
    this.close();
  }

  /** @internal */
  get [STAYS](): string {
    return "a process belongs to the thread that started it; send its pid, or share an Event with it";
  }

  #signal(signal: NodeJS.Signals): void {
    this.#requireOpen();
    this.#life.port.signal(signal);
  }

  #lost(error: unknown): void {
    // The child has told its failure itself, unless there never was one.
    if (this.#life.port.id !== undefined) return;
    process.stderr.write(`Process ${this.#name} could not be started:\n${inspect(error)}\n`);
  }

  #requireNew(verb: string): void {
    if (this.#life.state === "new") return;
    throw new LifeCycleError("ERR_ALREADY_STARTED", `Cannot ${verb} process ${this.#name}: it has been started`);
  }

  #requireOpen(): void {
    if (this.#access === "open") return;
    throw new LifeCycleError("ERR_CLOSED", `Process ${this.#name} has been closed`);
  }
}
