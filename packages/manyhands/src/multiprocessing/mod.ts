/** manyhands/multiprocessing: what Python's module of this name gives. */
export { type ExitStatus, type LifeCycleCode, LifeCycleError, SystemExit } from "../base/errors.js";
export type { Waitable } from "../base/waitable.js";
export { Process, type ProcessOptions } from "./process.js";
export {
  activeChildren,
  cpuCount,
  currentProcess,
  type ProcessLike,
  parentProcess,
} from "./process-family.js";
