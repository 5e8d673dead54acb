/** Making tasks, and what may be given where a task is wanted. */
import { InvalidOptionError } from "../base/errors.js";
import { checkNames, checkType, shown } from "../base/options.js";
import { Future } from "../futures/future.js";
import { Task } from "./task.js";

/** Work that has not begun: what starts when a task does. A promise would have begun already, and nothing could stop it. */
export type Work<T> = () => T | PromiseLike<T>;

/** Work, or what runs already and can be cancelled. */
export type Awaitable<T> = Work<T> | Future<T>;

/** Options of a task. */
export interface TaskOptions {
  /** For people; need not be unique. @default that of the function, and a number */
  name?: string;
}

/** Starts a function beside what runs now: at the end of this turn, so that it can still be cancelled before.
 *
 *  A task that is made inside a `run` is cancelled when that ends. A failure that nobody looks at reaches
 *  `unhandledRejection`, once.
 *  @param work called without arguments
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no function, such as a promise, or an option is wrong
 *  @example
 *  ```ts
 *  const pages = urls.map((url) => createTask(() => fetchPage(url), { name: url }));
 *  ``` */
export function createTask<T>(work: Work<T>, options: TaskOptions = NO_OPTIONS): Task<Awaited<T>> {
  return taskOf(work, options, undefined);
}

/** @param parent whose child it is; `undefined`: that of the current task
 *  @throws InvalidOptionError as `createTask`. */
export function taskOf<T>(work: Work<T>, options: TaskOptions, parent: Task<unknown> | undefined): Task<Awaited<T>> {
  checkWork("work", work);
  if (options !== NO_OPTIONS) {
    checkNames("A task", options, ["name"]);
    checkType("name", options.name, "string");
  }
  return new Task<Awaited<T>>({ run: work as Work<Awaited<T>>, name: options.name, parent });
}

const NO_OPTIONS: TaskOptions = {};

/** What the functions are that run nothing when they are called. */
const GENERATORS: readonly unknown[] = [
  Object.getPrototypeOf(function* nothing() {
    yield;
  }),
  Object.getPrototypeOf(async function* nothing() {
    yield;
  }),
];

export function checkWork(what: string, work: unknown): void {
  if (typeof work === "function") {
    if (!GENERATORS.includes(Object.getPrototypeOf(work))) return;
    const told = `${what} must not be a generator function: calling it runs nothing; give () => of what goes through it`;
    throw new InvalidOptionError(what, told);
  }
  const hint = work instanceof Promise ? ": a promise runs already, and cannot be stopped; give () => it" : "";
  throw new InvalidOptionError(what, `${what} must be a function, got ${shown(work)}${hint}`);
}

/** The task of some work; what is a future already stays what it is.
 *  @throws InvalidOptionError naming it as `what` when it is neither. */
export function asFuture<T>(what: string, awaitable: Awaitable<T>): Future<T> {
  if (awaitable instanceof Future) return awaitable;
  checkWork(what, awaitable);
  return createTask(awaitable) as Future<T>;
}
