/** Rank 2: what tasks of several threads and processes wait for and hold. */
export { Acquirable } from "./acquirable.js";
export { Barrier, type BarrierOptions } from "./barrier.js";
export { Condition } from "./condition.js";
export { Event } from "./event.js";
export { Lock } from "./lock.js";
export { Permit } from "./permit.js";
export { RLock } from "./rlock.js";
export { BoundedSemaphore, Semaphore } from "./semaphore.js";
export { Value } from "./value.js";
