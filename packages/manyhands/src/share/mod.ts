/** Rank 4: shared objects in calls, and their owner's answers to other processes. */
export { givenCount } from "./given.js";
export { discard, mustBeDiscarded, pack, parcelOf, unpack } from "./travel.js";
