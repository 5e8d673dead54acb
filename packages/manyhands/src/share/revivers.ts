/** Finds who makes objects of a kind anew, loading the module that says so when this thread has not done it yet. */
import { RemoteError } from "../base/errors.js";
import { type Reviver, reviverOf } from "../base/shareable.js";

/** @throws RemoteError when the module cannot be loaded, or does not say it. */
export async function loadReviver(kind: string, module: string): Promise<Reviver> {
  const known = reviverOf(kind);
  if (known !== undefined) return known;
  try {
    await import(module);
  } catch (cause) {
    throw new RemoteError(`Cannot make a ${kind} anew: ${module} cannot be loaded`, { cause });
  }
  const loaded = reviverOf(kind);
  if (loaded === undefined) throw new RemoteError(`Cannot make a ${kind} anew: ${module} does not say how`);
  return loaded;
}
