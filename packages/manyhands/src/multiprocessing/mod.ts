/** manyhands/multiprocessing: what Python's module of this name gives. */
export { type Managed, ManagedObject } from "./managed.js";
export { type ManagedType, Manager, type ManagerOptions } from "./manager.js";
export type { ManagerDict } from "./manager-dict.js";
export type { ManagerList } from "./manager-list.js";
export type { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
export { PrimitiveMaker, type Primitives } from "./manager-primitives.js";
