/** tools/build.mjs joins the library's modules, and leaves `tsc -b` its due. In a copy of the library: other tests run. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folder } from "./keeping.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

/** A workspace that holds nothing but the library. */
function copyOfLibrary(): string {
  const root = folder();
  const library = join("packages", "manyhands");
  mkdirSync(join(root, "tools"));
  for (const name of ["tools/build.mjs", "tools/join.mjs", "tsconfig.base.json"])
    copyFileSync(join(REPOSITORY, name), join(root, name));
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify({ files: [], references: [{ path: library }] }));
  for (const name of ["src", "package.json", "tsconfig.json"])
    cpSync(join(REPOSITORY, library, name), join(root, library, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  return root;
}

function run(root: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

const importsOf = (file: string): ReadonlySet<string | undefined> =>
  new Set([...readFileSync(file, "utf8").matchAll(/\bfrom ?"([^"]+)";/g)].map(([, name]) => name));

test("joins what programs and workers load, once for each state of the sources", { timeout: 180_000 }, () => {
  const root = copyOfLibrary();
  const dist = join(root, "packages", "manyhands", "dist");
  const mod = join(dist, "mod.js");
  run(root, "tools/build.mjs");
  expect(importsOf(mod)).toEqual(new Set());
  for (const name of ["thread-main", "process-main", "solo-thread-main", "solo-process-main"])
    expect(importsOf(join(dist, "worker", `${name}.cjs`))).toEqual(new Set());
  expect(importsOf(join(dist, "pool", "engines.cjs"))).toEqual(new Set());
  for (const name of ["threading", "multiprocessing"]) {
    for (const from of importsOf(join(dist, name, "mod.js"))) expect(from).toMatch(/^\.\.\/(?:mod|rooms\/\w+)\.js$/);
  }

  // One state for worker and task: the task's own import of the library knows whose context it is.
  const url = JSON.stringify(`file://${mod}`);
  const task = join(root, "task.mjs");
  writeFileSync(task, `import { context } from ${url}; export const kind = async () => context().worker.kind;`);
  const program = join(root, "program.mjs");
  writeFileSync(
    program,
    `import { ThreadPoolExecutor, ProcessPoolExecutor, EventLoopExecutor } from ${url};
    import { kind } from "./task.mjs";
    // In the last the library is loaded before the worker's own program.
    const early = new ProcessPoolExecutor({ execArgv: ["--import", ${url}] });
    for (const pool of [new ThreadPoolExecutor(), new ProcessPoolExecutor(), new EventLoopExecutor(), early]) {
      console.log(await pool.submit(kind));
      await pool.shutdown();
    }`,
  );
  expect(run(root, program)).toBe("thread\nprocess\nevent-loop\nprocess\n");

  // Most of the library is read when an executor is first used, and not before.
  const late = join(root, "late.mjs");
  writeFileSync(
    late,
    `import { createRequire } from "node:module";
    import { ThreadPoolExecutor } from ${url};
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).map((file) => file.split("/").at(-1)).join();
    const pool = new ThreadPoolExecutor();
    console.log("made", loaded());
    const future = pool.submit((n) => n + 1, 1);
    console.log("used", loaded(), await future);
    await pool.shutdown();`,
  );
  expect(run(root, late)).toBe("made \nused engines.cjs 2\n");

  const times = (): readonly number[] =>
    (readdirSync(dist, { recursive: true }) as string[])
      .filter((name) => /\.c?js$/.test(name))
      .map((name) => statSync(join(dist, name)).mtimeMs);
  const before = times();
  run(root, "tools/build.mjs");
  expect(times()).toEqual(before);

  // The compiler alone makes a library that is up to date.
  appendFileSync(
    join(root, "packages/manyhands/src/base/clock.ts"),
    "export const ADDED: string = 'added just now';\n",
  );
  run(root, "node_modules/typescript/bin/tsc", "-b");
  expect(importsOf(mod)).toContain("./pool/mod.js");
  expect(run(root, program)).toBe("thread\nprocess\nevent-loop\nprocess\n");
  run(root, "tools/build.mjs");
  expect(importsOf(mod)).toEqual(new Set());
});
