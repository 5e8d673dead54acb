/** The locks, queues and their like that a manager makes: the library's own, which live in the manager's process and so
 *  outlast whoever had them made. */
import type { ItemQueue } from "../queue/item-queue.js";
import type { Queue } from "../queue/queue.js";
import type { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "../sync/mod.js";

/** What can be made, by name. */
export interface Primitives {
  readonly Lock: Lock;
  readonly RLock: RLock;
  readonly Semaphore: Semaphore;
  readonly BoundedSemaphore: BoundedSemaphore;
  readonly Condition: Condition;
  readonly Event: Event;
  readonly Barrier: Barrier;
  readonly Queue: ItemQueue<unknown>;
}

/** Makes primitives in the manager's process. All methods throw (reject with) `ShutdownError` (`ERR_SHUTDOWN`) after
 *  shutdown and `OwnerGoneError` (`ERR_OWNER_GONE`) when the manager's process has ended. */
export abstract class PrimitiveMaker {
  /** @internal */
  protected abstract primitive<K extends keyof Primitives>(kind: K, args: readonly unknown[]): Promise<Primitives[K]>;

  /** Makes a lock.
   *  @example
   *  ```ts
   *  const lock = await manager.Lock();
   *  ``` */
  Lock(): Promise<Lock> {
    return this.primitive("Lock", []);
  }

  /** Makes a lock that a task which holds it may acquire again.
   *  @example
   *  ```ts
   *  const lock = await manager.RLock();
   *  ``` */
  RLock(): Promise<RLock> {
    return this.primitive("RLock", []);
  }

  /** Makes a semaphore.
   *  @param value how many may hold it at once
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for a negative value
   *  @example
   *  ```ts
   *  const three = await manager.Semaphore(3);
   *  ``` */
  Semaphore(value = 1): Promise<Semaphore> {
    return this.primitive("Semaphore", [value]);
  }

  /** Makes a semaphore that cannot be released more often than it was acquired.
   *  @param value how many may hold it at once
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for a negative value
   *  @example
   *  ```ts
   *  const three = await manager.BoundedSemaphore(3);
   *  ``` */
  BoundedSemaphore(value = 1): Promise<BoundedSemaphore> {
    return this.primitive("BoundedSemaphore", [value]);
  }

  /** Makes a condition.
   *  @param lock one of this manager. @default a new RLock
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for a lock of another process
   *  @example
   *  ```ts
   *  const changed = await manager.Condition();
   *  ``` */
  Condition(lock?: Lock | RLock): Promise<Condition> {
    return this.primitive("Condition", lock === undefined ? [] : [lock]);
  }

  /** Makes an event, which is not set.
   *  @example
   *  ```ts
   *  const ready = await manager.Event();
   *  ``` */
  Event(): Promise<Event> {
    return this.primitive("Event", []);
  }

  /** Makes a barrier.
   *  @param parties how many must come
   *  @param options `timeout`: how long each waits, in ms, when it does not say so itself
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for less than one party
   *  @example
   *  ```ts
   *  const start = await manager.Barrier(4);
   *  ``` */
  Barrier(parties: number, options: { readonly timeout?: number } = {}): Promise<Barrier> {
    return this.primitive("Barrier", [parties, options]);
  }

  /** Makes a queue.
   *  @param maxsize how many items it holds; 0: any number
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when that is no whole number
   *  @example
   *  ```ts
   *  const jobs = await manager.Queue<Job>(100);
   *  ``` */
  async Queue<T>(maxsize = 0): Promise<Queue<T>> {
    return (await this.primitive("Queue", [maxsize])) as Queue<T>;
  }

  /** Makes a queue whose items can be waited for until they are done. Here every queue can; the name is Python's.
   *  @param maxsize how many items it holds; 0: any number
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when that is no whole number
   *  @example
   *  ```ts
   *  const jobs = await manager.JoinableQueue<Job>();
   *  ``` */
  JoinableQueue<T>(maxsize = 0): Promise<Queue<T>> {
    return this.Queue(maxsize);
  }
}
