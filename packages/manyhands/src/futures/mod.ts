/** Rank 2: results of calls, and the contract of everything that runs calls. */
export { asCompleted, type Completions } from "./as-completed.js";
export type {
  Adjustable,
  CallOptions,
  Executor,
  ExecutorKind,
  ExecutorStats,
  Flow,
  FunctionRef,
  Histogram,
  MapOptions,
  RetryOptions,
  Task,
  Transferable,
} from "./executor.js";
export {
  control,
  Future,
  type FutureControl,
  type FutureOwner,
  type FutureResolvers,
  type FutureState,
  type Outcome,
} from "./future.js";
export type { CallReport, Entry, ItemRun, ItemSink, MapHost } from "./map-host.js";
export { type MapOutcome, MapResults } from "./map-results.js";
export { MapRun } from "./map-run.js";
export { type ReturnWhen, wait } from "./wait.js";
