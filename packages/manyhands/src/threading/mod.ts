/** manyhands/threading: what Python's module of this name gives. */

export {
  AbandonedError,
  BrokenBarrierError,
  type ExitStatus,
  type LifeCycleCode,
  LifeCycleError,
  NotLockedError,
  NotOwnerError,
  OverReleaseError,
  SystemExit,
  TimeoutError,
} from "../base/errors.js";
export type { ElementCode, ElementName, ElementOf } from "../memory/element-type.js";
export {
  Acquirable,
  Barrier,
  type BarrierOptions,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  Permit,
  RLock,
  Semaphore,
  Value,
} from "../sync/mod.js";
export { type Given, Thread, type ThreadOptions } from "./thread.js";
export { type Excepthook, setExcepthook, type ThreadFailure } from "./thread-excepthook.js";
export { type LocalOptions, local } from "./thread-local.js";
export { Timer } from "./thread-timer.js";
export { activeCount, currentThread, enumerate, mainThread, type ThreadLike } from "./thread-views.js";
