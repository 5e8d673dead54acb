/** Finds a package's module from a directory, as `import` would there.
 *
 *  Why not `import.meta.resolve`: it starts from this file. Why not only `require.resolve`: it knows no `import`
 *  condition, so it cannot see packages that are ESM alone.
 *  Guarantees: `undefined` when no such package is installed; never loads anything. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const CONDITIONS: readonly string[] = ["node", "import", "module-sync", "default"];

export function resolvePackage(specifier: string, cwd: string): string | undefined {
  const [, name, subpath = ""] = /^((?:@[^/]+\/)?[^/@.][^/]*)((?:\/.*)?)$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const folder = packageFolder(name, cwd);
  if (folder === undefined) return undefined;
  const exported = matchExports(readExports(folder), `.${subpath}`);
  if (exported !== undefined) return pathToFileURL(join(folder, exported)).href;
  return requireResolved(specifier, cwd);
}

function packageFolder(name: string, cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

function readExports(folder: string): unknown {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "exports" in manifest ? manifest.exports : undefined;
}

/** The file that `exports` gives for a subpath such as `"."` or `"./promises"`. */
export function matchExports(exported: unknown, subpath: string): string | undefined {
  const bySubpath = isObject(exported) && Object.keys(exported).some((key) => key.startsWith("."));
  if (!bySubpath) return subpath === "." ? pickCondition(exported) : undefined;
  if (Object.hasOwn(exported, subpath)) return pickCondition(exported[subpath]);
  for (const [pattern, target] of Object.entries(exported)) {
    const [start, end] = pattern.split("*");
    if (start === undefined || end === undefined || !subpath.startsWith(start) || !subpath.endsWith(end)) continue;
    return pickCondition(target)?.replaceAll("*", subpath.slice(start.length, subpath.length - end.length));
  }
  return undefined;
}

function pickCondition(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) return target.map(pickCondition).find((path) => path !== undefined);
  if (!isObject(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const path = CONDITIONS.includes(condition) ? pickCondition(inner) : undefined;
    if (path !== undefined) return path;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For packages without `exports`: Node's own search of `main`, index files and extensions. */
function requireResolved(specifier: string, cwd: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(cwd, "noop.js")).resolve(specifier)).href;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
