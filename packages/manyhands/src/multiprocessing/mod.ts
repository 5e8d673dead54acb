/** manyhands/multiprocessing: what Python's module of this name gives. */

export {
  AbandonedError,
  BrokenBarrierError,
  BrokenPipeError,
  type ExitStatus,
  type LifeCycleCode,
  LifeCycleError,
  NotLockedError,
  NotOwnerError,
  OverReleaseError,
  SystemExit,
  TimeoutError,
} from "../base/errors.js";
export { Empty, Full, QueueClosedError } from "../base/queue-errors.js";
export type { Waitable } from "../base/waitable.js";
export type { ElementCode, ElementName, ElementOf, ViewOf } from "../memory/element-type.js";
export {
  SegmentError,
  SegmentExistsError,
  SegmentNotFoundError,
  SharedMemoryUnavailableError,
} from "../memory/segment-errors.js";
export { Barrier, BoundedSemaphore, Condition, Event, Lock, Permit, RLock, Semaphore } from "../sync/mod.js";
export type { Address } from "./address.js";
export { RawArray, SharedArray as Array } from "./array.js";
export { AsyncResult, type ResultCallbacks } from "./async-result.js";
export { Client, type ClientOptions } from "./client.js";
export { Connection } from "./connection.js";
export {
  AuthenticationError,
  ConnectError,
  ConnectionClosedError,
  EOFError,
  ListenError,
} from "./connection-errors.js";
export type { ConnectionLike } from "./connection-like.js";
export { connection } from "./connection-wait.js";
export { Listener, type ListenerOptions } from "./listener.js";
export { type Managed, ManagedObject } from "./managed.js";
export { type ManagedType, Manager, type ManagerOptions } from "./manager.js";
export type { ManagerDict } from "./manager-dict.js";
export type { ManagerList } from "./manager-list.js";
export type { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
export { PrimitiveMaker, type Primitives } from "./manager-primitives.js";
export { Pipe } from "./pipe.js";
export { BufferTooShort } from "./pipe-errors.js";
export { Pool } from "./pool.js";
export { PoolStream } from "./pool-stream.js";
export { Process, type ProcessOptions } from "./process.js";
export {
  activeChildren,
  cpuCount,
  currentProcess,
  type ProcessLike,
  parentProcess,
} from "./process-family.js";
export { JoinableQueue, Queue, SimpleQueue } from "./queues.js";
export { type ShareableItem, ShareableList, type ShareableListOptions } from "./shareable-list.js";
export type { ElementsLock, ElementsOptions } from "./shared-elements.js";
export { SharedMemory, type SharedMemoryOptions } from "./shared-memory.js";
export { SocketConnection } from "./socket-connection.js";
export { ThreadPool } from "./thread-pool.js";
export { RawValue, Value } from "./value.js";
export type { ChunkOptions, Items, StreamOptions, WorkerPoolOptions } from "./worker-pool.js";
