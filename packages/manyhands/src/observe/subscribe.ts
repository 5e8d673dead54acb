/** Listening to the executors of this thread. */
import { subscribe as listen, unsubscribe } from "node:diagnostics_channel";
import { TASK_CHANNEL, WORKER_CHANNEL } from "../base/channels.js";
import { checkNames, checkType } from "../base/options.js";
import type { TaskMessage, WorkerMessage } from "../pool/watch-messages.js";

/** Who is told what. */
export interface Listeners {
  task?: (message: TaskMessage) => void;
  worker?: (message: WorkerMessage) => void;
}

/** Has every executor of this thread tell the listeners what becomes of its calls and workers, from now on: the same as
 *  subscribing to the channels `manyhands:task` and `manyhands:worker` of `node:diagnostics_channel`.
 *
 *  A call is told of when somebody listened as it was submitted: `submitted` once, `ended` once, what lies between as it
 *  happens. While somebody listens to calls, items of maps travel one by one.
 *
 *  @param listeners are called in the middle of things, so they should be quick; what one throws is an uncaught error of the
 *  program (`uncaughtException`), and reaches neither the call nor other listeners.
 *  @returns ends it when disposed of.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for anything but functions.
 *  @example
 *  ```ts
 *  using _ = subscribe({
 *    task: (message) => {
 *      if (message.type === "ended" && message.outcome === "failed") console.error(message.task, message.error);
 *    },
 *  });
 *  ``` */
export function subscribe(listeners: Listeners): Disposable {
  checkNames("subscribe()", listeners, ["task", "worker"]);
  checkType("task", listeners.task, "function");
  checkType("worker", listeners.worker, "function");
  const ends = [entered(TASK_CHANNEL, listeners.task), entered(WORKER_CHANNEL, listeners.worker)];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}

function entered<M>(name: string, listener: ((message: M) => void) | undefined): () => void {
  if (listener === undefined) return () => undefined;
  // A function of its own: the same listener may be given twice, and each subscription ends by itself.
  const hear = (message: unknown): void => listener(message as M);
  listen(name, hear);
  return () => unsubscribe(name, hear);
}
