/** manyhands/queue: what Python's module of this name gives. */
export { Empty, Full, QueueBusyError, QueueMemoryError, ShutDown, UnorderableError } from "../base/queue-errors.js";
export { ItemQueue } from "./item-queue.js";
export { LifoQueue, PriorityQueue, Queue, SimpleQueue } from "./queue.js";
