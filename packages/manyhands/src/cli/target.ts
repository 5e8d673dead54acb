/** `MODULE#EXPORT`: finds the module, loads it, and takes the function.
 *
 *  Guarantees: what is wrong is said in one line, with the nearest name there is; the hash changes when the module's
 *  own file does (not when a file that it imports does). */
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, extname, isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FunctionRef } from "../mod.js";
import { loadModule } from "../wire/mod.js";
import { oneLine, UsageError } from "./exit-code.js";
import { didYouMean, nearest } from "./nearest.js";
import { resolvePackage } from "./resolve-package.js";

/** The function that a command runs. */
export interface Target {
  /** As it was asked for: `./primes.ts#isPrime`. */
  readonly label: string;
  readonly module: string;
  readonly ref: FunctionRef;
  /** The function itself, in this thread. */
  readonly call: (...args: unknown[]) => unknown;
  readonly hash: string;
}

/** Splits at the last `#`; without one, the default export is meant. */
export function splitTarget(text: string): { readonly module: string; readonly name: string } {
  const at = text.lastIndexOf("#");
  if (at < 0) return { module: text, name: "default" };
  const [module, name] = [text.slice(0, at), text.slice(at + 1)];
  if (module === "" || name === "")
    throw new UsageError(`${text}: give a module and an export, as in ./primes.ts#isPrime`);
  return { module, name };
}

/** Loads the target; relative names start from `cwd`. */
export async function loadTarget(text: string, cwd: string): Promise<Target> {
  const { module, name } = splitTarget(text);
  const url = resolveModule(module, cwd);
  const namespace = await importModule(url, module);
  const found = namespace[name];
  if (!Object.hasOwn(namespace, name)) throw new UsageError(missingExport(module, name, namespace));
  if (typeof found !== "function") {
    throw new UsageError(`the export ${name} of ${module} is no function, but ${kindOf(found)}`);
  }
  const call = (...args: unknown[]): unknown => Reflect.apply(found, undefined, args);
  return { label: text, module, ref: { url, name }, call, hash: hashOf(url) };
}

/** A module with all that it exports. */
export interface WholeModule {
  readonly url: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Loads a module for all its functions; relative names start from `cwd`. */
export async function loadWhole(module: string, cwd: string): Promise<WholeModule> {
  if (module.includes("#")) throw new UsageError(`${module}: give the module alone; all its functions are served`);
  const url = resolveModule(module, cwd);
  return { url, exports: await importModule(url, module) };
}

function missingExport(module: string, name: string, namespace: Readonly<Record<string, unknown>>): string {
  const functions = Object.keys(namespace).filter((key) => typeof namespace[key] === "function");
  const near = nearest(name, functions);
  const what = name === "default" ? `${module} has no default export` : `${module} has no export ${name}`;
  if (near !== undefined) return `${what} (did you mean ${module}#${near}?)`;
  const list = functions.length === 0 ? "it exports no function" : `it exports ${functions.join(", ")}`;
  return `${what}; ${list}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

async function importModule(url: string, module: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await loadModule(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const root = rootCause(error);
    throw new UsageError(`cannot import ${module}: ${oneLine(root)}${placeOf(root)}`, { cause: error });
  }
}

/** The module's own error, below those that only say that importing failed. */
function rootCause(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return root;
}

/** The first place of the stack that is no part of Node: `(at file:line)`. */
function placeOf(error: unknown): string {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  for (const frame of frames) {
    const [, place] = /^\s+at .*?\(?(file:\/\/[^)\s]+?:\d+)(?::\d+)?\)?$/.exec(frame) ?? [];
    if (place !== undefined) return ` (at ${relative(process.cwd(), fileURLToPath(place))})`;
  }
  return "";
}

const isPath = (module: string): boolean => isAbsolute(module) || /^\.\.?(\/|$)/.test(module);

/** The URL of a module: a path, a file URL, a module of Node, a file of `cwd`, or a package found from there. */
export function resolveModule(module: string, cwd: string): string {
  if (isBuiltin(module)) return module.startsWith("node:") ? module : `node:${module}`;
  if (/^(data|https?):/.test(module)) throw new UsageError(`${module}: only files and packages can be run`);
  if (module.startsWith("file:")) return fileUrl(fileURLToPath(module), module);
  const path = resolve(cwd, module);
  if (isPath(module) || isFile(path)) return fileUrl(path, module);
  const url = resolvePackage(module, cwd);
  if (url !== undefined) return url;
  const asked = extname(module) === "" ? `no package ${module} is installed here, and` : "there is";
  throw new UsageError(`cannot find module ${module}: ${asked} no such file${nearFile(path, module)}`);
}

function fileUrl(path: string, module: string): string {
  if (isFile(path)) return pathToFileURL(path).href;
  const why = existsSync(path) ? "it is a directory" : "no such file";
  throw new UsageError(`cannot find module ${module}: ${why}${nearFile(path, module)}`);
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

const CODE = /\.[cm]?[jt]sx?$/;

function nearFile(path: string, module: string): string {
  const folder = existsSync(path) ? path : dirname(path);
  if (!existsSync(folder)) return "";
  const files = readdirSync(folder).filter((name) => CODE.test(name));
  // `./primes` for `./primes.ts` is the commonest slip: compare without extensions first.
  const stem = basename(path).replace(CODE, "");
  const same = files.find((name) => name.replace(CODE, "") === stem);
  const prefix = module.includes("/") ? module.slice(0, module.lastIndexOf("/") + 1) : "";
  if (same !== undefined) return ` (did you mean ${prefix}${same}?)`;
  return didYouMean(
    `${prefix}${basename(path)}`,
    files.map((name) => `${prefix}${name}`),
  );
}

function hashOf(url: string): string {
  const content = url.startsWith("file:") ? readFileSync(fileURLToPath(url)) : `${url} ${process.version}`;
  return hash("sha256", content).slice(0, 32);
}
