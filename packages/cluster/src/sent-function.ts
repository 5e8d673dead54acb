/** How a function is named between machines: by package, path in it and the hash of the module's text, never by a path of
 *  one machine.
 *
 *  Guarantees: a module is read once for its name and once for its hash; nothing is imported. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { TravellingFunction } from "manyhands/engine";

/** A module, wherever its package is installed. */
export interface SentModule {
  /** Name of the package that it is in; empty when no package.json stands above it. */
  readonly package: string;
  /** Path in the package, with slashes; a URL for what is no file (`node:path`). */
  readonly path: string;
  /** Of the module's text; `undefined` when it cannot be read. */
  readonly hash: string | undefined;
}

export type SentFunction =
  | { readonly type: "export"; readonly module: SentModule; readonly name: string }
  | { readonly type: "source"; readonly source: string; readonly name: string; readonly at: string }
  | {
      readonly type: "carrying";
      readonly target: SentFunction;
      readonly carriers: readonly { readonly module: SentModule; readonly name: string }[];
    };

const modules = new Map<string, SentModule>();

/** What the function is called when it leaves this machine. */
export function sentFunction(fn: TravellingFunction): SentFunction {
  switch (fn.type) {
    case "export":
      return { type: "export", module: sentModule(fn.url), name: fn.name };
    case "source":
      return fn;
    case "carrying":
      return {
        type: "carrying",
        target: sentFunction(fn.target),
        carriers: fn.carriers.map(({ module, name }) => ({ module: sentModule(module), name })),
      };
  }
}

/** The module behind a URL of this machine. */
export function sentModule(url: string): SentModule {
  let found = modules.get(url);
  if (found === undefined) {
    found = url.startsWith("file:") ? moduleOfFile(fileOf(url)) : { package: "", path: url, hash: undefined };
    modules.set(url, found);
  }
  return found;
}

/** The file behind a URL, without what loaders add to it. */
export function fileOf(url: string): string {
  const file = fileURLToPath(url.replace(/[?#].*$/, ""));
  // A workspace links its packages: both names mean one module.
  return existsSync(file) ? realpathSync(file) : file;
}

function moduleOfFile(file: string): SentModule {
  const home = packageOf(file);
  return { package: home.name, path: relative(home.folder, file).split(sep).join("/"), hash: hashOf(file) };
}

/** Hash of the text of a file; `undefined` when there is none. */
export function hashOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

/** The package that a file is in: the nearest package.json with a name. Without one, the file's own folder. */
export function packageOf(file: string): { readonly name: string; readonly folder: string } {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const name = nameIn(join(folder, "package.json"));
    if (name !== undefined) return { name, folder };
    if (folder === dirname(folder)) return { name: "", folder: dirname(file) };
  }
}

function nameIn(manifest: string): string | undefined {
  if (!existsSync(manifest)) return undefined;
  const json: unknown = JSON.parse(readFileSync(manifest, "utf8"));
  const name: unknown = typeof json === "object" && json !== null ? Reflect.get(json, "name") : undefined;
  return typeof name === "string" ? name : undefined;
}
