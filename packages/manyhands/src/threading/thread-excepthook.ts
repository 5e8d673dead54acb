/** What becomes of an error that ended a thread and that nobody has asked for.
 *
 *  Guarantees: it is told once, by the thread that started the one that failed; a hook that fails itself is told beside it.
 *  The program goes on, and its exit code does not change. */
import { inspect } from "node:util";
import { checkType } from "../base/options.js";
import type { Thread } from "./thread.js";

/** An error that ended a thread. */
export interface ThreadFailure {
  readonly error: unknown;
  readonly thread: Thread<never[], unknown>;
}

/** Takes the failures of the threads that this thread has started. */
export type Excepthook = (failure: ThreadFailure) => void;

let excepthook: Excepthook = printFailure;

/** Says what becomes of errors that end threads, of those that this very thread starts.
 *
 *  @param hook is called once for each error that nobody has asked for with `result()` or `exception()`; without it the
 *    default is used again, which writes the thread's name and the stack to the standard error output.
 *  @returns the hook before it.
 *  @example
 *  ```ts
 *  setExcepthook(({ error, thread }) => log.error({ thread: thread.name, error }));
 *  ``` */
export function setExcepthook(hook?: Excepthook): Excepthook {
  checkType("hook", hook, "function");
  const before = excepthook;
  excepthook = hook ?? printFailure;
  return before;
}

/** Hands a failure to the hook. */
export function report(failure: ThreadFailure): void {
  try {
    excepthook(failure);
  } catch (error) {
    process.stderr.write(`Exception in the excepthook:\n${inspect(error)}\n`);
    printFailure(failure);
  }
}

function printFailure({ error, thread }: ThreadFailure): void {
  process.stderr.write(`Exception in thread ${thread.name}:\n${inspect(error)}\n`);
}
