/** What tasks are called in messages. */
import path from "node:path";
import { InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";
import type { Task } from "../futures/executor.js";

/** Anything that can be submitted. */
export type AnyTask = Task<never[], unknown>;

/** What an anonymous default export is called, by the language and by Vite. */
export const DEFAULT_EXPORT: RegExp = /^(?:default|__vite_ssr_export_default__)$/;

/** The name of a function for messages. */
export function nameOfFunction(fn: Function): string {
  const { name }: { readonly name: unknown } = fn;
  return typeof name === "string" && name !== "" && !DEFAULT_EXPORT.test(name) ? name : "anonymous function";
}

/** A name for messages: the function's own, or `module#export`. */
export function taskName(task: AnyTask): string {
  if (typeof task === "function") return nameOfFunction(task);
  if (!isReference(task)) return String(typeof task);
  if (task.url === "") return task.name;
  return `${path.posix.basename(task.url.split(/[?#]/, 1)[0] ?? "")}#${task.name}`;
}

/** Whether it is a reference, as `moduleRef` makes them. */
export function isReference(task: unknown): task is { readonly url: string; readonly name: string } {
  if (typeof task !== "object" || task === null) return false;
  const { url, name } = task as { readonly url?: unknown; readonly name?: unknown };
  return typeof url === "string" && typeof name === "string";
}

/** Something that can be run: for options, which are to be refused at once. What is submitted fails its own future.
 *  @throws InvalidOptionError naming the option. */
export function checkTask(option: string, task: unknown): void {
  if (typeof task === "function" || isReference(task)) return;
  const message = `${option} must be a function, or a reference made by moduleRef(), got ${shown(task)}`;
  throw new InvalidOptionError(option, message);
}
