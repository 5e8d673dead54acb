/** The worker's side of what travels with calls: finds the carriers, and puts their values in force around the function.
 *
 *  Guarantees: rejects with FunctionRefError only; what a call brought is in force for that call and whatever it awaits, and for
 *  no other. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Around, aroundStorage, type CarrierRef, runAround } from "../base/carriers.js";
import { FunctionRefError } from "../base/errors.js";
import type { CarryingFunction } from "./function-ref.js";
import { type ResolvedFunction, resolveFunction } from "./resolve-function.js";
import { importTaskModule } from "./task-module.js";

/** @throws FunctionRefError when the function or a carrier is not there. */
export async function resolveCarrying({ target, carriers }: CarryingFunction): Promise<ResolvedFunction> {
  const [run, ...arounds] = await Promise.all([resolveFunction(target), ...carriers.map(aroundOf)]);
  return (...all: unknown[]) => {
    const args = all.slice(0, -1);
    return runAround(arounds, all.at(-1) as readonly unknown[], () => run(...(args as never[])));
  };
}

async function aroundOf({ module, name }: CarrierRef): Promise<Around> {
  let exported: unknown;
  try {
    exported = (await importTaskModule(module))[name];
  } catch (error) {
    if (error instanceof FunctionRefError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new FunctionRefError(`Cannot load ${module}, whose ${name} travels with calls: ${why}`, { cause: error });
  }
  if (exported instanceof AsyncLocalStorage) return aroundStorage(exported);
  if (isAround(exported)) return exported;
  throw new FunctionRefError(
    `${module} does not export ${name} as an AsyncLocalStorage in a worker: carry() needs the name of the export that holds it`,
  );
}

function isAround(value: unknown): value is Around {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "around") === "function";
}
