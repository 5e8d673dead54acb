/** What only tasks fail with. */
import { ManyhandsError } from "../base/errors.js";

/** A task that failed in a group. */
export interface TaskFailure {
  /** The task's name; `the body` for the function of the group itself. */
  readonly task: string;
  readonly error: unknown;
}

/** Failures that a message tells: thousands may fail at once. */
const TOLD = 20;

/** Tasks of a group have failed: `errors` holds what they threw, in the order in which they did, and `failures` says which
 *  task it was. Cancellations are not failures.
 *
 *  It is an `AggregateError`, as what `Promise.any` rejects with, and has no cause of its own. */
export class TaskGroupError extends AggregateError {
  readonly code = "ERR_TASK_GROUP";
  readonly failures: readonly TaskFailure[];

  constructor(failures: readonly TaskFailure[], options?: ErrorOptions) {
    const told = failures
      .slice(0, TOLD)
      .map(({ task, error }) => `${task}: ${error instanceof Error ? error.message : String(error)}`);
    if (failures.length > TOLD) told.push(`and ${failures.length - TOLD} more`);
    const count = failures.length === 1 ? "A task" : `${failures.length} tasks`;
    super(
      failures.map(({ error }) => error),
      `${count} of the group failed: ${told.join("; ")}`,
      options,
    );
    this.name = "TaskGroupError";
    this.failures = failures;
  }
}

/** Nothing is left that could wake the tasks of a run: no timer, no socket, no worker, no task that can go on. `tree` shows
 *  what each of them waits for; of a long one the message has the first lines. */
export class DeadlockError extends ManyhandsError<"ERR_DEADLOCK"> {
  readonly tree: string;

  constructor(tree: string, options?: ErrorOptions) {
    super("DeadlockError", "ERR_DEADLOCK", `Nothing is left that could wake these tasks:\n${start(tree)}`, options);
    this.tree = tree;
  }
}

/** Lines of a tree that a message shows. */
const SHOWN = 50;

function start(tree: string): string {
  const lines = tree.split("\n");
  if (lines.length <= SHOWN) return tree;
  return `${lines.slice(0, SHOWN).join("\n")}\n… and ${lines.length - SHOWN} more; all of them are in error.tree`;
}
