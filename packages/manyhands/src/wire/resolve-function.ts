/** The worker's side of a function's journey: from what the wire carries to something that can be called.
 *
 *  Guarantees: rejects with FunctionRefError only, the original error being its cause; a module is imported once, a source is
 *  compiled once. */
import { FunctionRefError } from "../base/errors.js";
import { compileFunction } from "./compile-function.js";
import type { WireFunction } from "./function-ref.js";
import { describe } from "./portable.js";
import { importTaskModule } from "./task-module.js";

export type ResolvedFunction = (...args: never[]) => unknown;

const resolved = new Map<string, Promise<ResolvedFunction>>();

/** Gives the function that `ref` stands for.
 *  @throws FunctionRefError when its module is missing, throws or has no such function. */
export function resolveFunction(ref: WireFunction): Promise<ResolvedFunction> {
  const key = ref.type === "export" ? `${ref.name}#${ref.url}` : `#${ref.source}`;
  let promise = resolved.get(key);
  if (promise === undefined) {
    promise = ref.type === "export" ? importFunction(ref.url, ref.name) : compileSource(ref);
    resolved.set(key, promise);
  }
  return promise;
}

async function importFunction(url: string, name: string): Promise<ResolvedFunction> {
  let namespace: Record<string, unknown>;
  try {
    namespace = await importTaskModule(url);
  } catch (error) {
    if (error instanceof FunctionRefError) throw error;
    throw new FunctionRefError(`Cannot load ${url} for ${name}: ${messageOf(error)}`, { cause: error });
  }
  return functionIn(namespace, name, url);
}

async function compileSource(ref: Extract<WireFunction, { type: "source" }>): Promise<ResolvedFunction> {
  try {
    return compileFunction(ref);
  } catch (error) {
    throw new FunctionRefError(`Cannot compile ${ref.name} (${ref.at}): ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describe(error);
}

/** The exported function of that name. CommonJS: `module.exports` is the default export, and its members count as exports. */
function functionIn(namespace: Record<string, unknown>, name: string, url: string): ResolvedFunction {
  const { default: inner } = namespace;
  const holders = [namespace, inner].filter(
    (holder): holder is object => (typeof holder === "object" && holder !== null) || typeof holder === "function",
  );
  const values: unknown[] = holders
    .filter((holder) => Object.hasOwn(holder, name))
    .map((holder) => Reflect.get(holder, name));
  const found = values.find((value): value is ResolvedFunction => typeof value === "function");
  if (found !== undefined) return found;
  if (values.length > 0)
    throw new FunctionRefError(`Cannot run ${name} of ${url}: it is ${kindOf(values[0])}, not a function`);
  const names = [...new Set(holders.flatMap((holder) => (typeof holder === "function" ? [] : Object.keys(holder))))];
  throw new FunctionRefError(`Cannot find ${name} in ${url}: ${suggestion(name, names)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

function suggestion(name: string, names: readonly string[]): string {
  if (names.length === 0) return "it exports nothing";
  const near = names.filter(
    (candidate) => distance(name.toLowerCase(), candidate.toLowerCase()) <= Math.max(2, name.length / 3),
  );
  if (near.length > 0) return `did it mean ${near.slice(0, 3).join(" or ")}?`;
  return `it exports ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const swap = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
