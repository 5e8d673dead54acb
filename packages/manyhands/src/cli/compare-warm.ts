/** What a worker does before a measurement: loads the module, so that loading is start-up and not work. */
import type { FunctionRef } from "../mod.js";
import { loadModule } from "../wire/mod.js";
import { printToStderr } from "./result-stream.js";

/** Runs in the worker, as its initializer. */
export async function warmUp(url: string): Promise<void> {
  printToStderr();
  await loadModule(url);
}

/** Runs in the worker: its answer says that the worker is ready. */
export function ready(): void {
  // The answer is all there is to it.
}

export const WARM_UP = { url: import.meta.url, name: "warmUp" } as FunctionRef<unknown[], void>;
export const READY: FunctionRef<[], void> = { url: import.meta.url, name: "ready" };
