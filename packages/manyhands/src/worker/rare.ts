/** What few calls of a worker need. What is imported here is loaded late: see `rarely.ts`. */
export { pack, unpack } from "../share/travel.js";
export { resolveCarrying } from "../wire/carrying-function.js";
export { serializationError } from "../wire/values.js";
