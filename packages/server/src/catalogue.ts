/** The functions that are served: the exported functions of the modules that were named, and nothing else.
 *
 *  Guarantees: a function is found by its exact name in a Map, so no name reaches a prototype, a path or another module;
 *  two modules may not export the same name. */
import { type Executor, type FunctionRef, FunctionRefError, InvalidOptionError, type Task } from "manyhands";
import type { FunctionSchemas } from "./schema.js";
import { isStandardSchema } from "./schema.js";

/** A module that is loaded already: its URL, which workers load, and what it exports here. */
export interface LoadedModule {
  readonly url: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** One function that can be called from outside. */
export interface ServedFunction {
  readonly name: string;
  readonly ref: FunctionRef;
  /** The function itself, in this thread. */
  readonly call: (...args: unknown[]) => unknown;
  /** Parameters before the first that is optional. */
  readonly parameters: number;
  readonly schemas: FunctionSchemas;
}

/** The functions by name. */
export type Catalogue = ReadonlyMap<string, ServedFunction>;

/** Loads the modules, and lists what they export.
 *  @throws FunctionRefError when a module cannot be loaded, exports no function, or a name is exported twice. */
export async function catalogueOf(modules: readonly (string | URL | LoadedModule)[]): Promise<Catalogue> {
  const catalogue = new Map<string, ServedFunction>();
  for (const module of modules) {
    const loaded = await load(module);
    const functions = functionsOf(loaded);
    if (functions.length === 0) throw new FunctionRefError(`Cannot serve ${loaded.url}: it exports no function`);
    for (const served of functions) {
      const earlier = catalogue.get(served.name);
      if (earlier !== undefined) {
        throw new FunctionRefError(
          `Cannot serve two functions named ${served.name}: ${earlier.ref.url} and ${loaded.url} export one; rename one of them`,
        );
      }
      catalogue.set(served.name, served);
    }
  }
  return catalogue;
}

async function load(module: string | URL | LoadedModule): Promise<LoadedModule> {
  if (typeof module === "object" && !(module instanceof URL)) return module;
  const url = String(module);
  if (!URL.canParse(url)) {
    throw new InvalidOptionError("modules", `modules: "${url}" is no URL; use new URL("${url}", import.meta.url)`);
  }
  try {
    return { url, exports: (await import(url)) as Readonly<Record<string, unknown>> };
  } catch (error) {
    throw new FunctionRefError(`Cannot load ${url}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** What the executor is given. On the event loop the function itself: looking it up would import its module, and wait for ever
 *  for one that is being evaluated, as a program is that serves its own functions. */
export function taskOf(served: ServedFunction, { kind }: Executor): Task<unknown[], unknown> {
  return kind === "event-loop" ? served.call : served.ref;
}

function functionsOf({ url, exports }: LoadedModule): ServedFunction[] {
  const schemas: unknown = Object.hasOwn(exports, "schemas") ? exports["schemas"] : undefined;
  return Object.keys(exports).flatMap((name) => {
    const value = exports[name];
    if (typeof value !== "function" || isClass(value)) return [];
    const call = value as ServedFunction["call"];
    return { name, ref: { url, name }, call, parameters: value.length, schemas: schemasOf(schemas, name) };
  });
}

/** A class can only be constructed, which no caller can do. */
const isClass = (value: object): boolean => /^class\b/.test(Function.prototype.toString.call(value));

function schemasOf(schemas: unknown, name: string): FunctionSchemas {
  if (typeof schemas !== "object" || schemas === null || !Object.hasOwn(schemas, name)) return {};
  const own: unknown = Reflect.get(schemas, name);
  const { args, result } = (typeof own === "object" && own !== null ? own : {}) as Record<string, unknown>;
  return {
    ...(isStandardSchema(args) || isListOfSchemas(args) ? { args } : refuse(name, "args", args)),
    ...(isStandardSchema(result) ? { result } : refuse(name, "result", result)),
  };
}

const isListOfSchemas = (value: unknown): value is FunctionSchemas["args"] =>
  Array.isArray(value) && value.every(isStandardSchema);

/** A schema that is not understood would leave a function open whose author believes it checked. */
function refuse(name: string, part: string, value: unknown): object {
  if (value === undefined) return {};
  throw new FunctionRefError(`Cannot serve ${name}: schemas.${name}.${part} is no Standard Schema`);
}
