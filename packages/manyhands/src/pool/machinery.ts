/** The way to all that a program needs only when it uses an executor: most of the library.
 *
 *  As it stands here it is loaded with the rest. In the joined library (`tools/build.mjs`) it is a file of its own, read
 *  by the first call of `machinery()`: a program has its classes after a third of the time, and what it started
 *  before that call, such as a worker, boots meanwhile. So everything in front of it must not import what is behind. */
import * as engines from "./engines.js";

export function machinery(): typeof engines {
  return engines;
}
