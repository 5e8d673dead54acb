/** How a function travels: by reference (module and export), or as source when it is self-contained.
 *
 *  Guarantees: no module is imported here, so nothing runs twice and a program may submit its own functions while it is still
 *  being evaluated; a function is worked out once; rejections are ClosureError or FunctionRefError and nothing else. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Program } from "acorn";
import type { CarrierRef } from "../base/carriers.js";
import { ClosureError, FunctionRefError } from "../base/errors.js";
import { type FunctionPlace, inspectFunction } from "./inspect-function.js";
import { exportNameInText } from "./script-exports.js";
import { requireTaskFunction, sourceOf, textOf } from "./source-function.js";
import { type AnyTask, DEFAULT_EXPORT, isReference, nameOfFunction, taskName } from "./task-name.js";

/** A function on the wire. */
export type WireFunction =
  /** By reference: the export of that name of the module (of a CommonJS module: the member of `module.exports`). */
  | { readonly type: "export"; readonly url: string; readonly name: string }
  /** As source; `at` is `file:line`. */
  | { readonly type: "source"; readonly source: string; readonly name: string; readonly at: string };

/** A function whose calls bring values of these carriers as their last argument. */
export interface CarryingFunction {
  readonly type: "carrying";
  readonly target: WireFunction;
  readonly carriers: readonly CarrierRef[];
}

/** What workers are told to run. */
export type TravellingFunction = WireFunction | CarryingFunction;

interface Entry {
  readonly promise: Promise<WireFunction>;
  known: WireFunction | undefined;
}

const entries = new WeakMap<object, Entry>();
/** Functions that travel as source, by their text: `submit((n) => n * n, i)` in a loop makes a new function each time. */
const bySource = new Map<string, WireFunction>();
const MAX_SOURCES = 1000;

/** The wire form of the task, if it has been worked out already. */
export function knownReference(task: AnyTask): WireFunction | undefined {
  const entry = entries.get(task);
  if (entry !== undefined) return entry.known;
  if (typeof task !== "function") return undefined;
  return bySource.size === 0 ? undefined : bySource.get(textOf(task));
}

/** Works out how the task travels; the same promise for everybody who asks.
 *  @throws ClosureError | FunctionRefError */
export function reference(task: AnyTask): Promise<WireFunction> {
  if ((typeof task !== "object" || task === null) && typeof task !== "function") {
    return Promise.reject(
      new FunctionRefError(
        `Cannot submit ${task === null ? "null" : typeof task}: a task is a function, or a reference made by moduleRef()`,
      ),
    );
  }
  const before = entries.get(task);
  if (before !== undefined) return before.promise;
  const entry: Entry = { promise: workOut(task), known: undefined };
  entries.set(task, entry);
  entry.promise.then(
    (found) => {
      entry.known = found;
    },
    // Whoever asked is told; without this a second look at the cache would be reported as unhandled.
    () => undefined,
  );
  return entry.promise;
}

/** A task that is run as `target` says: for whoever was sent a function and hands it on.
 *  @param name for messages. */
export function taskOf(target: TravellingFunction, name: string): AnyTask {
  const { url } = target.type === "export" ? target : { url: "" };
  const task = Object.freeze({ url, name });
  // What else brings values of carriers is made after this has been looked up; here it is part of what was sent.
  const known = target as WireFunction;
  entries.set(task, { promise: Promise.resolve(known), known });
  return task;
}

/** A task of its own that is run like `task`. */
export function aliasOf(task: AnyTask): AnyTask {
  const name = taskName(task);
  const alias = Object.freeze({ url: "", name });
  const entry: Entry = { promise: reference(task), known: knownReference(task) };
  entries.set(alias, entry);
  entry.promise.then(
    (found) => {
      entry.known = found;
    },
    // Whoever submits it is told.
    () => undefined,
  );
  return alias;
}

/** The one object for an export: workers number the functions they know by it, and what is learnt of a function hangs on
 *  it, so a program that makes a new reference for each call must not count as calling ever new functions. */
const exports = new Map<string, WireFunction>();

function exportOf(url: string, name: string): WireFunction {
  const key = `${name}#${url}`;
  let found = exports.get(key);
  if (found === undefined) {
    found = { type: "export", url, name };
    exports.set(key, found);
  }
  return found;
}

async function workOut(task: AnyTask): Promise<WireFunction> {
  try {
    if (typeof task === "function") return await workOutFunction(task);
    if (isReference(task)) return exportOf(task.url, task.name);
    throw new FunctionRefError("Cannot submit an object: a task is a function, or a reference made by moduleRef()");
  } catch (error) {
    if (error instanceof ClosureError || error instanceof FunctionRefError) throw error;
    throw new FunctionRefError(`Cannot work out how ${taskName(task)} travels to a worker`, { cause: error });
  }
}

async function workOutFunction(fn: Function): Promise<WireFunction> {
  requireTaskFunction(fn);
  const place = await placeOf(fn);
  const exported = place === undefined ? undefined : findExport(fn, place);
  if (exported !== undefined) return exported;
  const found: WireFunction = { type: "source", name: nameOfFunction(fn), ...(await sourceOf(fn, place)) };
  if (bySource.size >= MAX_SOURCES) bySource.clear();
  bySource.set(textOf(fn), found);
  return found;
}

/** The export that a function or class is, if its module has one. */
export async function exportedReference(fn: Function): Promise<WireFunction | undefined> {
  const place = await placeOf(fn);
  return place === undefined ? undefined : findExport(fn, place);
}

/** Without the parser at first: loading it takes three times as long as all the rest, and most exports are plain to see. */
async function placeOf(fn: Function): Promise<FunctionPlace | undefined> {
  const place = await inspectFunction(fn);
  if (place === undefined || !place.module || place.exportName !== undefined) return place;
  const { parse } = await import("acorn");
  return await inspectFunction(fn, (source) => parseModule(parse, source));
}

function parseModule(parse: typeof import("acorn").parse, source: string): Program | undefined {
  try {
    return parse(source, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  } catch {
    // Syntax newer than the parser: its functions can still travel as source.
    return undefined;
  }
}

function findExport(fn: Function, place: FunctionPlace): WireFunction | undefined {
  if (place.module) {
    const importable =
      place.url.startsWith("data:") || (place.url.startsWith("file:") && fileOf(place.url) !== undefined);
    if (!importable || place.exportName === undefined) return undefined;
    return { type: "export", url: withoutNamespace(place.url), name: place.exportName };
  }
  if (place.url.startsWith("node:")) return builtinReference(fn, place.url);
  const file = fileOf(place.url);
  if (file === undefined) return undefined;
  const name = nameInCommonJs(fn, file) ?? nameInFile(fn, file);
  return name === undefined ? undefined : { type: "export", url: pathToFileURL(file).href, name };
}

/** The existing file behind a script name: a path or a file URL, maybe with a query that a loader added. */
function fileOf(url: string): string | undefined {
  try {
    const file = url.startsWith("file:") ? fileURLToPath(url) : url.replace(/\?.*$/, "");
    return path.isAbsolute(file) && existsSync(file) ? file : undefined;
  } catch {
    // A file URL of another platform or host.
    return undefined;
  }
}

// tsx marks with it the modules it loads apart from the rest; a worker loads them plainly.
function withoutNamespace(url: string): string {
  return url.replace(/([?&])(?:tsx-)?namespace=[^&#]*&?/, "$1").replace(/[?&]$/, "");
}

/** Node's own functions that are written in JavaScript, such as `path.join`. */
function builtinReference(fn: Function, url: string): WireFunction {
  // Without an import: that would be asynchronous, and this module is there already.
  const builtin: unknown = isBuiltin(url) ? process.getBuiltinModule(url) : undefined;
  const holds = typeof builtin === "object" && builtin !== null && Reflect.get(builtin, fn.name) === fn;
  if (holds) return { type: "export", url, name: fn.name };
  throw new FunctionRefError(
    `Cannot run ${nameOfFunction(fn)} in a worker: it is a function of Node itself (${url}); export a function that calls it`,
  );
}

/** CommonJS: the loaded `module.exports` that holds this very function. */
function nameInCommonJs(fn: Function, file: string): string | undefined {
  const exports: unknown = createRequire(import.meta.url).cache[file]?.exports;
  if (exports === fn) return "default";
  if ((typeof exports !== "object" && typeof exports !== "function") || exports === null) return undefined;
  return [fn.name, ...Object.keys(exports)].find(
    (name) => Object.hasOwn(exports, name) && Reflect.get(exports, name) === fn,
  );
}

/** A loader of its own (Vitest, Jest) ran the file: the export of this name that the file says it has. */
function nameInFile(fn: Function, file: string): string | undefined {
  if (createRequire(import.meta.url).cache[file] !== undefined) return undefined;
  const local = fn.name.replace(DEFAULT_EXPORT, "default");
  return local === "" ? undefined : exportNameInText(readFileSync(file, "utf8"), local);
}
