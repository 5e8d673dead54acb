/** Modules of the library as its joined files share them: each is run once in a thread, and kept there (`tools/join.mjs`). */
import "manyhands/threading";

const KEPT = Symbol.for(`manyhands:kept ${new URL("../packages/manyhands/dist/", import.meta.url)}`);

/** @param name its path from `dist`. */
export function keptModule<M>(name: string): M {
  const found = Reflect.get(globalThis, KEPT)?.[name];
  if (found === undefined) throw new Error(`${name} is not kept here: no file of the library that has it is loaded`);
  return found as M;
}
