/** @manyhands/cluster: the manyhands executor over many machines, on BullMQ and Redis. See README.md. */
export { ClusterAgent } from "./agent.js";
export type { AgentOptions } from "./agent-options.js";
export { withId } from "./call-ids.js";
export { ClusterExecutor, type ClusterStats } from "./cluster-executor.js";
export type { ClusterOptions } from "./cluster-options.js";
export type { ClusterConnection } from "./connections.js";
export {
  ClusterUnavailableError,
  NotServedError,
  PayloadTooLargeError,
  TaskLostError,
  VersionMismatchError,
  WorkerLostError,
} from "./errors.js";
export type { AgentInfo } from "./heartbeat.js";
export type { RedisProblem } from "./preflight.js";
