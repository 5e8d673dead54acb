/** Rank 2: what tasks of several threads and processes wait for and hold. */
export { Acquirable } from "./acquirable.js";
export { Lock } from "./lock.js";
export { Permit } from "./permit.js";
