/** What editors and compilers of users see: the declarations that are published, not the sources they were made from. */
import { spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folder } from "./keeping.js";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const ROOMS = [
  "manyhands",
  "manyhands/threading",
  "manyhands/queue",
  "manyhands/multiprocessing",
  "manyhands/asyncio",
  "manyhands/subprocess",
];

test("a strict program that also checks its libraries compiles with every public room", () => {
  const place = folder();
  symlinkSync(join(REPOSITORY, "node_modules"), join(place, "node_modules"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
  const imports = ROOMS.map((room, at) => `import * as room${at} from "${room}";\nconsole.log(room${at});\n`);
  writeFileSync(join(place, "program.ts"), imports.join(""));
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
  };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["program.ts"] }));
  const compiler = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", place], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

test("the rooms of pipes have one class for a broken one", async () => {
  const [multiprocessing, subprocess] = await Promise.all([
    import("manyhands/multiprocessing"),
    import("manyhands/subprocess"),
  ]);
  expect(multiprocessing.BrokenPipeError).toBe(subprocess.BrokenPipeError);
});

test("each room of locks gives the errors that its locks throw", async () => {
  const [threading, multiprocessing] = await Promise.all([
    import("manyhands/threading"),
    import("manyhands/multiprocessing"),
  ]);
  const main = await import("manyhands");
  for (const name of [
    "AbandonedError",
    "BrokenBarrierError",
    "NotLockedError",
    "NotOwnerError",
    "OverReleaseError",
    "TimeoutError",
  ] as const) {
    expect(threading[name], name).toBe(main[name]);
    expect(multiprocessing[name], name).toBe(main[name]);
  }
  // So that it can be named in a type.
  expect(multiprocessing.Permit).toBe(threading.Permit);
});
