/** manyhands/threading: what Python's module of this name gives. */
export { Acquirable, Lock, Permit } from "../sync/mod.js";
