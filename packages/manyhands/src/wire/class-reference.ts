/** How a class travels: by reference only, for an object is made of it where its module is loaded. */
import { FunctionRefError } from "../base/errors.js";
import type { FunctionRef } from "../futures/executor.js";
import { exportedReference, reference, type WireFunction } from "./function-ref.js";

/** A class, or a reference to one or to a function that makes objects. */
export type ClassSource = (new (...args: never[]) => object) | FunctionRef<never[], unknown>;

/** Works out which export of which module a class is; a reference stays what it is.
 *  @throws FunctionRefError when its module does not export it. */
export async function classReference(type: ClassSource): Promise<WireFunction> {
  if (typeof type !== "function") return reference(type);
  const found = await exportedReference(type);
  if (found !== undefined) return found;
  throw new FunctionRefError(
    `Cannot make objects of class ${type.name} in another process: its module must export it, or name it with moduleRef()`,
  );
}
