/** The layers of the project, said once, and the check that every file keeps them.
 *
 *  A room is a folder in `packages/manyhands/src`. It may import rooms of a lower rank and itself; nothing points up,
 *  nothing points sideways but where the table says so. `test/layers.test.ts` runs the check over the real tree. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { ImportEdge, ModuleReading } from "./read-imports.js";
import { readModule } from "./read-imports.js";

/** A folder of the library. */
export interface Room {
  readonly folder: string;
  readonly rank: number;
  /** Rooms of the same rank that it may import all the same. */
  readonly beside?: readonly string[];
  /** What it may import from outside: only Node's own modules, or also the packages that package.json declares. */
  readonly outside: "node" | "declared";
}

/** Lowest first. The file `src/mod.ts`, the package's front door, ranks just below the public rooms. */
export const ROOMS: readonly Room[] = [
  { folder: "base", rank: 0, outside: "node" },
  { folder: "memory", rank: 1, outside: "declared" },
  { folder: "futures", rank: 2, outside: "node" },
  { folder: "sync", rank: 2, outside: "node" },
  { folder: "wire", rank: 3, outside: "declared" },
  { folder: "share", rank: 4, outside: "node" },
  { folder: "worker", rank: 4, beside: ["share"], outside: "declared" },
  { folder: "pool", rank: 5, outside: "node" },
  { folder: "threading", rank: 6, outside: "node" },
  { folder: "multiprocessing", rank: 6, beside: ["threading", "queue"], outside: "node" },
  { folder: "queue", rank: 6, outside: "node" },
  { folder: "asyncio", rank: 6, outside: "node" },
  { folder: "subprocess", rank: 6, outside: "node" },
  { folder: "observe", rank: 6, outside: "declared" },
  { folder: "engine", rank: 6, outside: "node" },
  { folder: "cli", rank: 7, outside: "declared" },
];

/** The rank of files that stand in `src` itself. */
export const FRONT_DOOR_RANK = 5.5;

/** The packages. An add-on sees the library by its public names only; the library sees an add-on only from its command,
 *  by a dynamic import, since it may not be installed. */
export const LIBRARY = "manyhands";
export const ADD_ONS: readonly string[] = ["cluster", "server", "crawler"];

/** The only file that calls `Atomics`: what a word means and who may write it is said beside the calls, once. */
export const ATOMICS_FILE = "manyhands/src/memory/cells.ts";

/** Names that say nothing about what is inside. */
const VAGUE_NAMES = /^(utils?|helpers?|types|common|misc)(\.ts)?$/;

/** One thing that breaks the layers, with where it stands. */
export interface Violation {
  readonly rule: "upward" | "sideways" | "cycle" | "export-all" | "name" | "atomics" | "reach-in" | "outside" | "mod";
  /** Path from the packages' folder, with `:line` where there is one. */
  readonly where: string;
  readonly message: string;
}

interface SourceFile extends ModuleReading {
  /** Path from the packages' folder, with forward slashes. */
  readonly path: string;
  readonly package: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: readonly string[];
  readonly declared: readonly string[];
}

function readManifest(folder: string): Manifest {
  const json = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    name: json.name,
    exports: Object.keys(json.exports ?? {}),
    declared: [json.dependencies, json.optionalDependencies, json.peerDependencies].flatMap((list) =>
      Object.keys(list ?? {}),
    ),
  };
}

function sourceFilesOf(packages: string, name: string): SourceFile[] {
  const src = join(packages, name, "src");
  if (!existsSync(src)) return [];
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .sort()
    .map((file) => {
      const path = join(src, file);
      return { path: relative(packages, path).split(sep).join("/"), package: name, ...readModule(path) };
    });
}

function roomOf(path: string): Room | undefined {
  const [, , folder, ...rest] = path.split("/");
  return rest.length === 0 ? undefined : ROOMS.find((room) => room.folder === folder);
}

const rankOf = (path: string): number => roomOf(path)?.rank ?? FRONT_DOOR_RANK;

/** Reads every module of every package in `packages`, and tells what breaks the layers. */
export function checkLayers(packages: string): readonly Violation[] {
  const names = readdirSync(packages).filter((name) => existsSync(join(packages, name, "package.json")));
  const manifests = new Map(names.map((name) => [name, readManifest(join(packages, name))]));
  const files = names.flatMap((name) => sourceFilesOf(packages, name));
  return [
    ...files.flatMap((file) => checkFile(file)),
    ...publicRooms(files).flatMap((folder) => checkFrontDoor(folder, files)),
    ...files.flatMap((file) =>
      file.imports.flatMap((edge) =>
        isRelative(edge) ? checkInside(file, edge) : checkOutside(file, edge, manifests),
      ),
    ),
    ...findCycles(files),
  ];
}

const isRelative = (edge: ImportEdge): boolean => edge.specifier.startsWith(".");

function targetOf(file: SourceFile, edge: ImportEdge): string {
  const path = resolve("/", dirname(file.path), edge.specifier);
  return path.split(sep).join("/").slice(1).replace(/\.js$/, ".ts");
}

function checkFile(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  for (const part of file.path.split("/").slice(2)) {
    if (VAGUE_NAMES.test(part)) found.push({ rule: "name", where: file.path, message: `"${part}" says nothing` });
  }
  const [, , folder, ...rest] = file.path.split("/");
  if (file.package === LIBRARY && rest.length > 0 && roomOf(file.path) === undefined) {
    found.push({ rule: "name", where: file.path, message: `"${folder}" is no room of the table in tools/layers.ts` });
  }
  for (const line of file.path === ATOMICS_FILE ? [] : file.atomics) {
    found.push({ rule: "atomics", where: `${file.path}:${line}`, message: `Atomics belongs in ${ATOMICS_FILE}` });
  }
  for (const line of basename(file.path) === "mod.ts" ? file.statements : []) {
    found.push({ rule: "mod", where: `${file.path}:${line}`, message: "a mod.ts only names exports of other files" });
  }
  for (const edge of file.imports.filter((each) => each.exportsAll)) {
    found.push({
      rule: "export-all",
      where: `${file.path}:${edge.line}`,
      message: `export * from "${edge.specifier}": name the exports one by one`,
    });
  }
  return found;
}

const PUBLIC_RANK = 6;

/** The rooms there are that users import by name. */
function publicRooms(files: readonly SourceFile[]): string[] {
  return ROOMS.filter((room) => room.rank === PUBLIC_RANK)
    .map((room) => `${LIBRARY}/src/${room.folder}/`)
    .filter((folder) => files.some((file) => file.path.startsWith(folder)));
}

function checkFrontDoor(folder: string, files: readonly SourceFile[]): Violation[] {
  if (files.some((file) => file.path === `${folder}mod.ts`)) return [];
  return [{ rule: "mod", where: folder, message: "a public room names its exports in mod.ts" }];
}

/** An import by relative path. */
function checkInside(file: SourceFile, edge: ImportEdge): Violation[] {
  const where = `${file.path}:${edge.line}`;
  const target = targetOf(file, edge);
  if (!target.startsWith(`${file.package}/src/`)) {
    return [{ rule: "reach-in", where, message: `"${edge.specifier}" leaves the package's own sources` }];
  }
  if (file.package !== LIBRARY) return [];
  const [from, to] = [roomOf(file.path), roomOf(target)];
  const up = rankOf(target) > rankOf(file.path);
  if (up) return [{ rule: "upward", where, message: `"${edge.specifier}" points up: ${ranks(file.path, target)}` }];
  const sideways = from !== to && rankOf(target) === rankOf(file.path);
  if (!sideways || (to !== undefined && from?.beside?.includes(to.folder) === true)) return [];
  return [{ rule: "sideways", where, message: `"${edge.specifier}" points sideways: ${ranks(file.path, target)}` }];
}

const ranks = (from: string, to: string): string =>
  `${roomOf(from)?.folder ?? basename(from)} has rank ${rankOf(from)}, ${roomOf(to)?.folder ?? basename(to)} rank ${rankOf(to)}`;

/** An import by name. */
function checkOutside(file: SourceFile, edge: ImportEdge, manifests: ReadonlyMap<string, Manifest>): Violation[] {
  if (edge.specifier.startsWith("node:")) return [];
  const where = `${file.path}:${edge.line}`;
  const parts = edge.specifier.split("/");
  const wanted = parts.slice(0, edge.specifier.startsWith("@") ? 2 : 1).join("/");
  const subpath = [".", ...parts.slice(wanted.split("/").length)].join("/");
  const own = manifests.get(file.package);
  const other = [...manifests.values()].find((manifest) => manifest.name === wanted);
  if (other !== undefined && other !== own) return checkPackage(file, edge, other, subpath, where);
  const room = file.package === LIBRARY ? roomOf(file.path) : undefined;
  if (own?.declared.includes(wanted) === true && room?.outside !== "node") return [];
  const why = room?.outside === "node" ? `"${room.folder}" imports only Node's own modules` : "package.json lacks it";
  return [{ rule: "outside", where, message: `"${wanted}": ${why}` }];
}

/** An import of another package of this repository. */
function checkPackage(file: SourceFile, edge: ImportEdge, to: Manifest, subpath: string, where: string): Violation[] {
  if (!to.exports.includes(subpath)) {
    return [{ rule: "reach-in", where, message: `"${edge.specifier}" is no public name of ${to.name}` }];
  }
  if (to.name === LIBRARY) return [];
  const fromCommand = file.package === LIBRARY && roomOf(file.path)?.folder === "cli" && edge.kind !== "static";
  if (fromCommand) return [];
  const rule = file.package === LIBRARY ? "upward" : "sideways";
  return [{ rule, where, message: `"${edge.specifier}": ${file.package} may not load ${to.name} here` }];
}

/** Files that need each other to load. Imported types are erased, so they close no circle. */
function findCycles(files: readonly SourceFile[]): Violation[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports.filter((edge) => edge.kind !== "type" && isRelative(edge)).map((edge) => targetOf(file, edge)),
    ]),
  );
  const found: Violation[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const circle = [...trail.slice(start), path].map((each) => each.split("/").slice(2).join("/"));
      found.push({ rule: "cycle", where: path, message: circle.join(" → ") });
      return;
    }
    if (finished.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}
