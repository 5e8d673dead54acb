/** Threads of Node itself, running functions of `test/tasks` with shared objects among their arguments: for tests of what is
 *  shared, which must not depend on how pools pass it on, and which end threads at any moment. */
import { Worker } from "node:worker_threads";
import { carried } from "./tasks/carrying.js";

export interface Running<R> {
  readonly worker: Worker;
  /** What the function returned. Rejects when the thread fails or is ended. */
  readonly result: Promise<R>;
  /** Settles when the thread is gone, however it ended. */
  readonly gone: Promise<void>;
  /** Ends the thread, wherever it is. */
  kill(): Promise<void>;
}

/** Runs an export of a module of `test/tasks` in a thread of its own. */
export function inThread<R>(module: string, name: string, ...args: readonly unknown[]): Running<R> {
  const worker = new Worker(new URL("./built/tasks/thread.js", import.meta.url), {
    workerData: { module: `./${module}.js`, name, args: carried(args) },
  });
  const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const result = new Promise<R>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
  // Those that are ended on purpose are not asked for their result.
  result.catch(() => undefined);
  const kill = async (): Promise<void> => {
    await worker.terminate();
  };
  return { worker, result, gone, kill };
}
