/** tools/ready.mjs installs when, and only when, it must. npm and tsc are replaced by scripts that note each call, so
 *  the tests need no registry and take no time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const TOOLS = fileURLToPath(new URL("../tools/", import.meta.url));

/** What stands in for `npm ci`: empties node_modules, and puts a compiler there that builds the command. */
const NPM = `
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
appendFileSync("calls", "npm " + process.argv.slice(2).join(" ") + "\\n");
console.log("npm speaks on stdout");
rmSync("node_modules", { recursive: true, force: true });
mkdirSync("node_modules/typescript/bin", { recursive: true });
if (existsSync("npm-fails")) process.exit(7);
if (existsSync("npm-dies")) process.kill(process.pid, "SIGKILL");
mkdirSync("node_modules/.bin");
writeFileSync("node_modules/typescript/bin/tsc", \`
const fs = require("node:fs");
fs.appendFileSync("calls", "tsc " + process.argv.slice(2).join(" ") + "\\\\n");
console.log("tsc speaks on stdout");
if (fs.existsSync("tsc-fails")) process.exit(2);
fs.mkdirSync("packages/manyhands/dist/cli", { recursive: true });
fs.writeFileSync("packages/manyhands/dist/cli/main.js", "", { mode: 0o644 });
\`);
`;

let root: string;

const file = (name: string): string => join(root, name);
const calls = (): string[] => (existsSync(file("calls")) ? readFileSync(file("calls"), "utf8").trim().split("\n") : []);
const installs = (): number => calls().filter((call) => call.startsWith("npm ci")).length;

function lock(version: string): void {
  const packages = { "": {}, "node_modules/typescript": { version, integrity: `sha512-${version}` } };
  writeFileSync(file("package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
}

async function ready(): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(process.execPath, [file("tools/ready.mjs")], {
    cwd: tmpdir(),
    env: { ...process.env, npm_execpath: file("npm-cli.js") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "manyhands-ready-test-"));
  mkdirSync(file("tools"));
  for (const name of ["ready.mjs", "build.mjs", "join.mjs"]) copyFileSync(join(TOOLS, name), file(`tools/${name}`));
  mkdirSync(file("packages/manyhands/src"), { recursive: true });
  for (const name of ["tsconfig.base.json", "packages/manyhands/tsconfig.json"]) writeFileSync(file(name), "{}");
  writeFileSync(file("package.json"), '{ "type": "module" }');
  writeFileSync(file("npm-cli.js"), NPM);
  lock("1.0.0");
});
afterEach(() => rmSync(root, { recursive: true }));

test("a checkout without node_modules is installed, then built, with nothing on stdout", async () => {
  const { code, stdout, stderr } = await ready();
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toContain("npm speaks on stdout");
  expect(calls()).toEqual(["npm ci --include=dev --no-audit --no-fund --loglevel=error", "tsc -b"]);
});

test("the command is executable and linked after the build", async () => {
  await ready();
  expect(statSync(file("node_modules/.bin")).isDirectory()).toBe(true);
  expect(statSync(file("packages/manyhands/dist/cli/main.js")).mode & 0o111).toBe(0o111);
});

test("a second call builds, and does not install", async () => {
  await ready();
  await ready();
  expect(installs()).toBe(1);
  expect(calls().filter((call) => call === "tsc -b")).toHaveLength(2);
});

test("a changed lock file is installed once", async () => {
  await ready();
  lock("1.0.1");
  await ready();
  await ready();
  expect(installs()).toBe(2);
});

test("an `npm install` by hand that put there what the lock file names is not done over", async () => {
  await ready();
  lock("1.0.2");
  copyFileSync(file("package-lock.json"), file("node_modules/.package-lock.json"));
  await ready();
  expect(installs()).toBe(1);
});

test.each(["npm-fails", "npm-dies"])("an install that ends with %s leaves no stamp, and is done again", async (way) => {
  writeFileSync(file(way), "");
  const { code, stderr } = await ready();
  expect(code).not.toBe(0);
  expect(stderr).toContain("npm ci failed");
  rmSync(file(way));
  expect((await ready()).code).toBe(0);
  expect(installs()).toBe(2);
});

test("a failed build is an error", async () => {
  await ready();
  writeFileSync(file("tsc-fails"), "");
  const { code, stderr } = await ready();
  expect(code).toBe(2);
  expect(stderr).toContain("The build failed");
});

test("of two at once, one installs and the other waits for it", async () => {
  const both = await Promise.all([ready(), ready()]);
  expect(both.map((each) => each.code)).toEqual([0, 0]);
  expect(installs()).toBe(1);
});
