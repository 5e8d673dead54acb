/** Rank 0: what everything stands on. */
export { type Clock, systemClock } from "./clock.js";
export {
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
export { type Waited, type WaitOptions, waitFor } from "./wait-options.js";
export type { Waitable } from "./waitable.js";
