/** manyhands/asyncio: what Python's module of this name gives, for tasks on one event loop. */
export {
  BrokenBarrierError,
  CancelledError,
  InvalidStateError,
  NotLockedError,
  OverReleaseError,
  TimeoutError,
} from "../base/errors.js";
export {
  Empty,
  Empty as QueueEmpty,
  Full,
  Full as QueueFull,
  ShutDown,
  ShutDown as QueueShutDown,
  UnorderableError,
} from "../base/queue-errors.js";
export type { WaitOptions } from "../base/wait-options.js";
export type { Completions } from "../futures/as-completed.js";
export { Future } from "../futures/future.js";
export type { ReturnWhen } from "../futures/wait.js";
export { Permit } from "../sync/permit.js";
export { Barrier, type BarrierOptions } from "./barrier.js";
export { asCompleted, type GatherOptions, gather, type ResultOf, shield, wait } from "./combine.js";
export { Condition } from "./condition.js";
export { type Awaitable, createTask, type TaskOptions, type Work } from "./create-task.js";
export { DeadlockError, type TaskFailure, TaskGroupError } from "./errors.js";
export { Event } from "./event.js";
export { runInExecutor, toThread } from "./executors.js";
export { Lock } from "./lock.js";
export { LifoQueue, PriorityQueue, Queue } from "./queue.js";
export { type RunOptions, run } from "./run.js";
export { BoundedSemaphore, Semaphore } from "./semaphore.js";
export { cancellable, sleep } from "./sleep.js";
export { currentSignal, currentTask, Task } from "./task.js";
export { TaskGroup } from "./task-group.js";
export { allTasks, formatTasks } from "./task-tree.js";
export { Timeout, timeout, timeoutAt, waitFor } from "./timeout.js";
