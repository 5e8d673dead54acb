/** Rank 0: what everything stands on. */
export { type Clock, systemClock } from "./clock.js";
export {
  AbandonedError,
  BrokenBarrierError,
  BrokenExecutorError,
  CancelledError,
  ClosureError,
  type ExitStatus,
  FunctionRefError,
  InvalidOptionError,
  InvalidStateError,
  InvariantError,
  type LifeCycleCode,
  LifeCycleError,
  ManyhandsError,
  NotLockedError,
  NotOwnerError,
  OverReleaseError,
  OwnerGoneError,
  QueueTimeoutError,
  RemoteError,
  SerializationError,
  ShutdownError,
  SystemExit,
  TimeoutError,
  type WorkerExit,
  WorkerExitedError,
} from "./errors.js";
export { illegalMove } from "./invariant.js";
export { checkCount, checkDuration, checkNumber, checkSignal, checkType } from "./options.js";
export { RingQueue } from "./ring-queue.js";
export {
  isShareable,
  type RemoteLink,
  type RemoteObject,
  type RemoteSession,
  type Reviver,
  registerReviver,
  reviverOf,
  SHAREABLE,
  type Shareable,
  type Travel,
} from "./shareable.js";
export { hasEnded, whenEnded } from "./thread-ends.js";
export { type Waited, type WaitOptions, waitFor } from "./wait-options.js";
export type { Waitable } from "./waitable.js";
