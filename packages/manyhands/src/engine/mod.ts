/** manyhands/engine: for packages that bring another place to run functions. What stands here follows the inside of the
 *  library, and may change with every minor version; programs use `manyhands`.
 *
 *  `PortExecutor` gives the whole contract to whoever implements `WorkerPort`; the rest is how functions, values and errors
 *  travel. */
export { checkCount, checkNames, checkType } from "../base/options.js";
export { serializer } from "../base/serializer.js";
export type { CallReport, ItemRun, ItemSink } from "../futures/mod.js";
export { PortExecutor, type PortPlan } from "../mod.js";
export type { Call } from "../pool/call.js";
export type { SentOptions } from "../pool/executor.js";
export type { WayIn } from "../pool/port-executor.js";
export { rememberOwn } from "../wire/error-classes.js";
export { decodeError, encodeError, type WireError } from "../wire/errors.js";
export type { TravellingFunction, WireFunction } from "../wire/function-ref.js";
export { type AnyTask, taskName } from "../wire/task-name.js";
export { allPrimitive, boundToMachine, inspectValue } from "../wire/values.js";
export type { Again, PortEvents, PortExit, Runner, Ticket, WorkerPort } from "../worker/port.js";
