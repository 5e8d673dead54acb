/** Executed claims: what must be true, checked where it is cheap. No check takes a closure for its message: one would be
 *  made for each check that passes, and these stand on the hot path. */
import { InvariantError } from "./errors.js";

/** Throws: a legality table does not know this move. */
export function illegalMove(what: string, from: string, to: string): never {
  throw new InvariantError(`a ${what} that is ${from} cannot become ${to}`);
}
