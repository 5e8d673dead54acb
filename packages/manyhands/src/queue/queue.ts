/** Queues that can be full, count the work that is still to be done, and be shut down. */
import { untilShutDown } from "../base/queue-iteration.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import type { QueueCore } from "../sync/queue-core.js";
import { ItemQueue, isMadeQueue, type MadeQueue } from "./item-queue.js";
import { checkedSize, newQueue, reviveQueues } from "./queue-travel.js";

/** First in, first out.
 *
 *  @example
 *  ```ts
 *  const queue = new Queue<string>(100);
 *  const workers = urls.map(() => pool.submit(fetchAll, queue));
 *  for (const url of urls) await queue.put(url);
 *  await queue.join();
 *  queue.shutdown();
 *  ``` */
export class Queue<T = unknown> extends ItemQueue<T> implements AsyncIterable<T> {
  readonly #core: QueueCore;
  /** Items it holds at most; 0: as many as there is memory for. */
  readonly maxsize: number;

  /** Makes an empty queue.
   *  @param maxsize - items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize?: number);
  /** @internal */
  constructor(made?: number | MadeQueue);
  constructor(made: number | MadeQueue = 0) {
    const queue = isMadeQueue(made) ? made : newQueue("Queue", "fifo", checkedSize(made));
    super(queue);
    this.#core = queue.core;
    this.maxsize = queue.maxsize;
  }

  /** Whether as many items are in the queue as it holds, at this moment. */
  full(): boolean {
    return this.maxsize > 0 && this.qsize() >= this.maxsize;
  }

  /** Reports an item done that was taken. Each item that was put counts as work until then.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when there is none that is not done; nothing changes then
   *  @example
   *  ```ts
   *  for await (const item of queue) { await work(item); queue.taskDone(); }
   *  ``` */
  taskDone(): void {
    this.#core.taskDone();
  }

  /** Waits until every item that was put has been taken and reported done.
   *
   *  Cancelling changes nothing.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, CancelledError (`ERR_CANCELLED`) when the signal aborts
   *  @example
   *  ```ts
   *  await queue.join();
   *  ``` */
  async join(options: WaitOptions = {}): Promise<void> {
    checkLimits(options);
    await this.#core.join(options);
  }

  /** Shuts the queue down, for good: nothing more goes in, and whoever waits to put is told. What is in it can be taken; then
   *  whoever wants more is told as well. May be called again.
   *  @param options - `immediate`: drops what is in it, too, which counts as done
   *  @example
   *  ```ts
   *  queue.shutdown({ immediate: true });
   *  ``` */
  shutdown(options: { readonly immediate?: boolean } = {}): void {
    this.#core.shutdown(options.immediate === true ? "closed" : "draining");
  }

  /** Takes items until the queue is shut down and nothing is left in it. Several may iterate: each item goes to one of them.
   *
   *  Leaving early takes nothing more.
   *  @example
   *  ```ts
   *  for await (const item of queue) console.log(item);
   *  ``` */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return untilShutDown(() => this.get());
  }
}

/** Last in, first out. Otherwise as {@link Queue}. */
export class LifoQueue<T = unknown> extends Queue<T> {
  /** Makes an empty queue.
   *  @param maxsize - items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize?: number);
  /** @internal */
  constructor(made?: number | MadeQueue);
  constructor(made: number | MadeQueue = 0) {
    super(isMadeQueue(made) ? made : newQueue("LifoQueue", "lifo", checkedSize(made)));
  }
}

/** The smallest first, and of equal ones the oldest. Otherwise as {@link Queue}.
 *
 *  Numbers, booleans and bigints are compared by value, strings by code points, dates by time, arrays element by element:
 *  `[priority, item]` orders by priority, and looks at the item only among equal priorities. An item that has no order with
 *  one that it is compared with, as a number with a string, is refused by `put`. To keep objects of equal priority in order
 *  of arrival, put `[priority, number, item]` with a number that grows. */
export class PriorityQueue<T = unknown> extends Queue<T> {
  /** Makes an empty queue.
   *  @param maxsize - items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize?: number);
  /** @internal */
  constructor(made?: number | MadeQueue);
  constructor(made: number | MadeQueue = 0) {
    super(isMadeQueue(made) ? made : newQueue("PriorityQueue", "priority", checkedSize(made)));
  }
}

/** First in, first out, never full, and nothing else. */
export class SimpleQueue<T = unknown> extends ItemQueue<T> {
  /** Makes an empty queue. */
  constructor();
  /** @internal */
  constructor(made?: MadeQueue);
  constructor(made?: MadeQueue) {
    super(made ?? newQueue("SimpleQueue", "fifo", 0));
  }
}

reviveQueues(import.meta.url, { Queue, LifoQueue, PriorityQueue, SimpleQueue });
