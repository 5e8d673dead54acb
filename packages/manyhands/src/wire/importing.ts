/** Which module of a task is being loaded in this thread: what such a module must not do asks here. */
import { InvalidStateError } from "../base/errors.js";

const loading: string[] = [];

/** The URL of the task module that is being loaded here right now; pools refuse to be made meanwhile. */
export function importing(): string | undefined {
  return loading.at(-1);
}

/** A module that starts workers when it is loaded would start them in each worker that loads it, and each of those again.
 *  @param what was made, such as `"A pool"`.
 *  @throws InvalidStateError while a worker is loading a module. */
export function refuseWhileImporting(what: string): void {
  const module = importing();
  if (module === undefined) return;
  throw new InvalidStateError(
    `${what} while a worker is loading ${module}. Do that in the main program only: ` +
      "put that code under `if (isMain(import.meta))`, or keep tasks in a module of their own",
  );
}

/** Loads the module of that URL, and says so meanwhile. */
export async function whileImporting<M>(url: string, load: () => Promise<M>): Promise<M> {
  loading.push(url);
  try {
    return await load();
  } finally {
    loading.splice(loading.indexOf(url), 1);
  }
}
