/** Initializers, and the tasks that see what they did. */
import { appendFileSync } from "node:fs";
import { whereAmI } from "./basic.js";

let settings: { readonly name: string } | undefined;

export async function prepare(log: string, given: { readonly name: string }): Promise<void> {
  appendFileSync(log, `${whereAmI()}\n`);
  await new Promise((resolve) => setImmediate(resolve));
  settings = given;
}

export function preparedAs(_label?: unknown): string | undefined {
  return settings?.name;
}

export function failToPrepare(log: string): never {
  appendFileSync(log, "tried\n");
  throw Object.assign(new TypeError("cannot prepare"), { code: "E_PREPARE" });
}

export function exitWhilePreparing(log: string): never {
  appendFileSync(log, "tried\n");
  process.exit(7);
}
