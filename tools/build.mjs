/** Compiles the workspace, then joins the library's eighty modules into few files, for what a program waits for first is
 *  that they are found and read: the library loads in a fifth of the time, a worker boots in three quarters.
 *
 *  dist/mod.js                the whole of the library but what stands in the next
 *  dist/worker/core.js        what a worker thread needs too, or a public room: once for all, or they would not share their
 *                             state
 *  dist/worker/*-main.js      what is left of the programs of workers
 *  dist/ROOM/mod.js           the public rooms (threading, queue, multiprocessing); what they share stands in dist/rooms,
 *                             and what is in the files above is taken from there
 *  dist/share/*.js            what is loaded when an object is shared with another process, likewise
 *
 *  They take the places of files that the compiler made. So its record of what it made is put aside: it makes all of them
 *  anew the next time, and `npx tsc -b` alone leaves a library that is up to date, only slower to start.
 *
 *  Guarantees: nothing is written when nothing has changed, since programs may be running; plain JavaScript, like
 *  `ready.mjs`, for it runs before anything is built. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(root, "packages", "manyhands");
const dist = join(library, "dist");
const core = join(dist, "worker", "core.js");
const record = join(dist, ".tsbuildinfo");
const recordAside = join(dist, ".aside.tsbuildinfo");
const stampFile = join(dist, ".joined.tsbuildinfo");

const ENTRIES = ["mod.js", "worker/thread-main.js", "worker/process-main.js"].map((name) => join(dist, name));

/** The public rooms, and what a worker loads when something arrives that belongs to them. */
const ROOMS = [
  "threading/mod.js",
  "queue/mod.js",
  "multiprocessing/mod.js",
  "multiprocessing/manager-server.js",
  "share/remote.js",
  "share/bridge-main.js",
]
  .map((name) => join(dist, name))
  .filter((file) => existsSync(file.replace(dist, join(library, "src")).replace(/js$/, "ts")));

/** What the joined files depend on. */
function hashOfSources() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  const files = readdirSync(join(library, "src"), { recursive: true }).sort();
  for (const name of [...files.map((file) => join("src", file)), "tsconfig.json", "../../tsconfig.base.json"]) {
    const file = join(library, name);
    if (!/\.(?:ts|json)$/.test(file)) continue;
    hash.update(name).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Whether what stands in dist is joined, and of these sources. */
function isJoined(hash) {
  return (
    !existsSync(record) && existsSync(recordAside) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash
  );
}

function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, error, signal } = spawnSync(process.execPath, [tsc, "-b"], { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  return signal === null ? (status ?? 1) : 130;
}

const COMMON = {
  absWorkingDir: dist,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
};

/** The modules that a worker's program consists of, itself left out. */
async function partsOf(esbuild, entry, external = []) {
  const { metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: [entry],
    packages: "external",
    external,
    metafile: true,
    write: false,
    outdir: dist,
  });
  return Object.keys(metafile.inputs)
    .map((file) => resolve(dist, file))
    .filter((file) => file !== entry);
}

/** The modules of the library itself that public rooms need too, but for what they take from its front door. */
async function partsOfRooms(esbuild, inside) {
  const needed = await Promise.all(ROOMS.map((room) => partsOf(esbuild, room, ["../mod.js"])));
  return needed.flat().filter((file) => inside.has(file));
}

/** Puts imports of the parts on `core.js`, and the names of the workers' programs where they will be seen from. */
function toCore(parts, entry) {
  const from = `./${relative(dirname(entry), core).replaceAll(sep, "/")}`;
  return {
    name: "to-core",
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir }) =>
        parts.has(resolve(resolveDir, path)) ? { path: from, external: true } : undefined,
      );
      build.onLoad({ filter: /[\\/]worker[\\/](?:thread|process)-port\.js$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const contents = text.replace(
          /"\.\/((?:thread|process)-main\.js)", import\.meta\.url/,
          '"./worker/$1", import.meta.url',
        );
        if (contents === text) throw new Error(`${path} does not name its program any more`);
        return { contents, resolveDir: dirname(path) };
      });
    },
  };
}

/** Puts imports of the parts on `core.js`, and those of the front door on `mod.js`: its classes and state exist once. What
 *  only `mod.js` has inside cannot be had past the front door. */
function toJoined(parts, inside) {
  return {
    name: "to-joined",
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
        const file = resolve(resolveDir, path);
        if (parts.has(file)) return { path: "../worker/core.js", external: true };
        if (file === join(dist, "mod.js")) return { path: "../mod.js", external: true };
        if (!inside.has(file)) return undefined;
        throw new Error(
          `${relative(dist, importer)} imports ${path}, which belongs to mod.js: import it from ../mod.js`,
        );
      });
    },
  };
}

/** The public rooms, with what several of them need in files of its own. */
async function joinRooms(esbuild, parts, inside) {
  if (ROOMS.length === 0) return { outputFiles: [] };
  return esbuild.build({
    ...COMMON,
    packages: "external",
    write: false,
    logLevel: "warning",
    splitting: true,
    entryPoints: ROOMS,
    outdir: dist,
    outbase: dist,
    chunkNames: "rooms/[hash]",
    plugins: [toJoined(parts, inside)],
  });
}

/** Takes Node's own modules without the loader, which would make a module with all its exports of each: 1 ms in all for the
 *  program, and as much for each worker. */
function withoutLoader(text) {
  return text.replace(
    /^import (?:(\w+)(?:, )?)?(?:\{([^}]*)\} )?\s*from "(node:[\w/]+)";$/gm,
    (all, whole, names, module) => {
      const taken = [whole, names === undefined ? undefined : `{${names.replaceAll(" as ", ": ")}}`];
      const from = `process.getBuiltinModule("${module}")`;
      return (
        taken
          .filter((name) => name !== undefined)
          .map((name) => `const ${name.replace(/\s+/g, " ")} = ${from};`)
          .join(" ")
          // The source map counts lines.
          .concat("\n".repeat(all.split("\n").length - 1))
      );
    },
  );
}

async function joinModules() {
  const esbuild = await import("esbuild");
  const [, thread] = ENTRIES;
  const inside = new Set(await partsOf(esbuild, join(dist, "mod.js")));
  const parts = new Set([...(await partsOf(esbuild, thread)), ...(await partsOfRooms(esbuild, inside))]);
  const all = [...parts].sort().map((file) => `export * from "./${relative(dist, file).replaceAll(sep, "/")}";`);
  const options = { ...COMMON, packages: "external", write: false, logLevel: "warning" };
  const joined = await Promise.all([
    esbuild.build({ ...options, stdin: { contents: all.join("\n"), resolveDir: dist }, outfile: core }),
    ...ENTRIES.map((entry) =>
      esbuild.build({ ...options, entryPoints: [entry], outfile: entry, plugins: [toCore(parts, entry)] }),
    ),
    joinRooms(esbuild, parts, inside),
  ]);
  const files = await Promise.all(joined.flatMap(({ outputFiles }) => outputFiles).map((file) => small(esbuild, file)));
  // From here on the compiler's record does not tell what is there. And only now: each was made of what these replace.
  renameSync(record, recordAside);
  rmSync(join(dist, "rooms"), { recursive: true, force: true });
  mkdirSync(join(dist, "rooms"));
  for (const { path, code, map } of files) {
    replace(`${path}.map`, map);
    replace(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  }
}

/** At one stroke: a program that loads the file just now gets the old one or the new one. */
function replace(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Without the blanks a worker needs 0.3 MB less. Names stay, for they are seen in stacks and messages. */
async function small(esbuild, { path, text }) {
  const options = { minifyWhitespace: true, lineLimit: 160, sourcemap: "external", sourcefile: path, target: "node20" };
  return { path, ...(await esbuild.transform(withoutLoader(text), options)) };
}

const hash = hashOfSources();
const joined = isJoined(hash);
// The compiler is told what it knew: then it has nothing to do for the library.
if (joined) renameSync(recordAside, record);
else for (const file of [recordAside, stampFile]) rmSync(file, { force: true });
const status = compile();
if (status !== 0) process.exit(status);
if (existsSync(join(dist, "mod.js"))) {
  if (joined) renameSync(record, recordAside);
  else await joinModules();
  writeFileSync(stampFile, hash);
}
