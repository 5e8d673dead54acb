/** `run`: from a program, or a call in a worker, into tasks, and back when all of them have ended.
 *
 *  Guarantees: when it settles no task of it is left; what is left when the main function ends is cancelled, and its clean-up
 *  is awaited; an abort of the signal, and Ctrl-C, cancel the main task; when nothing is left that could wake any task, it
 *  fails and shows them instead of letting the program end without a word.
 *  Source of the rules: CPython `asyncio.runners`. */
import type { Clock } from "../base/clock.js";
import { systemClock } from "../base/clock.js";
import { InvalidStateError } from "../base/errors.js";
import { checkNames, checkSignal, checkType } from "../base/options.js";
import { SignalWatch } from "../base/signal-watch.js";
import { control } from "../futures/future.js";
import { wait } from "../futures/wait.js";
import { checkWork, type Work } from "./create-task.js";
import { DeadlockError } from "./errors.js";
import { Loop } from "./loop.js";
import { currentTask, Task } from "./task.js";
import { formatTasks } from "./task-tree.js";

/** Options of {@link run}. */
export interface RunOptions {
  /** Aborting cancels the main task. */
  signal?: AbortSignal;
  /** The time of the tasks. @default the machine's own */
  clock?: Clock;
  /** The name of the main task. @default main */
  name?: string;
  /** What Ctrl-C does: `cancel` the main task, whose clean-up runs before the program ends by the signal; or `leave` it to
   *  others. Who listens to SIGINT already is left alone. @default cancel */
  onInterrupt?: "cancel" | "leave";
}

/** Runs a function as a task, and waits for it and all that it has started.
 *
 *  @param main called without arguments
 *  @returns what `main` returns, once no task of it is left
 *  @throws CancelledError (`ERR_CANCELLED`) when it was cancelled, DeadlockError (`ERR_DEADLOCK`), which shows the tasks, when
 *    nothing is left that could wake them, InvalidStateError (`ERR_INVALID_STATE`) inside of a task, which is a part of a run
 *    already, InvalidOptionError (`ERR_INVALID_OPTION`), and what `main` throws
 *  @remarks Cancellation: a second Ctrl-C ends the program at once. After the first what stands behind this call, a `finally`
 *  around it too, is not reached: the program has ended.
 *  @example
 *  ```ts
 *  const sizes = await run(async () => {
 *    const tasks = urls.map((url) => createTask(() => sizeOf(url)));
 *    return gather(...tasks);
 *  });
 *  ``` */
export async function run<T>(main: Work<T>, options: RunOptions = {}): Promise<Awaited<T>> {
  checkWork("main", main);
  checkNames("run", options, ["signal", "clock", "name", "onInterrupt"]);
  checkSignal("signal", options.signal);
  checkType("name", options.name, "string");
  if (currentTask() !== undefined) {
    throw new InvalidStateError("Cannot run: this is a task of a run already; await the function, or use createTask()");
  }
  return new Run<Awaited<T>>(main as Work<Awaited<T>>, options).result();
}

/** Shared by all runs: a service has one signal for all that it answers. */
const aborts = new SignalWatch<Run<unknown>>((one, reason) => one.abort(reason));

/** The runs that go on. The listeners are there while there are any. */
const active = new Set<Run<unknown>>();

type RunState =
  | { readonly type: "running" }
  | { readonly type: "stuck"; readonly error: DeadlockError }
  | { readonly type: "interrupted" };

class Run<T> {
  readonly #loop: Loop;
  readonly #main: Task<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #onInterrupt: "cancel" | "leave";
  /** Rejected when the tasks cannot even be cancelled. */
  readonly #lost: Promise<never>;
  #giveUp: (error: DeadlockError) => void = () => undefined;
  #state: RunState = { type: "running" };

  constructor(main: Work<T>, { signal, clock = systemClock, name = "main", onInterrupt = "cancel" }: RunOptions) {
    this.#loop = new Loop(clock);
    this.#main = new Task<T>({ run: main, name, loop: this.#loop });
    this.#signal = signal;
    this.#onInterrupt = onInterrupt;
    this.#lost = new Promise((_, reject) => {
      this.#giveUp = reject;
    });
  }

  async result(): Promise<T> {
    using _ = this.#listening();
    // Until it is awaited below: what it fails with is told there.
    control.observe(this.#main);
    await Promise.race([this.#ended(), this.#lost]);
    if (this.#main.cancelled()) {
      if (this.#state.type === "stuck") throw this.#state.error;
      if (this.#state.type === "interrupted") endBySignal(this as Run<unknown>);
    }
    return this.#main;
  }

  /** Until no task is left. Cleaning up may make new ones. */
  async #ended(): Promise<void> {
    await wait([this.#main]);
    while (this.#loop.tasks.first !== undefined) {
      const left = [...this.#loop.tasks];
      // Those, too, that have been asked before, for they may have survived it; but who was asked just now cleans up.
      for (const task of left) if (!task.isJustAsked) task.cancel("its run has ended");
      // Not `wait`: it would take their failures upon itself, and these must be reported.
      await Promise.all(left.map((task) => new Promise<void>((ended) => task.addDoneCallback(() => ended()))));
    }
  }

  /** Nothing keeps the program alive any more. */
  nothingLeft(): void {
    // It was told before, and does not end: it waits for a foreign promise, or a task will not hear.
    if (this.#state.type === "stuck") return this.#giveUp(this.#state.error);
    const error = new DeadlockError(formatTasks(this.#loop.tasks));
    this.#state = { type: "stuck", error };
    this.#main.cancel(error);
    // So that this is asked again.
    setImmediate(() => undefined);
  }

  /** @returns whether it heeds Ctrl-C. */
  get heedsInterrupts(): boolean {
    return this.#onInterrupt === "cancel";
  }

  /** Its signal has aborted. */
  abort(reason: unknown): void {
    this.#main.cancel(reason);
  }

  interrupt(): void {
    this.#state = { type: "interrupted" };
    this.#main.cancel("SIGINT");
  }

  #listening(): Disposable {
    const signal = this.#signal;
    if (signal?.aborted === true) this.abort(signal.reason);
    else if (signal !== undefined) aborts.add(signal, this as Run<unknown>);
    join(this as Run<unknown>);
    return {
      [Symbol.dispose]: () => {
        if (signal !== undefined) aborts.remove(signal, this as Run<unknown>);
        leave(this as Run<unknown>);
      },
    };
  }
}

function join(one: Run<unknown>): void {
  active.add(one);
  if (active.size === 1) process.on("beforeExit", beforeExit);
  if (one.heedsInterrupts && process.listenerCount("SIGINT") === 0) process.once("SIGINT", interrupt);
}

function leave(one: Run<unknown>): void {
  active.delete(one);
  if (active.size === 0) process.off("beforeExit", beforeExit);
  if (![...active].some((each) => each.heedsInterrupts)) process.off("SIGINT", interrupt);
}

function beforeExit(): void {
  for (const one of active) one.nothingLeft();
}

/** Once: a second Ctrl-C finds no listener, and ends the program. */
function interrupt(): void {
  for (const one of active) if (one.heedsInterrupts) one.interrupt();
}

/** All has been cleaned up: the program ends by the signal, as it would have without us, so that its parent sees by what. */
function endBySignal(one: Run<unknown>): void {
  leave(one);
  if (active.size === 0 && process.listenerCount("SIGINT") === 0) process.kill(process.pid, "SIGINT");
}
