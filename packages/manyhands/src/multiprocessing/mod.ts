/** manyhands/multiprocessing: what Python's module of this name gives. */

export { Connection } from "./connection.js";
export { BrokenPipeError, ConnectionClosedError, EOFError } from "./connection-errors.js";
export type { ConnectionLike } from "./connection-like.js";
export { connection } from "./connection-wait.js";
export { type Managed, ManagedObject } from "./managed.js";
export { type ManagedType, Manager, type ManagerOptions } from "./manager.js";
export type { ManagerDict } from "./manager-dict.js";
export type { ManagerList } from "./manager-list.js";
export type { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
export { Pipe } from "./pipe.js";
export { BufferTooShort } from "./pipe-errors.js";
export { JoinableQueue, Queue, SimpleQueue } from "./queues.js";
