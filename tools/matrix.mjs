/** Runs the tests on several versions of Node, and prints a table version × result.
 *
 *      npm run test:matrix                     Node 20, 22, 24 and 26
 *      npm run test:matrix -- 22 24            these
 *      npm run test:matrix -- 24 -- test/x     what follows the second -- goes to vitest
 *
 *  The binaries come from the npm package `node`, once, into node_modules/.cache. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAJORS = ["20", "22", "24", "26"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, "node_modules", ".cache", "manyhands-node");

function say(text) {
  process.stderr.write(`${text}\n`);
}

function readArguments(args) {
  const split = args.indexOf("--");
  const majors = split < 0 ? args : args.slice(0, split);
  for (const major of majors) {
    if (!/^\d+(\.\d+){0,2}$/.test(major)) {
      say(`Not a version of Node: "${major}". Usage: npm run test:matrix -- [VERSION…] [-- VITEST ARGUMENT…]`);
      process.exit(2);
    }
  }
  return { majors: majors.length > 0 ? majors : MAJORS, forVitest: split < 0 ? [] : args.slice(split + 1) };
}

/** The version that runs there, or undefined. */
function versionOf(binary) {
  if (!existsSync(binary)) return undefined;
  const { status, stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The path of that version's binary, installed when it is not there yet. */
function nodeBinary(major) {
  const folder = join(cache, major);
  const binary = join(folder, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (versionOf(binary) !== undefined) return binary;
  say(`Installing node@${major} …`);
  mkdirSync(folder, { recursive: true });
  // A package of its own, or npm would walk up to the workspace and install there.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--prefix", folder, `node@${major}`, "--no-save", "--no-package-lock", "--loglevel=error"];
  // The package's install script picks the binary's own package, so scripts must run here whatever the user's default.
  const npm = spawnSync("npm", [...args, "--ignore-scripts=false"], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) return undefined;
  return versionOf(binary) === undefined ? undefined : binary;
}

function testOn(major, forVitest) {
  const binary = nodeBinary(major);
  if (binary === undefined) return { major, version: "–", passed: 0, failed: 0, skipped: 0, result: "no binary" };
  const report = join(cache, `${major}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const version = versionOf(binary);
  say(`\nNode ${version}`);
  const { status } = spawnSync(binary, [vitest, "run", ...reporters, ...forVitest], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    // Tests that start `node` by name must get this one.
    env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH ?? ""}` },
  });
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
  return {
    major,
    version,
    passed: counts.numPassedTests ?? 0,
    failed: counts.numFailedTests ?? 0,
    skipped: (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0),
    result: status === 0 ? "passed" : "FAILED",
  };
}

function print(rows) {
  const columns = ["version", "passed", "failed", "skipped", "result"];
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index].length)));
  for (const line of lines)
    console.log(
      line
        .map((cell, index) => cell.padEnd(widths[index]))
        .join("  ")
        .trimEnd(),
    );
}

const { majors, forVitest } = readArguments(process.argv.slice(2));
const ready = spawnSync(process.execPath, [join(root, "tools", "ready.mjs")], { stdio: ["ignore", 2, 2] });
if (ready.status !== 0) process.exit(ready.status ?? 1);
const rows = majors.map((major) => testOn(major, forVitest));
print(rows);
process.exitCode = rows.every((row) => row.result === "passed") ? 0 : 1;
