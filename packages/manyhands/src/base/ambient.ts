/** The task of `asyncio` in whose code a wait begins: cancelling that task ends the wait, though nobody has passed a signal.
 *
 *  This module knows no tasks. `asyncio` says how to find the current one when it is loaded; until then every wait costs one
 *  look at a variable, and a wait outside of tasks never costs more than that and the finding.
 *
 *  Guarantees: there is one finder in a thread, wherever waits are begun; a wait that has been entered is left exactly once. */
import type { CancelledError } from "./errors.js";

/** Something that a task waits for. */
export interface TaskWait {
  /** What is waited for, for people: `Lock.acquire()`. */
  readonly what: string;
  /** The task has been cancelled. Ends the wait, or has what is waited for end.
   *  @returns false when there was nothing left to end: the cancellation then reaches the task's next wait. */
  cancel(error: CancelledError): boolean;
}

/** A task, as far as its waits are concerned. */
export interface AmbientTask {
  /** A wait begins. {@link leave} ends it.
   *  @throws CancelledError when the task has been cancelled and no wait of it knows yet: this one does now. */
  enter(wait: TaskWait): void;
  leave(wait: TaskWait): void;
  /** @throws CancelledError as `enter`, for what would not have to wait. */
  checkpoint(): void;
}

type Finder = () => AmbientTask | undefined;
type Outside = <R>(run: () => R) => R;

let find: Finder | undefined;
let leaveTask: Outside | undefined;

/** Called by `asyncio`, once.
 *  @param finder finds the current task
 *  @param outside runs something in no task */
export function provideTasks(finder: Finder, outside: Outside): void {
  find = finder;
  leaveTask = outside;
}

/** The task that begins to wait. */
export function ambientTask(): AmbientTask | undefined {
  return find === undefined ? undefined : find();
}

/** Runs what belongs to no task, though a task is the first to need it: what it waits for must outlive that task's
 *  cancellation. */
export function outsideTasks<R>(run: () => R): R {
  return leaveTask === undefined ? run() : leaveTask(run);
}
