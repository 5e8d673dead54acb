/** What the documentation of manyhands/subprocess shows: every public symbol has an example, and each example runs and prints
 *  what the comment beside it says. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import * as subprocess from "manyhands/subprocess";
import { run } from "manyhands/subprocess";
import { expect, test } from "vitest";
import { scriptArgs } from "./children.js";

const SOURCES = fileURLToPath(new URL("../packages/manyhands/src/subprocess/", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The examples of a file, with the line of the symbol that follows each. */
function examplesOf(file: string): { readonly symbol: string; readonly code: string }[] {
  const text = readFileSync(SOURCES + file, "utf8");
  return [...text.matchAll(/\* {2}```ts\n(.*?)\* {2}``` \*\/\n([^\n]*)\n/gs)].map(([, code = "", after = ""]) => ({
    symbol: `${file}: ${after.trim()}`,
    code: code.replaceAll(/^ *\* {0,2}/gm, ""),
  }));
}

const EXAMPLES = readdirSync(SOURCES).flatMap(examplesOf);
const PRELUDE = `import { ${Object.keys(subprocess).join(", ")} } from "manyhands/subprocess";\n`;

test.each(EXAMPLES)("$symbol", async ({ code }) => {
  const { code: plain } = transformSync(PRELUDE + code, { loader: "ts", target: "es2022" });
  const said = [...code.matchAll(/; \/\/ (.*)$/gm)].map(([, comment]) => comment);
  expect(said.length).toBeGreaterThan(0);
  const { stdout, stderr, returnCode } = await run(scriptArgs(plain), {
    captureOutput: true,
    encoding: "utf8",
    cwd: HERE,
  });
  // One comment may speak for what a loop prints.
  expect([returnCode, stderr, stdout.trimEnd().split("\n").join(" ")]).toEqual([0, "", said.join(" ")]);
});

test("every exported value has one", () => {
  const text = EXAMPLES.map(({ symbol }) => symbol).join("\n");
  // The first can only be caught, the second is multiprocessing's as well.
  const without = ["SignalRefusedError", "BrokenPipeError"];
  const missing = Object.keys(subprocess).filter((name) => !new RegExp(`(class|const|function) ${name}\\b`).test(text));
  expect(missing.sort()).toEqual(without.sort());
});
