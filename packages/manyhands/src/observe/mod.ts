/** manyhands/observe: what executors tell of their calls and workers, and what can be made of it. */
export type {
  HeldCall,
  TaskEnded,
  TaskHanded,
  TaskMessage,
  TaskRetrying,
  TaskReturned,
  TaskRun,
  TaskStarted,
  TaskSubmitted,
  WatchedExecutor,
  WatchedWorker,
  WorkerCrashed,
  WorkerExited,
  WorkerMessage,
  WorkerReady,
  WorkerReplaced,
  WorkerStarted,
  WorkerVitals,
} from "../pool/watch-messages.js";
export {
  type Aggregate,
  type AggregateOptions,
  type AggregateSnapshot,
  aggregate,
  type EndedRun,
  type ExecutorSummary,
  type FunctionSummary,
  type WorkerSummary,
} from "./aggregate.js";
export { carry } from "./carry.js";
export type { ExecutorFacts, FailureGroup, SlowCall } from "./notable-calls.js";
export { openTelemetry } from "./open-telemetry.js";
export { MissingPackageError } from "./optional-package.js";
export { type MetricsOptions, type MetricsRegistry, prometheus } from "./prometheus.js";
export { type RecentTrace, type RecentTraceOptions, traceRecent } from "./recent-trace.js";
export type { Quantiles } from "./sliding-histogram.js";
export { type Listeners, subscribe } from "./subscribe.js";
export { type Trace, traceTo } from "./trace.js";
export { watchedOf } from "./watched-of.js";
