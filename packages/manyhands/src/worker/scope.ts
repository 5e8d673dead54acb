/** Which task is it whose code runs now? Asked by `context()`, and when a task begins to wait.
 *
 *  Three answers, by what they cost. A worker of one task at a time keeps it in a variable. A plain function on the event
 *  loop has ended when it returns, so a variable will do as well. Only what goes on after an `await` needs
 *  `AsyncLocalStorage`, which on Node 20 and 22 costs every promise of the program (`base/resting-storage.ts`), until the last
 *  such task has ended.
 *
 *  Whether a function goes on is learnt: its first run is inside the storage, and so are all others once it has returned
 *  something to wait for. A function that has so far returned plain values and now returns a promise is an orphan for this
 *  one run: what it does later is outside the storage, and found only while it is the one task that it can be.
 *
 *  Guarantees: no task that runs is taken for another; a program whose tasks are all plain, or over, pays nothing. */
import { ambientTask, outsideTasks } from "../base/ambient.js";
import { RestingStorage } from "../base/resting-storage.js";
import { isThenable } from "../base/thenable.js";
import type { RunningTask } from "./context.js";

type TaskFunction = (...args: never[]) => unknown;

/** A function as the event loop knows it. */
export interface LoopFunction {
  readonly run: TaskFunction;
  /** `goes-on`: it has returned something to wait for, at least once. */
  way: "unknown" | "plain" | "goes-on";
}

/** A task on the event loop. */
export interface LoopTask extends RunningTask {
  /** How its code finds it. */
  scope: "stack" | "storage" | "orphan";
}

const storage = new RestingStorage<RunningTask>();
/** The task of a worker that runs one at a time. */
let alone: RunningTask | undefined;
/** The task on the event loop whose plain function is on the stack. */
let onStack: RunningTask | undefined;
const orphans = new Set<RunningTask>();

/** The task that asks. */
export function whoAsks(): RunningTask | "one-of-several" | undefined {
  // The worker's own task last: it may run an event-loop executor of its own, whose tasks are inside it.
  const task = onStack ?? storage.find();
  if (task !== undefined || orphans.size === 0) return task ?? alone;
  return orphans.size === 1 && alone === undefined ? [...orphans][0] : "one-of-several";
}

/** The task whose code runs now, if it is one of several of this thread. */
export function taskAmong(): RunningTask | undefined {
  const task = onStack ?? storage.find();
  return task !== undefined || orphans.size !== 1 ? task : [...orphans][0];
}

/** Runs the task as the only one of this thread; {@link leaveAlone} ends it. */
export function runAlone(task: RunningTask, run: TaskFunction): unknown {
  alone = task;
  return run(...(task.args as never[]));
}

/** What runs from now on belongs to the only task of this thread; {@link leaveAlone} ends it. */
export function enterAlone(task: RunningTask): void {
  alone = task;
}

/** The only task of this thread has ended. */
export function leaveAlone(): void {
  alone = undefined;
}

/** Runs the task as one of several of a worker. */
export function runAmong(task: RunningTask, run: TaskFunction): unknown {
  // Nobody says when such a task ends.
  storage.stay();
  return storage.enter(task, invoke, { run, args: task.args });
}

/** Runs the task on the event loop. {@link leaveLoop} must be told when it has ended.
 *
 *  @returns a promise when there is something to wait for. */
export function runOnLoop(task: LoopTask, code: LoopFunction): unknown {
  const before = onStack;
  // What is inside a task of the storage stays there: the code around it would be found for an orphan.
  const plain = code.way === "plain" && storage.find() === undefined;
  onStack = plain ? task : undefined;
  let result: unknown;
  try {
    const run = (): unknown => (plain ? invoke({ run: code.run, args: task.args }) : runInStorage(task, code.run));
    // A call is no part of the task of `asyncio` in whose turn it happens to begin, and not cancelled with that.
    result = ambientTask() === undefined ? run() : outsideTasks(run);
  } finally {
    onStack = before;
  }
  if (result instanceof Promise) {
    code.way = "goes-on";
    if (plain) adoptOrphan(task);
  } else if (code.way === "unknown") code.way = "plain";
  return result;
}

function runInStorage(task: LoopTask, run: TaskFunction): unknown {
  task.scope = "storage";
  return storage.enter(task, invoke, { run, args: task.args });
}

function adoptOrphan(task: LoopTask): void {
  task.scope = "orphan";
  orphans.add(task);
}

function invoke({ run, args }: { readonly run: TaskFunction; readonly args: readonly unknown[] }): unknown {
  const result = run(...(args as never[]));
  // Adopted in here: waiting for a foreign thenable, such as a future, is something the task does.
  return isThenable(result) ? Promise.resolve(result) : result;
}

/** The task on the event loop has ended, not only been given up. */
export function leaveLoop(task: LoopTask): void {
  if (task.scope === "stack") return;
  if (task.scope === "orphan") orphans.delete(task);
  else storage.leave();
}
