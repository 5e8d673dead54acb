/** Compiles the workspace, then joins the library's eighty modules into few files (`join.mjs`), and bundles the page of the
 *  dashboard (`page.mjs`).
 *
 *  They take the places of files that the compiler made. So its record of what it made is put aside: it makes all of them
 *  anew the next time, and `npx tsc -b` alone leaves a library that is up to date, only slower to start.
 *
 *  Guarantees: nothing is written when nothing has changed, since programs may be running; plain JavaScript, like
 *  `ready.mjs`, for it runs before anything is built. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { joinModules } from "./join.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(root, "packages", "manyhands");
const dist = join(library, "dist");
const record = join(dist, ".tsbuildinfo");
const recordAside = join(dist, ".aside.tsbuildinfo");
const stampFile = join(dist, ".joined.tsbuildinfo");

/** What the joined files depend on. */
function hashOfSources() {
  const hash = createHash("sha256");
  for (const tool of ["build.mjs", "join.mjs"]) hash.update(readFileSync(join(root, "tools", tool)));
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

/** Puts the joined files in the places of what they were made of. */
async function replaceByJoined() {
  const files = await joinModules(dist);
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

const hash = hashOfSources();
const joined = isJoined(hash);
// The compiler is told what it knew: then it has nothing to do for the library.
if (joined) renameSync(recordAside, record);
else for (const file of [recordAside, stampFile]) rmSync(file, { force: true });
const status = compile();
if (status !== 0) {
  // What failed may be a test: the library's files are still the joined ones, of which the compiler must not know.
  if (joined) renameSync(record, recordAside);
  process.exit(status);
}
if (existsSync(join(dist, "mod.js"))) {
  if (joined) renameSync(record, recordAside);
  else await replaceByJoined();
  writeFileSync(stampFile, hash);
}
// A workspace may hold the library alone.
if (existsSync(join(root, "packages", "server", "page"))) {
  const { buildPage } = await import("./page.mjs");
  await buildPage(root);
}
