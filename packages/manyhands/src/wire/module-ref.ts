/** Names of functions for programs whose functions cannot be found by themselves: bundled ones, and modules that must not be
 *  loaded here. */
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { FunctionRefError } from "../base/errors.js";
import type { FunctionRef } from "../futures/executor.js";

/** The functions of the module of type `M`, as references that can be submitted. */
export type ModuleRef<M> = {
  readonly [K in keyof M]: M[K] extends (...args: infer A) => infer R ? FunctionRef<A, R> : never;
};

/** Typed references to the functions of a module, which is not loaded here.
 *
 *  @param url the module's URL: `new URL("./primes.js", import.meta.url)`, or an absolute path.
 *  @throws FunctionRefError when `url` is relative.
 *  @example
 *  ```ts
 *  const { isPrime } = moduleRef<typeof import("./primes.js")>(new URL("./primes.js", import.meta.url));
 *  await pool.submit(isPrime, 7);
 *  ``` */
export function moduleRef<M>(url: URL | string): ModuleRef<M> {
  const href = absolute(url);
  const refs = new Map<string, FunctionRef>();
  const names = new Proxy(Object.freeze(Object.create(null)), {
    get: (_, name) => {
      // `then`: whoever awaits the whole is told that it is no promise.
      if (typeof name === "symbol" || name === "then") return undefined;
      const ref = refs.get(name) ?? Object.freeze({ url: href, name });
      refs.set(name, ref);
      return ref;
    },
  });
  return names as ModuleRef<M>;
}

function absolute(url: URL | string): string {
  if (url instanceof URL) return url.href;
  if (path.isAbsolute(url)) return pathToFileURL(url).href;
  if (URL.canParse(url)) return new URL(url).href;
  throw new FunctionRefError(
    `Cannot refer to the module "${url}": it is relative; use new URL("${url}", import.meta.url)`,
  );
}

/** True in the program the user started; false in a module that was imported, in a worker and in a child of a pool.
 *
 *  @example
 *  ```ts
 *  export function isPrime(n: number) { … }
 *  if (isMain(import.meta)) { await using pool = new ThreadPoolExecutor(); … }
 *  ``` */
export function isMain(meta: ImportMeta): boolean {
  if (!isMainThread) return false;
  // Node ≥ 24.2 knows it exactly; loaders that make import.meta themselves leave it out.
  const main: unknown = Reflect.get(meta, "main");
  if (typeof main === "boolean") return main;
  const [, entry] = process.argv;
  if (/\/\[eval\d*\]$/.test(meta.url)) return true;
  return entry !== undefined && meta.url.startsWith("file:") && realPath(entry) === realPath(fileURLToPath(meta.url));
}

/** `node main` may mean main.js or main/index.js, and either may be a link. */
function realPath(file: string): string {
  try {
    return realpathSync(createRequire(pathToFileURL(`${process.cwd()}/`)).resolve(path.resolve(file)));
  } catch {
    // Not there any more: its name is all there is to compare.
    return path.resolve(file);
  }
}
