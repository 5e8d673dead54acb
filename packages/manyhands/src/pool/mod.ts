/** Rank 5: the scheduler and the three local executors. */
export { EventLoopExecutor, type EventLoopOptions } from "./event-loop-executor.js";
export { LocalExecutor } from "./executor.js";
export type { PoolOptions } from "./pool-options.js";
export { PortExecutor, type PortPlan, type WayIn } from "./port-executor.js";
export { ProcessPoolExecutor, type ProcessPoolOptions } from "./process-pool-executor.js";
export { ThreadPoolExecutor } from "./thread-pool-executor.js";
