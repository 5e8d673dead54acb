/** From tasks to executors: work that would block the event loop, or belongs elsewhere. */

import { outsideTasks } from "../base/ambient.js";
import { InvalidOptionError } from "../base/errors.js";
import { checkType } from "../base/options.js";
import type { Executor, Task as ExecutorTask, Future } from "../mod.js";
import { ThreadPoolExecutor } from "../mod.js";

let shared: ThreadPoolExecutor | undefined;

/** The threads of {@link toThread}: as many as there are cores, started when they are needed, and gone with the program. */
function threads(): ThreadPoolExecutor {
  // No task's: the threads outlive whoever uses them first.
  shared ??= outsideTasks(() => new ThreadPoolExecutor({ name: "asyncio" }));
  return shared;
}

/** Calls a function in a thread, and gives others the event loop meanwhile.
 *
 *  @param fn an exported function, one that uses nothing of its surroundings, or a reference
 *  @param args copied
 *  @returns a future of its result. Cancelling the task that awaits it stops the function: its `context().signal` aborts, and
 *    after a grace of a second its thread is ended; the task goes on when it has really stopped
 *  @throws what `fn` throws; ClosureError (`ERR_CLOSURE`) and SerializationError (`ERR_SERIALIZATION`) when function or
 *    arguments cannot travel; CancelledError (`ERR_CANCELLED`)
 *  @example
 *  ```ts
 *  const [prime, page] = await gather(() => toThread(isPrime, 112272535095293), () => fetchPage(url));
 *  ``` */
export function toThread<A extends unknown[], R>(fn: ExecutorTask<A, R>, ...args: A): Future<Awaited<R>> {
  return threads().submit(fn, ...args);
}

/** Calls a function by an executor; awaited in a task, cancelling that stops the call, as far as the executor can.
 *
 *  @param executor where it runs; `undefined` for the threads of {@link toThread}
 *  @throws as `toThread`; InvalidOptionError (`ERR_INVALID_OPTION`) when it is no executor
 *  @example
 *  ```ts
 *  await using pool = new ProcessPoolExecutor();
 *  const prime = await runInExecutor(pool, isPrime, 112272535095293);
 *  ``` */
export function runInExecutor<A extends unknown[], R>(
  executor: Executor | undefined,
  fn: ExecutorTask<A, R>,
  ...args: A
): Future<Awaited<R>> {
  checkType("executor", executor, "object");
  if (executor !== undefined && typeof executor.submit !== "function") {
    throw new InvalidOptionError("executor", "executor must be an executor, with a method submit()");
  }
  return (executor ?? threads()).submit(fn, ...args);
}
