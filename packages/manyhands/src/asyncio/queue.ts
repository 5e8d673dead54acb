/** Queues for the tasks of one thread.
 *
 *  Items are the objects themselves: nothing is copied, as it is by the queues of `manyhands/queue`, which go to workers.
 *
 *  Guarantees: an item is handed to who waits for it in the step in which it comes, so that a cancelled get never loses one; a
 *  cancelled put never inserts; first come, first served, on both sides. */

import { InvalidOptionError, InvalidStateError, TimeoutError } from "../base/errors.js";
import { shown } from "../base/options.js";
import { Empty, Full, ShutDown } from "../base/queue-errors.js";
import { untilShutDown } from "../base/queue-iteration.js";
import { RingQueue } from "../base/ring-queue.js";
import type { WaitOptions } from "../base/wait-options.js";
import { Printed } from "./looks.js";
import { ItemHeap } from "./order.js";
import { currentTask } from "./task.js";
import { checked, Line, NO_LIMITS, type Waiter } from "./waiter.js";

const stillFull = (): never => {
  throw new Full();
};
const stillEmpty = (): never => {
  throw new Empty();
};

/** Where the items are, and which comes next. */
interface Store<T> {
  readonly length: number;
  push(item: T): void;
  shift(): T | undefined;
}

class Stack<T> implements Store<T> {
  readonly #items: T[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    return this.#items.pop();
  }
}

/** `draining`: nothing goes in; `closed`: nothing comes out either. */
type QueueState = "open" | "draining" | "closed";

/** First in, first out.
 *
 *  @example
 *  ```ts
 *  const queue = new Queue<string>(100);
 *  await TaskGroup.run(async (group) => {
 *    for (let n = 0; n < 4; n += 1) group.createTask(async () => { for await (const url of queue) await fetchPage(url); });
 *    for (const url of urls) await queue.put(url);
 *    queue.shutdown();
 *  });
 *  ``` */
export class Queue<T = unknown> extends Printed implements AsyncIterable<T> {
  /** Items it holds at most; 0: as many as there is memory for. */
  readonly maxsize: number;
  readonly #store: Store<T>;
  readonly #getters = new Line<T>();
  readonly #putters = new Line<void>();
  /** What those bring who wait to put. */
  readonly #brought = new WeakMap<Waiter<void>, T>();
  readonly #joiners = new Line<void>();
  #unfinished = 0;
  #state: QueueState = "open";

  /** Makes an empty queue.
   *  @param maxsize items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize = 0) {
    super();
    if (!Number.isInteger(maxsize)) {
      throw new InvalidOptionError("maxsize", `maxsize must be a whole number, got ${shown(maxsize)}`);
    }
    this.maxsize = Math.max(0, maxsize);
    this.#store = this.newStore();
  }

  /** @internal */
  protected newStore(): Store<T> {
    return new RingQueue<T>();
  }

  /** How many items are in the queue. */
  qsize(): number {
    return this.#store.length;
  }

  /** Whether nothing is in the queue. */
  empty(): boolean {
    return this.#store.length === 0;
  }

  /** Whether as many items are in the queue as it holds. */
  full(): boolean {
    return this.maxsize > 0 && this.#store.length >= this.maxsize;
  }

  /** Puts an item in, when there is room.
   *
   *  @param item the object itself, which is not copied
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws Full (`ERR_QUEUE_FULL`) when the time is over, ShutDown (`ERR_QUEUE_SHUT_DOWN`), CancelledError (`ERR_CANCELLED`)
   *    when the task is cancelled or the signal aborts, UnorderableError (`ERR_UNORDERABLE`) when a priority queue cannot
   *    compare it, InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: the item does not appear in the queue later.
   *  @example
   *  ```ts
   *  await queue.put(page, { timeout: 1000 });
   *  ``` */
  put(item: T, options: WaitOptions = NO_LIMITS): Promise<void> {
    try {
      this.#checkOpen();
      if (checked(options).signal?.aborted !== true && !this.full()) {
        currentTask()?.checkpoint();
        this.#insert(item);
        return Promise.resolve();
      }
      const waiter = this.#putters.join("Queue.put()", options, stillFull);
      this.#brought.set(waiter, item);
      return waiter.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts an item in if there is room now.
   *  @throws Full (`ERR_QUEUE_FULL`), ShutDown (`ERR_QUEUE_SHUT_DOWN`), UnorderableError (`ERR_UNORDERABLE`) */
  putNowait(item: T): void {
    this.#checkOpen();
    if (this.full()) throw new Full();
    this.#insert(item);
  }

  /** Takes the next item, when there is one.
   *
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws Empty (`ERR_QUEUE_EMPTY`) when the time is over, ShutDown (`ERR_QUEUE_SHUT_DOWN`) when the queue was shut down and
   *    nothing is left in it, CancelledError (`ERR_CANCELLED`) when the task is cancelled or the signal aborts,
   *    InvalidOptionError (`ERR_INVALID_OPTION`) for a negative time
   *  @remarks Cancellation: takes nothing; no item is lost.
   *  @example
   *  ```ts
   *  const page = await queue.get();
   *  ``` */
  get(options: WaitOptions = NO_LIMITS): Promise<T> {
    try {
      if (checked(options).signal?.aborted !== true) {
        if (this.#store.length > 0) {
          currentTask()?.checkpoint();
          return Promise.resolve(this.#take());
        }
        if (this.#state !== "open") throw new ShutDown();
      }
      return this.#getters.join("Queue.get()", options, stillEmpty).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes the next item if there is one now.
   *  @throws Empty (`ERR_QUEUE_EMPTY`), ShutDown (`ERR_QUEUE_SHUT_DOWN`) */
  getNowait(): T {
    if (this.#store.length > 0) return this.#take();
    throw this.#state === "open" ? new Empty() : new ShutDown();
  }

  /** Reports an item done that was taken. Each item that was put counts as work until then.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when there is none that is not done; nothing changes then */
  taskDone(): void {
    if (this.#unfinished === 0) throw new InvalidStateError("taskDone() was called more often than items were put");
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#joiners.wakeAll(undefined);
  }

  /** Waits until every item that was put has been taken and reported done.
   *
   *  @param options the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, CancelledError (`ERR_CANCELLED`) when the task is cancelled or
   *    the signal aborts
   *  @remarks Cancellation: changes nothing. */
  join(options: WaitOptions = NO_LIMITS): Promise<void> {
    try {
      if (this.#unfinished === 0 && checked(options).signal?.aborted !== true) {
        currentTask()?.checkpoint();
        return Promise.resolve();
      }
      return this.#joiners.join("Queue.join()", checked(options), () => {
        throw new TimeoutError(`${this.#unfinished} items are not done after ${options.timeout} ms`);
      }).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Shuts the queue down, for good: nothing more goes in, and whoever waits to put is told. What is in it can be taken; then
   *  whoever wants more is told as well. May be called again.
   *  @param options `immediate`: drops what is in it, too, which counts as done
   *  @example
   *  ```ts
   *  queue.shutdown({ immediate: true });
   *  ``` */
  shutdown(options: { readonly immediate?: boolean } = {}): void {
    if (this.#state !== "closed") this.#state = options.immediate === true ? "closed" : "draining";
    if (this.#state === "closed") {
      while (this.#store.length > 0) {
        this.#store.shift();
        this.taskDone();
      }
    }
    this.#putters.failAll(() => new ShutDown());
    // Whoever waits to get waits because there is nothing.
    this.#getters.failAll(() => new ShutDown());
  }

  /** @internal */
  override get printed(): string {
    const room = this.maxsize === 0 ? "" : ` of ${this.maxsize}`;
    const waits = [
      this.#getters.length > 0 ? `${this.#getters.length} wait to get` : "",
      this.#putters.length > 0 ? `${this.#putters.length} wait to put` : "",
      this.#state === "open" ? "" : "shut down",
    ];
    const told = [`${this.qsize()}${room} items`, ...waits.filter((text) => text !== "")];
    return told.join(", ");
  }

  /** Takes items until the queue is shut down and nothing is left in it. Several may iterate: each item goes to one of them. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return untilShutDown(() => this.get());
  }

  #checkOpen(): void {
    if (this.#state !== "open") throw new ShutDown();
  }

  #insert(item: T): void {
    // Who waits to get waits at an empty queue, whatever its order.
    const getter = this.#getters.next;
    if (getter === undefined) this.#store.push(item);
    else getter.wake(item);
    this.#unfinished += 1;
  }

  #take(): T {
    const item = this.#store.shift() as T;
    while (!this.full()) {
      const putter = this.#putters.next;
      if (putter === undefined) break;
      try {
        this.#insert(this.#brought.get(putter) as T);
        putter.wake();
      } catch (error) {
        // It cannot be compared with what is there now.
        putter.fail(error);
      }
    }
    return item;
  }
}

/** Last in, first out. Otherwise as {@link Queue}. */
export class LifoQueue<T = unknown> extends Queue<T> {
  protected override newStore(): Store<T> {
    return new Stack<T>();
  }
}

/** The smallest first, and of equal ones the oldest. Otherwise as {@link Queue}.
 *
 *  Numbers, booleans and bigints are compared by value, strings by code points, dates by time, arrays element by element. An
 *  item that has no order with one that it is compared with is refused by `put`. To keep objects of equal priority in order of
 *  arrival, put `[priority, number, item]` with a number that grows. */
export class PriorityQueue<T = unknown> extends Queue<T> {
  protected override newStore(): Store<T> {
    return new ItemHeap<T>();
  }
}
