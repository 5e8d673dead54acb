/** What travels: function references, values, errors. */
export { Batch, snapshotOf } from "./batch.js";
export { type ClassSource, classReference } from "./class-reference.js";
export type { Route } from "./clonable.js";
export { copyArgs } from "./copied-args.js";
export { type ErrorCodec, registerError } from "./error-classes.js";
export { decodeError, encodeError, type WireError } from "./errors.js";
export { threadExecArgv, workerExecArgv } from "./exec-argv.js";
export {
  aliasOf,
  knownReference,
  reference,
  type TravellingFunction,
  taskOf,
  type WireFunction,
} from "./function-ref.js";
export { importing, refuseWhileImporting } from "./importing.js";
export { isMain, type ModuleRef, moduleRef } from "./module-ref.js";
export { type ResolvedFunction, resolveFunction } from "./resolve-function.js";
export { joinStacks } from "./stacks.js";
export { loadModule } from "./task-module.js";
export { type AnyTask, taskName } from "./task-name.js";
export { isParcelled, Parcel, snapshotOfArgs } from "./tickets.js";
export { moves, transfer, transferListOf } from "./transfer.js";
export {
  allPrimitive,
  boundToMachine,
  culprit,
  findCulprit,
  inspectValue,
  isPrimitive,
  Survey,
  type ValueReport,
} from "./values.js";
