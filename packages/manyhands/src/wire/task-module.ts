/** Loads the modules that tasks come from, TypeScript included.
 *
 *  Guarantees: a module is loaded once; what it throws is passed on as it is; a TypeScript module that this Node cannot run
 *  goes through `tsx` if that is installed, and if not the error says so. */
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { FunctionRefError } from "../base/errors.js";
import { whileImporting } from "./importing.js";

/** Loads a task's module, and tells {@link importing} so. */
export function importTaskModule(url: string): Promise<Record<string, unknown>> {
  return whileImporting(url, () => loadModule(url));
}

/** What Node says when TypeScript is the trouble. */
const TYPESCRIPT_CODES: ReadonlySet<unknown> = new Set([
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
]);

/** Imports a module by its URL. */
export async function loadModule(url: string): Promise<Record<string, unknown>> {
  const namespace = await importModule(url);
  return isTypeScript(url) ? withoutCommonJs(namespace) : namespace;
}

/** A TypeScript module in a package that is not of type "module" comes back from tsx as CommonJS: all its exports in
 *  the default one. They are what its author wrote. */
function withoutCommonJs(namespace: Record<string, unknown>): Record<string, unknown> {
  const { default: inner } = namespace;
  if (typeof inner !== "object" || inner === null || !("__esModule" in inner)) return namespace;
  return inner as Record<string, unknown>;
}

async function importModule(url: string): Promise<Record<string, unknown>> {
  if (isTypeScript(url) && !runsTypeScript()) await startTsx(url);
  else if (startedWithTsx()) await startTsx(url);
  try {
    return await import(url);
  } catch (error) {
    if (tsxStarted !== undefined || !isTypeScriptTrouble(error, url)) throw error;
    await startTsx(url);
    // Under another URL: Node remembers that the first attempt failed.
    return await import(`${url}${url.includes("?") ? "&" : "?"}tsx`);
  }
}

function isTypeScript(url: string): boolean {
  return /\.[mc]?tsx?(?:[?#]|$)/.test(url) && !url.startsWith("data:");
}

function runsTypeScript(): boolean {
  // Absent before Node 22.10; `false` where type stripping is switched off.
  const feature: unknown = Reflect.get(process.features, "typescript");
  return typeof feature === "string";
}

/** The main program runs under tsx: its modules may import TypeScript from anywhere. */
function startedWithTsx(): boolean {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  return flags.some((flag) => /(?:^|[/\\=])tsx(?:$|[/\\])/.test(flag));
}

function isTypeScriptTrouble(error: unknown, url: string): boolean {
  if (typeof error !== "object" || error === null) return false;
  const code: unknown = Reflect.get(error, "code");
  if (TYPESCRIPT_CODES.has(code)) return true;
  // TypeScript's own convention writes "./x.js" for x.ts, which Node alone does not follow.
  const missing: unknown = Reflect.get(error, "url");
  if (code !== "ERR_MODULE_NOT_FOUND" || !isTypeScript(url) || typeof missing !== "string") return false;
  return missing.startsWith("file:") && existsSync(fileURLToPath(missing.replace(/\.([mc]?)js$/, ".$1ts")));
}

let tsxStarted: Promise<void> | undefined;

/** Switches tsx on, once. */
async function startTsx(url: string): Promise<void> {
  tsxStarted ??= registerTsx(url);
  await tsxStarted;
}

async function registerTsx(url: string): Promise<void> {
  const home = findTsx(url);
  if (home === undefined) {
    throw new FunctionRefError(
      `Cannot load ${url}: Node ${process.version} does not run this TypeScript by itself, and tsx is not installed; npm i -D tsx`,
    );
  }
  // Its main entry does what `--import tsx` does, once however often it is asked: all of it in the main thread, but only
  // the CommonJS half in a worker thread.
  await import(new URL("./dist/loader.mjs", home).href);
  if (isMainThread) return;
  const api: { register(): unknown } = await import(new URL("./dist/esm/api/index.mjs", home).href);
  api.register();
}

/** Folder of tsx: the module's own, ours, or that of the program. */
function findTsx(url: string): URL | undefined {
  const places = [url, import.meta.url, pathToFileURL(`${process.cwd()}/`).href];
  return places.map(tsxFrom).find((home) => home !== undefined);
}

function tsxFrom(place: string): URL | undefined {
  // Not imported: few workers need it, and it takes 1 ms to load.
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return new URL("./", pathToFileURL(createRequire(place).resolve("tsx/package.json")));
  } catch {
    // Not installed there, or no file URL at all.
    return undefined;
  }
}
