/** manyhands/threading: what Python's module of this name gives. */
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
} from "../sync/mod.js";
