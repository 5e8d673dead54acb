/** docs/downloading.md: its program compiles strictly, and says of a local file what the page says. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { node } from "./conformance/support.js";
import { fileServer } from "./download-server.js";
import { folder } from "./keeping.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

test("the program of docs/downloading.md compiles strictly and saves its file", { timeout: 60_000 }, async () => {
  const server = await fileServer();
  server.files.set("/a.zip", { body: Buffer.from("PK"), type: "application/zip" });
  const page = readFileSync(join(REPOSITORY, "docs/downloading.md"), "utf8");
  const [code = ""] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, each]) => each);
  const place = folder();
  symlinkSync(join(REPOSITORY, "node_modules"), join(place, "node_modules"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
  const onSite = code
    .replace("https://example.org", server.url)
    .replace("resume: true", "resume: true, allowPrivate: true");
  writeFileSync(join(place, "program.ts"), onSite);
  const compiler = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
  const flags = "--strict --skipLibCheck --target es2022 --module nodenext --types node --outDir built program.ts";
  const compiled = spawnSync(process.execPath, [compiler, ...flags.split(" ")], { cwd: place, encoding: "utf8" });
  expect(compiled).toMatchObject({ status: 0, stdout: "" });
  const ended = await node([join(place, "built/program.js")], { cwd: place }).ended;
  expect([ended.code, ended.stderr, ended.stdout.trim()]).toEqual([0, "", `${join("files", "a.zip")} 2`]);
  expect(readdirSync(join(place, "files"))).toEqual(["a.zip"]);
});
