/** What all queues do: items go in and come out, each a copy, for any task of any thread or process that has the queue. */
import { checkDuration } from "../base/options.js";
import { refuseCopies, SHAREABLE, type Travel } from "../base/shareable.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import type { Item } from "../memory/item.js";
import type { QueueOrder } from "../memory/open-store.js";
import { isMade } from "../sync/acquirable.js";
import type { QueueCore } from "../sync/queue-core.js";
import { pack } from "./pack.js";

/** What a queue stands on. */
export interface MadeQueue {
  readonly core: QueueCore;
  readonly travel: Travel;
  readonly order: QueueOrder;
  /** Items it holds at most; 0: as many as there is memory for. */
  readonly maxsize: number;
}

/** Whether a constructor was given what a class of ours has made, and not what a user says. @internal */
export function isMadeQueue(value: unknown): value is MadeQueue {
  return isMade(value);
}

const NO_LIMITS: WaitOptions = {};

/** Items of many, for many.
 *
 *  A queue is shared, not copied, when it goes to a worker; its items are copied, at the very moment they are put. Tasks of
 *  one thread are served in the order in which they came; between threads whoever looks first is. An item is in the queue
 *  or out of it, never lost in between, whatever worker dies; what a worker had taken dies with it.
 *
 *  Waiting at a queue that others have too keeps the program alive. */
export abstract class ItemQueue<T> {
  readonly #made: MadeQueue;

  /** @internal */
  constructor(made: MadeQueue) {
    refuseCopies(this);
    this.#made = made;
  }

  /** Puts an item in, when there is room.
   *
   *  Cancelling leaves the queue as if this call had never been made: the item does not appear in it later.
   *  @param item - copied here and now
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @throws Full (`ERR_QUEUE_FULL`) when the time is over, ShutDown (`ERR_QUEUE_SHUT_DOWN`) when the queue was shut down,
   *    CancelledError (`ERR_CANCELLED`) when the signal aborts, SerializationError (`ERR_SERIALIZATION`) naming the part that
   *    cannot be copied, UnorderableError (`ERR_UNORDERABLE`) when a priority queue cannot compare it, QueueMemoryError
   *    (`ERR_QUEUE_MEMORY`), InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  await queue.put({ url }, { timeout: 1000 });
   *  ``` */
  put(item: T, options: WaitOptions = NO_LIMITS): Promise<void> {
    try {
      this.checkOpen();
      checkLimits(options);
      return this.#made.core.put(this.#pack(item), options) ?? Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts an item in if there is room now.
   *  @throws Full (`ERR_QUEUE_FULL`), and what `put` rejects with; QueueBusyError (`ERR_QUEUE_BUSY`) when a thread was ended
   *    inside the queue and this one cannot know yet
   *  @example
   *  ```ts
   *  queue.putNowait(item);
   *  ``` */
  putNowait(item: T): void {
    this.checkOpen();
    this.#made.core.putNowait(this.#pack(item));
  }

  /** Parks this thread until there is room, and puts an item in. Passes by the tasks of this thread that wait.
   *  @param timeout - the longest wait in ms
   *  @throws what `putNowait` throws
   *  @example
   *  ```ts
   *  queue.putSync(item, 100);
   *  ``` */
  putSync(item: T, timeout: number = Number.POSITIVE_INFINITY): void {
    this.checkOpen();
    checkDuration("timeout", timeout);
    this.#made.core.putSync(this.#pack(item), timeout);
  }

  /** Takes the next item, when there is one.
   *
   *  Cancelling takes nothing: no item is lost.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @throws Empty (`ERR_QUEUE_EMPTY`) when the time is over, ShutDown (`ERR_QUEUE_SHUT_DOWN`) when the queue was shut down and
   *    nothing is left in it, CancelledError (`ERR_CANCELLED`) when the signal aborts, InvalidOptionError
   *    (`ERR_INVALID_OPTION`) for a negative time
   *  @example
   *  ```ts
   *  const item = await queue.get({ timeout: 1000 });
   *  ``` */
  get(options: WaitOptions = NO_LIMITS): Promise<T> {
    try {
      this.checkOpen();
      checkLimits(options);
      const item = this.#made.core.get(options);
      if (item instanceof Promise) return item.then((arrived) => arrived.value() as T);
      return Promise.resolve(item.value() as T);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes the next item if there is one now.
   *  @throws Empty (`ERR_QUEUE_EMPTY`), ShutDown (`ERR_QUEUE_SHUT_DOWN`), QueueBusyError (`ERR_QUEUE_BUSY`) when a thread was
   *    ended inside the queue and this one cannot know yet
   *  @example
   *  ```ts
   *  const item = queue.getNowait();
   *  ``` */
  getNowait(): T {
    this.checkOpen();
    return this.#made.core.getNowait().value() as T;
  }

  /** Parks this thread until there is an item, and takes it. Passes by the tasks of this thread that wait.
   *  @param timeout - the longest wait in ms
   *  @throws what `getNowait` throws
   *  @example
   *  ```ts
   *  const item = queue.getSync(100);
   *  ``` */
  getSync(timeout: number = Number.POSITIVE_INFINITY): T {
    this.checkOpen();
    checkDuration("timeout", timeout);
    return this.#made.core.getSync(timeout).value() as T;
  }

  /** Throws when the queue may not be used here any more; for those that can be closed. */
  protected checkOpen(): void {
    return;
  }

  /** How many items are in the queue, at this moment. */
  qsize(): number {
    return this.#made.core.size();
  }

  /** Whether nothing is in the queue, at this moment. */
  empty(): boolean {
    return this.qsize() === 0;
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#made.travel;
  }

  #pack(item: T): Item {
    return pack(item, this.#made.order);
  }
}
