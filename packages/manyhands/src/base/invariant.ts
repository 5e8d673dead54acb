/** Executed claims: what must be true here, checked where it is cheap, printed with both sides when it is not. */
import { InvariantError } from "./errors.js";

/** Throws {@link InvariantError} unless `condition` holds; `message` is only built when it does not. A closure is made
 *  for each check all the same, so on the hot path test first and call {@link illegalMove} or throw. */
export function invariant(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantError(message());
}

/** Throws: a legality table does not know this move. */
export function illegalMove(what: string, from: string, to: string): never {
  throw new InvariantError(`a ${what} that is ${from} cannot become ${to}`);
}

/** Marks a place the types prove unreachable; reached only when a message or state is not what its type says. */
export function unreachable(value: never): never {
  throw new InvariantError(`Unexpected ${JSON.stringify(value)}`);
}
