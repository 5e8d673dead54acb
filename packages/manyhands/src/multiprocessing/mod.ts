/** manyhands/multiprocessing: what Python's module of this name gives. */

export { type ExitStatus, type LifeCycleCode, LifeCycleError, SystemExit } from "../base/errors.js";
export type { Waitable } from "../base/waitable.js";
export { Connection } from "./connection.js";
export { BrokenPipeError, ConnectionClosedError, EOFError } from "./connection-errors.js";
export type { ConnectionLike } from "./connection-like.js";
export { connection } from "./connection-wait.js";
export { type Managed, ManagedObject } from "./managed.js";
export { type ManagedType, Manager, type ManagerOptions } from "./manager.js";
export type { ManagerDict } from "./manager-dict.js";
export type { ManagerList } from "./manager-list.js";
export type { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
export { PrimitiveMaker, type Primitives } from "./manager-primitives.js";
export { Pipe } from "./pipe.js";
export { BufferTooShort } from "./pipe-errors.js";
export { Process, type ProcessOptions } from "./process.js";
export {
  activeChildren,
  cpuCount,
  currentProcess,
  type ProcessLike,
  parentProcess,
} from "./process-family.js";
export { JoinableQueue, Queue, SimpleQueue } from "./queues.js";
