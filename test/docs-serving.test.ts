/** The program in docs/serving.md does what the page says. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { run } from "manyhands/subprocess";
import { expect, test } from "vitest";
import { folder } from "./keeping.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

test("the program of docs/serving.md prints what the page says", { timeout: 60_000 }, async () => {
  const page = readFileSync(join(ROOT, "docs/serving.md"), "utf8");
  const [, functions = ""] = /```js\n(.*?)```/s.exec(page) ?? [];
  const [, code = ""] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const said = [...code.matchAll(/; \/\/ (.*)$/gm)].map(([, comment]) => comment);
  expect(said.length).toBe(2);
  const cwd = folder();
  symlinkSync(join(ROOT, "node_modules"), join(cwd, "node_modules"));
  const { code: plain } = transformSync(code, { loader: "ts", target: "es2022" });
  writeFileSync(join(cwd, "doubling.mjs"), functions);
  writeFileSync(join(cwd, "program.mjs"), plain);
  const end = await run([process.execPath, "program.mjs"], { captureOutput: true, encoding: "utf8", cwd });
  expect([end.returnCode, end.stderr, end.stdout.trimEnd().split("\n")]).toEqual([0, "", said]);
});
