/** Makes a function of its source, in a scope of its own.
 *
 *  Guarantees: the code is strict and sees globals only; its stack frames and its bare imports are those of the file the
 *  function was written in. */
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { WireFunction } from "./function-ref.js";

/** What `import()` is called in the source: the worker finds the module from the function's own file. */
export const IMPORT = "__vi_dynamic_import__";

/** Names that the worker provides around the source: what transpilers write into functions. */
export const PROVIDED: readonly string[] = ["__name", IMPORT, "__vite_ssr_dynamic_import__"];

/** Compiles a function that travelled as source.
 *  @throws SyntaxError | TypeError when the source is no function */
export function compileFunction(ref: Extract<WireFunction, { type: "source" }>): (...args: never[]) => unknown {
  const { filename, line } = placeOf(ref);
  const vm = process.getBuiltinModule("node:vm");
  const script = new vm.Script(`(function (${PROVIDED.join(", ")}) { "use strict"; return (${ref.source}\n); })`, {
    filename,
    lineOffset: line - 1,
  });
  const load = (specifier: string): Promise<unknown> => importFrom(filename, specifier);
  const fn: unknown = script.runInThisContext()(keepName, load, load);
  if (typeof fn !== "function") throw new TypeError("the source is no function");
  return fn as (...args: never[]) => unknown;
}

/** What esbuild calls to keep the names of functions. */
function keepName(fn: object, name: string): object {
  return Object.defineProperty(fn, "name", { value: name, configurable: true });
}

function placeOf({ at, name, source }: Extract<WireFunction, { type: "source" }>): { filename: string; line: number } {
  const colon = at.lastIndexOf(":");
  const file = at.slice(0, colon);
  const line = Number(at.slice(colon + 1)) || 1;
  if (path.isAbsolute(file)) return { filename: pathToFileURL(file).href, line };
  // Not imported: most workers never need it, and it takes 2 ms to load.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const digest = createHash("sha1").update(source).digest("hex").slice(0, 8);
  return { filename: `manyhands:${name.replaceAll(/\W+/g, "-")}-${digest}`, line: 1 };
}

/** Imports a package as the file of the function would.
 *
 *  Not by vm's own way (USE_MAIN_CONTEXT_DEFAULT_LOADER): that prints an experimental warning on every version of Node. */
async function importFrom(filename: string, specifier: string): Promise<unknown> {
  // Not imported: few workers need it, and it takes 1 ms to load.
  const { createRequire, isBuiltin } = process.getBuiltinModule("node:module");
  if (isBuiltin(specifier) || URL.canParse(specifier)) return await import(specifier);
  if (path.isAbsolute(specifier)) return await import(pathToFileURL(fileOf(specifier)).href);
  const theirs = attempt(() =>
    createRequire(filename.startsWith("file:") ? filename : `${process.cwd()}/`).resolve(specifier),
  );
  const ours = attempt(() => createRequire(import.meta.url).resolve(specifier));
  // `require` and `import` may lead to two builds of a package. Where both names mean the same package, let Node choose.
  if (theirs === undefined || (ours !== undefined && folderOf(ours) === folderOf(theirs)))
    return await import(specifier);
  return await import(pathToFileURL(theirs).href);
}

/** Vite marks absolute paths with /@fs, and writes others from its root, which is where the program was started. */
function fileOf(specifier: string): string {
  const file = specifier.replace(/^\/@fs\//, "/");
  const fromRoot = path.join(process.cwd(), file);
  return !existsSync(file) && existsSync(fromRoot) ? fromRoot : file;
}

function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    // Not to be found from there.
    return undefined;
  }
}

/** The package's folder, as far as both kinds of name tell it. */
function folderOf(file: string): string {
  return file.replace(/^file:\/\//, "").replace(/(.*\/node_modules\/(?:@[^/]+\/)?[^/]+\/).*/, "$1");
}
