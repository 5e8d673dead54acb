/** Rank 4: one worker of any kind, behind a port. */
export { context, type RunningTask, type TaskContext } from "./context.js";
export { InlinePort } from "./inline-port.js";
export { LOADING } from "./job.js";
export type { Initializer, WorkerSettings } from "./messages.js";
export type { Again, PortEvents, PortExit, PortFunction, Runner, Ticket, WorkerPort } from "./port.js";
export { ProcessPort } from "./process-port.js";
export { type ProcessSettings, type StartedProcess, startProcess } from "./process-start.js";
export { taskAmong } from "./scope.js";
export type { Held } from "./slot-ring.js";
export { ThreadPort } from "./thread-port.js";
export { type StartedThread, startThread, type ThreadSettings } from "./thread-start.js";
