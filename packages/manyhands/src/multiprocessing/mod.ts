/** manyhands/multiprocessing: what Python's module of this name gives. */
export {
  SegmentError,
  SegmentExistsError,
  SegmentNotFoundError,
  SharedMemoryUnavailableError,
} from "../memory/segment-errors.js";
export { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "../sync/mod.js";
export type { Address } from "./address.js";
export { RawArray, SharedArray as Array } from "./array.js";
export { AsyncResult, type ResultCallbacks } from "./async-result.js";
export { Client, type ClientOptions } from "./client.js";
export {
  AuthenticationError,
  BrokenPipeError,
  ConnectError,
  ConnectionClosedError,
  EOFError,
  ListenError,
} from "./connection-errors.js";
export type { ConnectionLike } from "./connection-like.js";
export type { ElementCode, ElementName, ElementOf, ViewOf } from "./element-type.js";
export { Listener, type ListenerOptions } from "./listener.js";
export { Pool } from "./pool.js";
export { PoolStream } from "./pool-stream.js";
export { type ShareableItem, ShareableList, type ShareableListOptions } from "./shareable-list.js";
export type { ElementsLock, ElementsOptions } from "./shared-elements.js";
export { SharedMemory, type SharedMemoryOptions } from "./shared-memory.js";
export { SocketConnection } from "./socket-connection.js";
export { ThreadPool } from "./thread-pool.js";
export { RawValue, Value } from "./value.js";
export type { ChunkOptions, Items, StreamOptions, WorkerPoolOptions } from "./worker-pool.js";
