/** The way to what a worker needs for few calls: for those that bring or give shared objects, and for values that cannot travel.
 *
 *  As it stands here it is loaded with the rest. In the joined library (`tools/build.mjs`) it is a file of its own, read by the
 *  first call of `rarely()`: a third of what a worker would have to read before it can run anything. */
import * as rare from "./rare.js";

export function rarely(): typeof rare {
  return rare;
}
