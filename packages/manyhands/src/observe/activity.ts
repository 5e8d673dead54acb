/** How many calls wait and how many workers are busy, from what is told.
 *
 *  Guarantees: what is kept is one entry for each call that has not ended and each worker that has not ended; an executor whose
 *  last worker has gone and which has no calls is forgotten. */
import type { TaskMessage, WatchedExecutor, WatchedWorker, WorkerMessage } from "../pool/watch-messages.js";

interface Presence {
  phase: "booting" | "serving";
  /** Calls that it was given. */
  held: number;
}

/** One executor now. Calls and workers of before the observation are not counted. */
export class ExecutorActivity {
  readonly executor: WatchedExecutor;
  /** Calls that wait for a worker, those included that pause before another attempt. */
  waiting = 0;
  /** Calls that have been given to workers, and have not ended. */
  atWorkers = 0;
  readonly workers: Map<WatchedWorker, Presence> = new Map();

  constructor(executor: WatchedExecutor) {
    this.executor = executor;
  }

  get idle(): number {
    return this.#count(({ phase, held }) => phase === "serving" && held === 0);
  }

  /** Workers that have calls. */
  get busy(): number {
    return this.#count(({ held }) => held > 0);
  }

  get booting(): number {
    return this.#count(({ phase, held }) => phase === "booting" && held === 0);
  }

  #count(which: (presence: Presence) => boolean): number {
    let count = 0;
    for (const presence of this.workers.values()) if (which(presence)) count += 1;
    return count;
  }
}

export class Activity {
  readonly #executors = new Map<number, ExecutorActivity>();
  /** Where each call is: at a worker, or waiting. */
  readonly #calls = new Map<number, WatchedWorker | "waiting">();

  get executors(): IterableIterator<ExecutorActivity> {
    return this.#executors.values();
  }

  /** @returns the executor as it is after the message. */
  heardOfTask(message: TaskMessage): ExecutorActivity {
    const executor = this.#executorOf(message.executor);
    switch (message.type) {
      case "submitted":
      case "returned":
      case "retrying":
        this.#move(executor, message.id, "waiting");
        break;
      case "handed":
        this.#move(executor, message.id, message.worker);
        break;
      case "ended":
        this.#move(executor, message.id, "gone");
        this.#forget(executor);
        break;
      case "started":
        break;
    }
    return executor;
  }

  heardOfWorker({ type, worker }: WorkerMessage): ExecutorActivity {
    const executor = this.#executorOf(worker.executor);
    switch (type) {
      case "started":
        executor.workers.set(worker, { phase: "booting", held: 0 });
        break;
      case "ready":
        this.#presenceOf(executor, worker).phase = "serving";
        break;
      case "exited":
      case "crashed":
        executor.workers.delete(worker);
        this.#forget(executor);
        break;
      case "replaced":
        break;
    }
    return executor;
  }

  #move(executor: ExecutorActivity, id: number, to: WatchedWorker | "waiting" | "gone"): void {
    const from = this.#calls.get(id);
    if (from === "waiting") executor.waiting -= 1;
    else if (from !== undefined) {
      executor.atWorkers -= 1;
      const presence = executor.workers.get(from);
      if (presence !== undefined) presence.held -= 1;
    }
    if (to === "gone") {
      this.#calls.delete(id);
      return;
    }
    this.#calls.set(id, to);
    if (to === "waiting") executor.waiting += 1;
    else {
      executor.atWorkers += 1;
      this.#presenceOf(executor, to).held += 1;
    }
  }

  /** A worker that was there before the observation serves. */
  #presenceOf(executor: ExecutorActivity, worker: WatchedWorker): Presence {
    let presence = executor.workers.get(worker);
    if (presence === undefined) {
      presence = { phase: "serving", held: 0 };
      executor.workers.set(worker, presence);
    }
    return presence;
  }

  #executorOf(executor: WatchedExecutor): ExecutorActivity {
    let found = this.#executors.get(executor.id);
    if (found === undefined) {
      found = new ExecutorActivity(executor);
      this.#executors.set(executor.id, found);
    }
    return found;
  }

  #forget({ executor, workers, waiting, atWorkers }: ExecutorActivity): void {
    if (workers.size === 0 && waiting === 0 && atWorkers === 0) this.#executors.delete(executor.id);
  }
}
