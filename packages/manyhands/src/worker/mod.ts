/** Rank 4: one worker of any kind, behind a port. */
export { context, type RunningTask, type TaskContext } from "./context.js";
export { InlinePort } from "./inline-port.js";
export { LOADING } from "./loop.js";
export type { Initializer, WorkerSettings } from "./messages.js";
export type { PortEvents, PortExit, PortFunction, Recall, Ticket, WorkerPort } from "./port.js";
export { ProcessPort, type ProcessSettings } from "./process-port.js";
export { taskAmong } from "./scope.js";
export { ThreadPort, type ThreadSettings } from "./thread-port.js";
