/** `TaskGroup`: tasks that end together.
 *
 *  Guarantees: when the group ends no task of it is left; the first failure, of a task or of the body, cancels the others; all
 *  failures are told, none is lost; a task that was cancelled by itself is no failure; the count of requests of the task that
 *  the group runs in is as it was.
 *  Source of the rules: CPython `asyncio.taskgroups`. */
import { CancelledError, InvalidStateError, SystemExit } from "../base/errors.js";
import { control } from "../futures/future.js";
import { cancellationIn } from "./cancellation.js";
import { checkWork, type TaskOptions, taskOf, type Work } from "./create-task.js";
import { type TaskFailure, TaskGroupError } from "./errors.js";
import { currentTask, Task } from "./task.js";
import { type BodyOutcome, inTask } from "./timeout.js";
import { Line, NO_LIMITS } from "./waiter.js";

/** `open`: tasks may be made; `closing`: the body has ended, and its tasks may still make some; `aborting`: one has failed. */
type GroupState = "open" | "closing" | "aborting" | "closed";

const NEXT = {
  open: ["closing", "aborting"],
  closing: ["aborting", "closed"],
  aborting: ["closed"],
  closed: [],
} as const satisfies Record<GroupState, readonly GroupState[]>;

/** Runs tasks that belong together: see {@link TaskGroup.run}. */
export class TaskGroup {
  /** A class that uses its own name inside is bundled under another. @internal */
  static readonly name: string = "TaskGroup";
  readonly #parent: Task<unknown>;
  readonly #tasks = new Set<Task<unknown>>();
  readonly #failures: TaskFailure[] = [];
  /** Where the end of the last task is waited for. */
  readonly #ended = new Line<void>();
  /** Whether the task that it runs in was asked to end because a task of the group had failed. */
  #parentAsked: "no" | "yes" = "no";
  #state: GroupState = "open";

  private constructor(parent: Task<unknown>) {
    // The compiler says so, too; but not to JavaScript.
    if (!(parent instanceof Task)) {
      throw new InvalidStateError("A TaskGroup is not made by new: await TaskGroup.run(async (group) => …)");
    }
    this.#parent = parent;
  }

  /** Runs `body`, which makes tasks, and waits for all of them.
   *
   *  When a task fails, or the body does, the others are cancelled and their clean-up awaited.
   *  @param body called with the group; in the current task, or one of its own outside of tasks
   *  @returns what `body` returns
   *  @throws TaskGroupError (`ERR_TASK_GROUP`), an AggregateError, with all that tasks and body threw; SystemExit as it is;
   *    CancelledError (`ERR_CANCELLED`) when the task was cancelled and nothing else failed
   *  @remarks Cancellation: all tasks of the group are cancelled.
   *  @example
   *  ```ts
   *  const pages = await TaskGroup.run((group) => urls.map((url) => group.createTask(() => fetchPage(url))));
   *  for (const page of pages) console.log(await page);
   *  ``` */
  static async run<T>(body: (group: TaskGroup) => T | PromiseLike<T>): Promise<Awaited<T>> {
    checkWork("body", body);
    return inTask((task) => new TaskGroup(task).#run(body));
  }

  /** Starts a function as a task of the group.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when the group has ended or is about to, because a task has failed: the
   *    function is not called then; InvalidOptionError (`ERR_INVALID_OPTION`)
   *  @example
   *  ```ts
   *  const page = group.createTask(() => fetchPage(url), { name: url });
   *  ``` */
  createTask<T>(work: Work<T>, options: TaskOptions = {}): Task<Awaited<T>> {
    if (this.#state === "closed") throw new InvalidStateError("Cannot create a task: its group has ended");
    if (this.#state === "aborting") {
      throw new InvalidStateError("Cannot create a task: its group is ending, because a task of it has failed");
    }
    // Also when it is made in no task, as by a listener: it belongs to where the group is.
    const parent = currentTask() ?? this.#parent;
    const task = taskOf(work, options, parent);
    // Its failure is the group's.
    control.observe(task);
    this.#tasks.add(task as Task<unknown>);
    task.addDoneCallback(() => this.#done(task as Task<unknown>));
    return task;
  }

  async #run<T>(body: (group: TaskGroup) => T | PromiseLike<T>): Promise<Awaited<T>> {
    let outcome: BodyOutcome<Awaited<T>>;
    try {
      outcome = { type: "returned", value: await body(this) };
      if (this.#state === "open") this.#move("closing");
    } catch (reason) {
      outcome = { type: "threw", reason };
      this.#abort();
    }
    const cancelled = await this.#allEnded(outcome);
    this.#move("closed");
    return this.#outcome(outcome, cancelled);
  }

  /** @returns the cancellation that came from outside, if one did. */
  async #allEnded(outcome: BodyOutcome<unknown>): Promise<CancelledError | undefined> {
    let cancelled = outcome.type === "threw" ? cancellationIn(outcome.reason) : undefined;
    while (this.#tasks.size > 0) {
      try {
        await this.#ended.join(`a task group of ${this.#tasks.size}`, NO_LIMITS, () => undefined).promise;
      } catch (reason) {
        if (!(reason instanceof CancelledError)) throw reason;
        // Ours, because a task has failed, or one from outside; the latter twice must not be an end to waiting either.
        if (this.#state === "aborting") continue;
        cancelled = reason;
        this.#abort();
      }
    }
    // None is left when the only one was ours.
    if (this.#parentAsked === "yes" && this.#parent.uncancel() === 0) return undefined;
    return cancelled;
  }

  #outcome<T>(outcome: BodyOutcome<T>, cancelled: CancelledError | undefined): T {
    const exit = this.#failures.find(({ error }) => error instanceof SystemExit);
    if (exit !== undefined) throw exit.error;
    if (cancelled !== undefined && this.#failures.length === 0) throw cancelled;
    const failures = [...this.#failures];
    if (outcome.type === "threw" && cancellationIn(outcome.reason) === undefined) {
      if (outcome.reason instanceof SystemExit) throw outcome.reason;
      failures.push({ task: "the body", error: outcome.reason });
    }
    if (failures.length > 0) {
      this.#askAgain();
      throw new TaskGroupError(failures);
    }
    if (outcome.type === "threw") throw outcome.reason;
    return outcome.value;
  }

  /** The failures are thrown in place of a cancellation from outside: it must reach the task at its next wait. */
  #askAgain(): void {
    if (this.#parent.cancelling() === 0) return;
    this.#parent.uncancel();
    this.#parent.cancel("cancelled while a group of it failed");
  }

  #done(task: Task<unknown>): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#ended.wakeAll(undefined);
    const outcome = control.outcome(task);
    if (task.state !== "failed" || outcome?.status !== "rejected") return;
    this.#failures.push({ task: task.name, error: outcome.reason });
    if (this.#state === "aborting" || this.#parentAsked === "yes") return;
    this.#abort();
    // Out of its body.
    this.#parentAsked = "yes";
    this.#parent.cancel("a task of its group has failed");
  }

  #abort(): void {
    if (this.#state === "aborting") return;
    this.#move("aborting");
    for (const task of this.#tasks) task.cancel("its group ends");
  }

  #move(to: GroupState): void {
    if (!(NEXT[this.#state] as readonly GroupState[]).includes(to)) {
      throw new InvalidStateError(`Cannot make a task group ${to} that is ${this.#state}`);
    }
    this.#state = to;
  }
}
