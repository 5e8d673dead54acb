/** Rank 0: what everything stands on. */
export { type Clock, systemClock } from "./clock.js";
export {
  AbandonedError,
  BrokenBarrierError,
  BrokenExecutorError,
  CancelledError,
  ClosureError,
  FunctionRefError,
  InvalidOptionError,
  InvalidStateError,
  InvariantError,
  ManyhandsError,
  NotLockedError,
  NotOwnerError,
  OverReleaseError,
  QueueTimeoutError,
  RemoteError,
  SerializationError,
  ShutdownError,
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
