/** An event for the tasks of one thread: something that has happened, or not yet. */

import type { WaitOptions } from "../base/wait-options.js";
import { Printed } from "./looks.js";
import { currentTask } from "./task.js";
import { checked, Line, NO_LIMITS } from "./waiter.js";

/** Waited for by any number of tasks until somebody sets it.
 *
 *  With the same name and methods as that of `manyhands/threading`. Who waits when it is set goes on, even if it is cleared at
 *  once.
 *  @example
 *  ```ts
 *  const ready = new Event();
 *  createTask(async () => { await load(); ready.set(); });
 *  await ready.wait();
 *  ``` */
export class Event extends Printed {
  readonly #line = new Line<boolean>();
  #state: "set" | "clear" = "clear";

  /** Sets it: all that wait go on. Nothing when it is set. */
  set(): void {
    this.#state = "set";
    this.#line.wakeAll(true);
  }

  /** Makes it not set: who waits from now on waits until it is set again. */
  clear(): void {
    this.#state = "clear";
  }

  /** Whether it is set. */
  isSet(): boolean {
    return this.#state === "set";
  }

  /** Waits until it is set.
   *  @param options the longest wait in ms, and a signal that ends it
   *  @returns true; false when the time is over
   *  @throws CancelledError (`ERR_CANCELLED`) when the task is cancelled or the signal aborts, InvalidOptionError
   *    (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: changes nothing.
   *  @example
   *  ```ts
   *  if (!(await ready.wait({ timeout: 1000 }))) console.log("not within a second");
   *  ``` */
  wait(options: WaitOptions = NO_LIMITS): Promise<boolean> {
    try {
      if (this.#state === "set" && checked(options).signal?.aborted !== true) {
        currentTask()?.checkpoint();
        return Promise.resolve(true);
      }
      return this.#line.join("Event.wait()", checked(options), () => false).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @internal */
  override get printed(): string {
    return this.isSet() ? "set" : `not set, ${this.#line.length} wait`;
  }
}
