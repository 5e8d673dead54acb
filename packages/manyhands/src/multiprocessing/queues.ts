/** The queues of `multiprocessing`: those of `manyhands/queue` with what Python's have here, and without what they lack.
 *
 *  Unlike Python's, `put` copies its item itself and throws what cannot be copied, there is no thread that feeds a pipe, and
 *  no process has to be waited for because of what it put: what was put is in the queue. */
import { QueueClosedError } from "../base/queue-errors.js";
import { checkLimits, type WaitOptions } from "../base/wait-options.js";
import { ItemQueue, isMadeQueue, type MadeQueue } from "../queue/item-queue.js";
import { checkedSize, newQueue, reviveQueues } from "../queue/queue-travel.js";
import type { QueueCore } from "../sync/queue-core.js";

/** What can be closed by who does not use it any more. */
abstract class ClosableQueue<T> extends ItemQueue<T> {
  #state: "open" | "closed" = "open";

  /** Says that this one is not used here any more; others that have the queue go on. May be called again. */
  close(): void {
    this.#state = "closed";
  }

  protected override checkOpen(): void {
    if (this.#state === "closed") throw new QueueClosedError();
  }
}

/** First in, first out, between threads and processes.
 *
 *  @example
 *  ```ts
 *  const queue = new Queue<number>();
 *  const child = new Process(produce, [queue]);
 *  child.start();
 *  console.log(await queue.get());
 *  ``` */
export class Queue<T = unknown> extends ClosableQueue<T> {
  /** Items it holds at most; 0: as many as there is memory for. */
  readonly maxsize: number;

  /** Makes an empty queue.
   *  @param maxsize - items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize?: number);
  /** @internal */
  constructor(made?: number | MadeQueue);
  constructor(made: number | MadeQueue = 0) {
    const queue = isMadeQueue(made) ? made : newQueue("multiprocessing.Queue", "fifo", checkedSize(made));
    super(queue);
    this.maxsize = queue.maxsize;
  }

  /** Whether as many items are in the queue as it holds, at this moment. */
  full(): boolean {
    return this.maxsize > 0 && this.qsize() >= this.maxsize;
  }

  /** Does nothing: there is no thread that has still to write what was put. For programs that come from Python. */
  joinThread(): void {
    return;
  }

  /** Does nothing, as {@link joinThread}. */
  cancelJoinThread(): void {
    return;
  }
}

/** A queue that counts the work that is still to be done. Otherwise as {@link Queue}. */
export class JoinableQueue<T = unknown> extends Queue<T> {
  readonly #core: QueueCore;

  /** Makes an empty queue.
   *  @param maxsize - items it holds at most; 0 or less: as many as there is memory for
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when it is no whole number */
  constructor(maxsize?: number);
  /** @internal */
  constructor(made?: number | MadeQueue);
  constructor(made: number | MadeQueue = 0) {
    const queue = isMadeQueue(made) ? made : newQueue("multiprocessing.JoinableQueue", "fifo", checkedSize(made));
    super(queue);
    this.#core = queue.core;
  }

  /** Reports an item done that was taken. Each item that was put counts as work until then.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when there is none that is not done; nothing changes then */
  taskDone(): void {
    this.checkOpen();
    this.#core.taskDone();
  }

  /** Waits until every item that was put has been taken and reported done.
   *
   *  Cancelling changes nothing.
   *  @param options - the longest wait in ms, and a signal that ends it
   *  @throws TimeoutError (`ERR_TIMEOUT`) when the time is over, CancelledError (`ERR_CANCELLED`) when the signal aborts */
  async join(options: WaitOptions = {}): Promise<void> {
    this.checkOpen();
    checkLimits(options);
    await this.#core.join(options);
  }
}

/** A queue that is never full. */
export class SimpleQueue<T = unknown> extends ClosableQueue<T> {
  /** Makes an empty queue. */
  constructor();
  /** @internal */
  constructor(made?: MadeQueue);
  constructor(made?: MadeQueue) {
    super(made ?? newQueue("multiprocessing.SimpleQueue", "fifo", 0));
  }
}

reviveQueues(import.meta.url, {
  "multiprocessing.Queue": Queue,
  "multiprocessing.JoinableQueue": JoinableQueue,
  "multiprocessing.SimpleQueue": SimpleQueue,
});
