/** Values of an `AsyncLocalStorage` that go along with calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import { addCarrier, aroundStorage } from "../base/carriers.js";
import { InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";

/** Has the current value of `storage` go along with every call that this thread submits: inside the task, on whatever executor,
 *  `storage.getStore()` gives the value (to threads and processes a copy of it) that was current in the line which called
 *  `submit` or `map`. Call it in the module that exports the storage: that module is loaded in the workers too, so that what
 *  they submit carries it further.
 *
 *  @param storage whose values can be cloned; one that cannot fails the call with `SerializationError`.
 *  @param module URL of the module that exports `storage`: `import.meta.url`.
 *  @param name of that export.
 *  @returns ends it when disposed of: for calls that are submitted later.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for what is no storage, no file URL, or no name.
 *  @remarks Calls outside `storage.run` travel as ever. Nothing is left behind for the next task of the worker. A call fails
 *  with `FunctionRefError` (`ERR_FUNCTION_REF`) when the module does not export the storage under this name. On Node 20 and 22
 *  a worker that has once used a storage pays some 70 ns more for each `await`.
 *  @example
 *  ```ts
 *  // request.ts
 *  export const request = new AsyncLocalStorage<{ id: string }>();
 *  carry(request, import.meta.url, "request");
 *
 *  // anywhere
 *  await request.run({ id: "7f" }, () => pool.submit(render, page)); // in render: request.getStore()?.id === "7f"
 *  ``` */
export function carry<T>(storage: AsyncLocalStorage<T>, module: string | URL, name: string): Disposable {
  if (!(storage instanceof AsyncLocalStorage)) {
    throw new InvalidOptionError("storage", `carry() takes an AsyncLocalStorage, got ${shown(storage)}`);
  }
  const url = String(module);
  if (!URL.canParse(url)) {
    throw new InvalidOptionError("module", `module must be a URL such as import.meta.url, got ${shown(module)}`);
  }
  if (typeof name !== "string" || name === "") {
    throw new InvalidOptionError("name", `name must be the name of an export, got ${shown(name)}`);
  }
  const around = aroundStorage(storage as AsyncLocalStorage<unknown>);
  return addCarrier({ module: url, name, capture: () => storage.getStore(), ...around });
}
