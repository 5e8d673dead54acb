/** The layers hold in the real tree, and the check that says so finds each kind of fault where one is planted. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Violation } from "../tools/built/layers.js";
import { checkLayers } from "../tools/built/layers.js";

const PACKAGES = fileURLToPath(new URL("../packages", import.meta.url));

test("every file of every package keeps the layers", () => {
  expect(checkLayers(PACKAGES)).toEqual([]);
});

const LIBRARY = { name: "manyhands", exports: { ".": "./dist/mod.js" }, dependencies: { acorn: "*" } };
const SERVER = { name: "@manyhands/server", exports: { ".": "./dist/mod.js" }, dependencies: { fastify: "*" } };

/** A tree that breaks nothing, though it comes close everywhere. */
const SOUND: Record<string, string> = {
  "manyhands/package.json": JSON.stringify(LIBRARY),
  "manyhands/src/mod.ts": `export { Pool } from "./pool/pool.js";\nimport "./wire/parse.js";\nexport {};`,
  "manyhands/src/base/errors.ts": `// import "../pool/pool.js" is only spoken of; so is Atomics\nexport const text = 'import "../pool/pool.js"';`,
  "manyhands/src/base/heap.ts": `import type { Deque } from "./deque.js";\nexport type Heap = Deque;`,
  "manyhands/src/base/deque.ts": `import { type Heap } from "./heap.js";\nexport type Deque = Heap;`,
  "manyhands/src/memory/cells.ts": `export const load = (cells: Int32Array): number => Atomics.load(cells, 0);`,
  "manyhands/src/wire/parse.ts": `import { parse } from "acorn";\nimport fs from "node:fs";\nexport { fs, parse };`,
  "manyhands/src/pool/pool.ts": `import { text } from "../base/errors.js";\nexport const Pool = text;`,
  "manyhands/src/threading/mod.ts": `export { Thread } from "./thread.js";`,
  "manyhands/src/threading/thread.ts": `export const Thread = 1;`,
  "manyhands/src/multiprocessing/mod.ts": `export { Thread } from "../threading/thread.js";`,
  "manyhands/src/cli/main.ts": `import { Pool } from "../mod.js";\nexport const serve = (): unknown => [Pool, import("@manyhands/server")];`,
  "server/package.json": JSON.stringify(SERVER),
  "server/src/mod.ts": `export { serve } from "./serve.js";`,
  "server/src/serve.ts": `import { Pool } from "manyhands";\nimport fastify from "fastify";\nexport const serve = [Pool, fastify];`,
};

/** One file that breaks one rule, and the rule. */
const FAULTS: readonly (readonly [rule: Violation["rule"], path: string, source: string])[] = [
  ["upward", "manyhands/src/base/up.ts", `import { Pool } from "../pool/pool.js";\nexport { Pool };`],
  ["upward", "manyhands/src/wire/up.ts", `import type { Pool } from "../pool/pool.js";\nexport type X = Pool;`],
  ["upward", "manyhands/src/wire/lazy.ts", `export const later = (): unknown => import("../pool/pool.js");`],
  ["upward", "manyhands/src/wire/type.ts", `export type X = import("../pool/pool.js").Pool;`],
  ["upward", "manyhands/src/pool/door.ts", `export { Pool } from "../mod.js";`],
  ["upward", "manyhands/src/cli/eager.ts", `import "@manyhands/server";`],
  ["sideways", "manyhands/src/asyncio/side.ts", `export { Queue } from "../queue/mod.js";`],
  ["sideways", "manyhands/src/threading/side.ts", `export * as m from "../multiprocessing/mod.js";`],
  ["cycle", "manyhands/src/pool/a.ts", `import "./a.js";`],
  ["export-all", "manyhands/src/pool/all.ts", `export * from "./pool.js";`],
  ["name", "manyhands/src/pool/utils.ts", `export const x = 1;`],
  ["name", "manyhands/src/helpers/x.ts", `export const x = 1;`],
  ["name", "manyhands/src/lounge/x.ts", `export const x = 1;`],
  ["atomics", "manyhands/src/memory/lock.ts", `export const f = Atomics.add;`],
  ["reach-in", "server/src/deep.ts", `import "../../manyhands/src/mod.js";`],
  ["reach-in", "server/src/private.ts", `import "manyhands/dist/pool/pool.js";`],
  ["outside", "manyhands/src/base/foreign.ts", `import "acorn";`],
  ["outside", "manyhands/src/wire/undeclared.ts", `import "left-pad";`],
  ["mod", "manyhands/src/wire/mod.ts", `export const logic = 1;`],
  ["mod", "manyhands/src/observe/trace.ts", `export const trace = 1;`],
];

describe("the check", () => {
  let planted: string;

  function write(path: string, source: string): void {
    mkdirSync(dirname(join(planted, path)), { recursive: true });
    writeFileSync(join(planted, path), source);
  }

  beforeAll(() => {
    planted = mkdtempSync(join(tmpdir(), "manyhands-layers-"));
    for (const [path, source] of Object.entries(SOUND)) write(path, source);
  });
  afterAll(() => rmSync(planted, { recursive: true }));

  test("passes a tree that breaks nothing", () => {
    const cycle = checkLayers(planted);
    // The inline `type` import of deque.ts is kept by the compiler, but heap.ts's `import type` is not: no circle.
    expect(cycle).toEqual([]);
  });

  test.each(FAULTS)("finds %s in %s", (rule, path, source) => {
    write(path, source);
    const found = checkLayers(planted);
    rmSync(join(planted, path));
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    expect(found.map((violation) => violation.rule)).toContain(rule);
    for (const violation of found) expect(violation.where.startsWith(folder)).toBe(true);
  });

  test("finds a cycle between files of different folders of one room and names its way", () => {
    write("manyhands/src/pool/one.ts", `import { two } from "./deep/two.js";\nexport const one = two;`);
    write("manyhands/src/pool/deep/two.ts", `import { one } from "../one.js";\nexport const two = one;`);
    const found = checkLayers(planted);
    rmSync(join(planted, "manyhands/src/pool/one.ts"));
    rmSync(join(planted, "manyhands/src/pool/deep"), { recursive: true });
    expect(found).toEqual([
      {
        rule: "cycle",
        where: "manyhands/src/pool/deep/two.ts",
        message: "pool/deep/two.ts → pool/one.ts → pool/deep/two.ts",
      },
    ]);
  });
});
