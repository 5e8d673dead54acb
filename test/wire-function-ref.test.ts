/** Functions: by reference, as source, or refused with a reason; and found again on the other side. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fivefold, * as functions from "#tasks/wire-functions.js";
import { double, thrice } from "#tasks/wire-reexports.js";
import { ClosureError, FunctionRefError } from "../packages/manyhands/dist/base/errors.js";
import {
  type AnyTask,
  importing,
  isMain,
  knownReference,
  moduleRef,
  reference,
  resolveFunction,
  taskName,
  threadExecArgv,
  type WireFunction,
  workerExecArgv,
} from "../packages/manyhands/dist/wire/mod.js";

const FUNCTIONS = import.meta.resolve("#tasks/wire-functions.js");
const WIRE = new URL("../packages/manyhands/dist/wire/mod.js", import.meta.url);

let folder: string;
beforeAll(() => {
  const built = fileURLToPath(new URL("./built/", import.meta.url));
  mkdirSync(built, { recursive: true });
  folder = mkdtempSync(path.join(built, "tmp-wire-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the files into a folder of their own. */
function write(name: string, files: Record<string, string>, parent = folder): string {
  const home = path.join(parent, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    writeFileSync(path.join(home, file), text);
  }
  return home;
}

/** Calls the function as a worker would: through what travels, and after a copy. */
async function callByWire(task: AnyTask, ...args: unknown[]): Promise<unknown> {
  const fn = await resolveFunction(structuredClone(await reference(task)));
  return await fn(...(args as never[]));
}

describe("by reference", () => {
  test.each([
    ["a function", functions.double, "double", 6],
    ["an arrow function", functions.triple, "triple", 9],
    ["an async function", functions.later, "later", 4],
    ["a renamed export", functions.fourfold, "fourfold", 12],
    ["a closure that a factory made", functions.tenfold, "tenfold", 30],
    ["the right one of several closures of one text", functions.hundredfold, "hundredfold", 300],
    ["an anonymous default", fivefold, "default", 15],
    ["a re-export, found where it is defined", double, "double", 6],
    ["a renamed re-export", thrice, "triple", 9],
  ])("%s", async (_what, fn, name, result) => {
    expect(await reference(fn)).toEqual({ type: "export", url: FUNCTIONS, name });
    expect(await callByWire(fn, 3)).toBe(result);
  });

  test("a closure of the same text that is not exported is not taken for one that is", async () => {
    await expect(reference(functions.unexported.thousandfold)).rejects.toThrow(ClosureError);
  });

  test("Node's own functions that a public module has", async () => {
    expect(await callByWire(path.join, "a", "b")).toBe(path.join("a", "b"));
  });

  test("CommonJS: members of module.exports, and module.exports itself", async () => {
    const home = write("common", {
      "package.json": "{}",
      "members.cjs": "exports.f = (n) => n + limit; const limit = 1; exports.g = { h() {} };",
      "getters.cjs":
        "Object.defineProperty(exports, 'k', { enumerable: true, get: () => k }); function k(n) { return n * 7; }",
      "itself.cjs": "module.exports = function whole(n) { return n * 2; }; module.exports.part = (n) => n * 3;",
    });
    const load = (file: string) => createRequire(import.meta.url)(path.join(home, file));
    expect(await callByWire(load("members.cjs").f, 3)).toBe(4);
    expect(await callByWire(load("getters.cjs").k, 3)).toBe(21);
    expect(await callByWire(load("itself.cjs"), 3)).toBe(6);
    expect(await callByWire(load("itself.cjs").part, 3)).toBe(9);
  });

  test("modules of data: URLs", async () => {
    const url = "data:text/javascript,const k = 4; export const f = (n) => n * k;";
    const { f } = await import(url);
    expect(await reference(f)).toEqual({ type: "export", url, name: "f" });
  });

  test("a module that a loader such as Vitest's ran itself: the export of this name in the file", async () => {
    const url = new URL("./tasks/wire-functions.ts", import.meta.url).href;
    const transformed: typeof functions = await import("./tasks/wire-functions.js");
    expect(transformed.double).not.toBe(functions.double);
    for (const name of ["double", "triple", "later", "default"] as const) {
      expect(await reference(transformed[name])).toEqual({ type: "export", url, name });
    }
    await expect(reference(transformed.unexported.thousandfold)).rejects.toThrow(ClosureError);
  });

  test("concurrent callers share one promise, and later ones find the answer at once", async () => {
    const url = "data:text/javascript,const k = 4; export const g = (n) => n * k;";
    const { g } = await import(url);
    expect(knownReference(g)).toBe(undefined);
    const promise = reference(g);
    expect(reference(g)).toBe(promise);
    expect(knownReference(g)).toBe(undefined);
    expect(await promise).toBe(knownReference(g));
  });
});

describe("as source", () => {
  test("a self-contained lambda", async () => {
    const found = await reference((n: number) => n + 40);
    expect(found).toMatchObject({ type: "source", name: "anonymous function" });
    expect(await callByWire((n: number) => n + 41, 1)).toBe(42);
  });

  test("a new function of the same text is known already", async () => {
    const make = () => (n: number) => n * 4242;
    await reference(make());
    expect(knownReference(make())).toMatchObject({ type: "source" });
  });

  test.each([
    ["async", async (n: number) => n + 1, 4],
    ["destructuring and defaults", (n: number, { k = 2 } = {}) => n * k, 6],
    [
      "inner functions and recursion",
      function fact(n: number): number {
        return n > 1 ? n * fact(n - 1) : 1;
      },
      6,
    ],
    [
      "a class inside",
      (n: number) =>
        new (class Box {
          v = n;
          get() {
            return this.v;
          }
        })().get(),
      3,
    ],
    ["imports of Node's modules", async (n: number) => (await import("node:path")).join("a", String(n)), "a/3"],
    [
      "imports of packages",
      async (n: number) => (await import("acorn")).parse(String(n), { ecmaVersion: 2020 }).end,
      1,
    ],
    [
      "`this`, which is undefined",
      function (this: unknown) {
        return this === undefined;
      },
      true,
    ],
    [
      "arguments",
      function () {
        // biome-ignore lint/complexity/noArguments: the thing that is tested
        return arguments.length;
      },
      1,
    ],
  ])("%s", async (_what, fn, result) => {
    expect((await reference(fn as AnyTask)).type).toBe("source");
    expect(await callByWire(fn as AnyTask, 3)).toBe(result);
  });

  test("esbuild's __name is provided", async () => {
    const fn = new Function("n", "const f = __name((x) => x + 1, 'named'); return f.name + f(n);");
    expect(await callByWire(fn as AnyTask, 1)).toBe("named2");
  });

  test("stacks point to the file and line of the function", async () => {
    const home = write("stacks", {
      "m.mjs": "\n\nconst hidden =\n  (n) => {\n    throw new Error('here');\n  };\nexport const table = { hidden };",
    });
    const { table } = await import(pathToFileURL(path.join(home, "m.mjs")).href);
    expect(await reference(table.hidden)).toMatchObject({ at: `${path.join(home, "m.mjs")}:4` });
    const error = await callByWire(table.hidden, 1).catch((reason: unknown) => reason);
    expect((error as Error).stack).toMatch(/stacks\/m\.mjs:5:/);
  });
});

describe("closures are refused, by name and line", () => {
  test("with the file, the line, and both ways out", async () => {
    const home = write("closures", {
      "m.mjs":
        "const limit = 3, other = 4;\nconst hidden = (n) => {\n  let k = other;\n  return n * limit + k + limit;\n};\nexport const table = { hidden };",
    });
    const { table } = await import(pathToFileURL(path.join(home, "m.mjs")).href);
    const error = await reference(table.hidden).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClosureError);
    const { message, variables } = error as ClosureError;
    expect(variables).toEqual(["other", "limit"]);
    expect(message).toContain("hidden");
    expect(message).toContain(`"other" (${path.join(home, "m.mjs")}:3)`);
    expect(message).toContain(`"limit" (${path.join(home, "m.mjs")}:4)`);
    expect(message).toMatch(/Export the function.*pass the values as arguments/);
  });

  test("a failure is remembered", () => {
    const limit = 3;
    const fn = (n: number) => n * limit;
    expect(reference(fn)).toBe(reference(fn));
    return expect(reference(fn)).rejects.toThrow(ClosureError);
  });

  test("an import of this test is named as its author knows it, not as Vitest writes it", async () => {
    const error = await reference(() =>
      path.join(
        "a",
        taskName(() => 1),
      ),
    ).catch((reason: unknown) => reason);
    expect((error as ClosureError).variables).toEqual(["default import", "taskName"]);
  });

  test.each([
    ["require", () => new Function("return require('fs')"), ["require"]],
    [
      "import.meta",
      () => import("data:text/javascript,export const t = { f: () => import.meta.url };" as string).then((m) => m.t.f),
      ["import.meta"],
    ],
    [
      "arguments of the outer function",
      () =>
        (function () {
          // biome-ignore lint/complexity/noArguments: the thing that is tested
          return () => arguments.length;
        })(),
      ["arguments"],
    ],
  ])("%s", async (_what, make, variables) => {
    const fn = (await make()) as AnyTask;
    await expect(reference(fn)).rejects.toThrow(expect.objectContaining({ code: "ERR_CLOSURE", variables }));
  });
});

describe("what cannot be a task is refused, with a reason", () => {
  const object = {
    method: () => 1,
    short() {
      return 1;
    },
    get accessor() {
      return 1;
    },
    *gen() {},
    async *agen() {},
  };
  class K {
    #p = 1;
    m(): number {
      return this.#p;
    }
    static s(): number {
      return 1;
    }
  }
  const getter = Object.getOwnPropertyDescriptor(object, "accessor")?.get;
  test.each<[string, unknown, RegExp]>([
    ["a method of an object", object.short, /method/],
    ["a method of a class", K.prototype.m, /method/],
    ["a static method", K.s, /method/],
    ["a getter", getter, /method or accessor/],
    ["a class", K, /class/],
    ["a generator function", object.gen, /generator/],
    ["an async generator function", object.agen, /generator/],
    ["a native function", Math.max, /native/],
    ["a bound function", functions.double.bind(null), /bound/],
    ["a Proxy", new Proxy(functions.double, {}), /Proxy/],
    [
      "an arrow function with super",
      {
        f() {
          return () => super.toString();
        },
      }.f(),
      /super/,
    ],
    ["a relative import", () => import("./built/nothing.js" as string), /relative/],
    ["a function internal to Node", process.emitWarning, /Node itself|native/],
    ["undefined", undefined, /a task is a function/],
    ["null", null, /a task is a function/],
    ["text", "f", /a task is a function/],
    ["an object", { url: 5, name: "x" }, /moduleRef/],
  ])("%s", async (_what, task, reason) => {
    const error = await reference(task as AnyTask).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FunctionRefError);
    expect((error as Error).message).toMatch(reason);
    expect(typeof taskName(task as AnyTask)).toBe("string");
  });
});

describe("moduleRef", () => {
  test("names functions of a module that is not loaded here", async () => {
    const refs = moduleRef<typeof import("./tasks/wire-functions.js")>(FUNCTIONS);
    expect(refs.double).toBe(refs.double);
    expect(knownReference(refs.double)).toBe(undefined);
    expect(await reference(refs.double)).toEqual({ type: "export", url: FUNCTIONS, name: "double" });
    expect(await callByWire(refs.triple, 3)).toBe(9);
    expect(taskName(refs.double)).toBe("wire-functions.js#double");
  });

  test("takes URLs and absolute paths; relative ones are refused with the way out", () => {
    expect(moduleRef<{ f(): void }>("/a/b.js").f).toEqual({ url: "file:///a/b.js", name: "f" });
    expect(moduleRef<{ f(): void }>(new URL("file:///a/b.js")).f.url).toBe("file:///a/b.js");
    expect(() => moduleRef("./b.js")).toThrow(/import\.meta\.url/);
  });

  test("can be awaited without pretending to be a promise", async () => {
    const refs = moduleRef<{ f(): void }>("/a/b.js");
    expect((await Promise.resolve(refs)).f.name).toBe("f");
  });
});

describe("resolving", () => {
  const resolve = (ref: WireFunction): Promise<unknown> => resolveFunction(ref);
  const of = (name: string, url = FUNCTIONS): Promise<unknown> => resolve({ type: "export", url, name });

  test("gives the same function each time", async () => {
    expect(await of("double")).toBe(functions.double);
    expect(of("double")).toBe(of("double"));
  });

  test.each([
    ["an export that is not there, with the nearest names", () => of("doubel"), /did it mean double\?/],
    ["an export far from all names, with what there is", () => of("zzzzzzzz"), /it exports .*double/],
    ["an export that is no function", () => of("notAFunction"), /type number, not a function/],
    [
      "a module that does not exist",
      () => of("f", new URL("./nowhere.js", FUNCTIONS).href),
      /Cannot load .*nowhere\.js/,
    ],
    ["a module that throws", () => of("f", "data:text/javascript,throw new RangeError('on load')"), /on load/],
    ["a module that throws nothing", () => of("f", "data:text/javascript,throw undefined"), /Cannot load/],
    ["a module with an error of syntax", () => of("f", "data:text/javascript,export ("), /Cannot load/],
    ["a name of Object.prototype", () => of("toString"), /Cannot find toString/],
    [
      "source that does not parse",
      () => resolve({ type: "source", source: "=>", name: "f", at: "[eval]:1" }),
      /Cannot compile f/,
    ],
    [
      "source that is no function",
      () => resolve({ type: "source", source: "5", name: "f", at: "[eval]:1" }),
      /no function/,
    ],
  ])("%s", async (_what, run, message) => {
    const error = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FunctionRefError);
    expect((error as Error).message).toMatch(message);
  });

  test("the original error is the cause", async () => {
    const error = (await of("g", "data:text/javascript,throw new RangeError('on load')").catch(
      (reason: unknown) => reason,
    )) as Error;
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test("importing() names the module that is being loaded, and nothing afterwards", async () => {
    const url = `data:text/javascript,import { importing } from ${JSON.stringify(WIRE.href)}; export const during = importing(); export const f = () => during;`;
    const during = (await resolveFunction({ type: "export", url, name: "f" }))();
    expect(during).toBe(url);
    expect(importing()).toBe(undefined);
    await expect(of("f", "data:text/javascript,throw 1")).rejects.toThrow();
    expect(importing()).toBe(undefined);
  });
});

/** Carries a function to a thread and to a process, as a pool does, without one. */
const CARRIER = `
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { fork } from "node:child_process";
import { reference, resolveFunction, threadExecArgv, workerExecArgv } from ${JSON.stringify(WIRE.href)};
const port = process.send ? process : parentPort;
if (port) port.once("message", async (ref) => {
  const answer = await resolveFunction(ref).then((fn) => fn(3)).catch((error) => ({ error: error.message }));
  if (process.send) process.send(answer, () => process.disconnect()); else parentPort.postMessage(answer);
});
export const inMain = !port;
export async function carry(fn) {
  let ref;
  try { ref = await reference(fn); } catch (error) { return { code: error.code, message: error.message }; }
  const thread = new Worker(new URL(import.meta.url), { execArgv: threadExecArgv(process.execArgv) });
  const byThread = await new Promise((resolve, reject) => { thread.once("message", resolve).once("error", reject); thread.postMessage(ref); });
  await thread.terminate();
  const child = fork(new URL(import.meta.url), { execArgv: workerExecArgv(process.execArgv), serialization: "advanced" });
  const byProcess = await new Promise((resolve) => { child.once("message", resolve); child.send(ref); });
  return { type: ref.type, name: ref.name, at: ref.at, byThread, byProcess };
}
export const report = (value) => console.log("@" + JSON.stringify(value));
`;

interface Run {
  readonly reports: readonly unknown[];
  readonly stderr: string;
  readonly status: number | null;
}

function run(home: string, args: readonly string[], input?: string): Run {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: home,
    encoding: "utf8",
    timeout: 25_000,
    input: input ?? "",
  });
  const lines = stdout.split("\n").filter((line) => line.startsWith("@"));
  return { reports: lines.map((line): unknown => JSON.parse(line.slice(1))), stderr, status };
}

function succeed(home: string, args: readonly string[], input?: string): readonly unknown[] {
  const { reports, stderr, status } = run(home, args, input);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return reports;
}

const arrived = (type: string, name: string, value: unknown): unknown =>
  expect.objectContaining({ type, name, byThread: value, byProcess: value });

describe("whole programs", () => {
  test("submit their own functions while they are still being evaluated, and end by themselves", () => {
    const home = write("own", {
      "carrier.mjs": CARRIER,
      "main.mjs": `
import { carry, inMain, report } from "./carrier.mjs";
const factor = 2;
export function exported(n) { return n * factor; }
if (inMain) { report(await carry(exported)); report(await carry((n) => n + 1)); }`,
    });
    expect(succeed(home, ["main.mjs"])).toEqual([
      arrived("export", "exported", 6),
      arrived("source", "anonymous function", 4),
    ]);
  });

  test("work under a debugger", () => {
    const home = write("debugged", {
      "carrier.mjs": CARRIER,
      "main.mjs":
        'import { carry, inMain, report } from "./carrier.mjs"; const k = 2; export const f = (n) => n * k; if (inMain) report(await carry(f));',
    });
    const { reports, status } = run(home, ["--inspect=0", "main.mjs"]);
    expect([reports, status]).toEqual([[arrived("export", "f", 6)], 0]);
  });

  const SCRIPT =
    'const { carry, report } = await import("./carrier.mjs"); report(await carry((n) => n * 2)); const k = 1; report(await carry((n) => n * k));';
  const COMMON = `(async () => { ${SCRIPT} })();`;
  test.each([
    ["node -e", ["-e", COMMON], ""],
    ["node --input-type=module -e", ["--input-type=module", "-e", SCRIPT], ""],
    ["node -p", ["-p", `void ${COMMON}`], ""],
    ["standard input", ["-"], COMMON],
    ["standard input, as a module", ["--input-type=module", "-"], SCRIPT],
  ])("given by %s", (_how, args, input) => {
    const home = write("given", { "carrier.mjs": CARRIER });
    const { reports, status } = run(home, args, input);
    expect(status).toBe(0);
    expect(reports).toEqual([
      arrived("source", "anonymous function", 6),
      expect.objectContaining({ code: "ERR_CLOSURE", message: expect.stringContaining('"k"') }),
    ]);
  });

  test("isMain: true in the program, false in imports, threads and children", () => {
    const home = write("mains", {
      "carrier.mjs": CARRIER,
      "library.mjs": `import { isMain } from ${JSON.stringify(WIRE.href)}; export const library = isMain(import.meta);`,
      "main.mjs": `
import { isMain } from ${JSON.stringify(WIRE.href)};
import { carry, report } from "./carrier.mjs";
import { library } from "./library.mjs";
export function there() { return isMain(import.meta); }
if (isMain(import.meta)) report([library, await carry(there)]);`,
    });
    const expected = [[false, arrived("export", "there", false)]];
    expect(succeed(home, ["main.mjs"])).toEqual(expected);
    symlinkSync(path.join(home, "main.mjs"), path.join(home, "link.mjs"));
    expect(succeed(home, ["link.mjs"])).toEqual(expected);
    expect(isMain(import.meta)).toBe(false);
  });
});

const TYPESCRIPT = {
  "carrier.mjs": CARRIER,
  "lib.ts": "export enum Color { Red = 7 }\nexport function paint(n: number): number { return n + Color.Red; }",
  "main.ts": `
import { carry, inMain, report } from "./carrier.mjs";
import { paint } from "./lib.js";
interface Point { x: number }
const factor: number = 2;
export function scale(n: number): number { const p: Point = { x: n }; return p.x * factor; }
async function main(): Promise<void> {
  report(await carry(paint));
  report(await carry(scale));
  report(await carry((n: number): number => { const add = (k: number): number => k + 1; return add(n); }));
  report(await carry(
    (n: number): number => n * factor));
}
if (inMain) void main();`,
};

describe("TypeScript", () => {
  test.each([
    ["ES modules", "module"],
    ["CommonJS", "commonjs"],
  ])("a program under tsx, as %s", (_what, type) => {
    const home = write(`ts-${type}`, { ...TYPESCRIPT, "package.json": JSON.stringify({ type }) });
    const reports = succeed(home, ["--import", "tsx", "main.ts"]);
    expect(reports).toEqual([
      arrived("export", "paint", 10),
      arrived("export", "scale", 6),
      arrived("source", "anonymous function", 4),
      expect.objectContaining({ code: "ERR_CLOSURE", message: expect.stringContaining("main.ts:12") }),
    ]);
  });

  test("a module named by a plain program", () => {
    const home = write("ts-ref", {
      ...TYPESCRIPT,
      "package.json": '{ "type": "module" }',
      "plain.mjs": `
import { moduleRef } from ${JSON.stringify(WIRE.href)};
import { carry, report } from "./carrier.mjs";
const { paint, pain } = moduleRef(new URL("./lib.ts", import.meta.url));
report(await carry(paint));
report(await carry(pain));`,
    });
    const { reports } = run(home, ["plain.mjs"]);
    const wrong = { error: expect.stringContaining("did it mean paint?") };
    expect(reports).toEqual([arrived("export", "paint", 10), arrived("export", "pain", wrong)]);
  });

  test("without tsx, the error says what to install", () => {
    const bare = mkdtempSync(path.join(tmpdir(), "wire-bare-"));
    cpSync(fileURLToPath(new URL("../", WIRE)), path.join(bare, "dist"), { recursive: true, dereference: true });
    const home = write(
      "bare",
      { "package.json": '{ "type": "module" }', "lib.ts": "export enum E { A } export function f() { return E.A; }" },
      bare,
    );
    writeFileSync(path.join(bare, "package.json"), '{ "type": "module" }');
    writeFileSync(
      path.join(home, "main.mjs"),
      'import { loadModule } from "../dist/wire/task-module.js"; await loadModule(new URL("./lib.ts", import.meta.url).href).catch((error) => console.log("@" + JSON.stringify([error.code, error.message])));',
    );
    const { reports } = run(home, ["main.mjs"]);
    rmSync(bare, { recursive: true, force: true });
    expect(reports).toEqual([["ERR_FUNCTION_REF", expect.stringContaining("npm i -D tsx")]]);
  });
});

describe("flags", () => {
  test.each<[string[], string[], string[]]>([
    [[], [], []],
    [["-e", "1"], [], []],
    [["--input-type=module", "--eval", "1 + 1"], [], []],
    [["--input-type", "module", "-p", "1"], [], []],
    [
      ["--import", "tsx", "--conditions=a", "-C", "b"],
      ["--import", "tsx", "--conditions=a", "-C", "b"],
      ["--import", "tsx", "--conditions=a", "-C", "b"],
    ],
    [
      ["--max-old-space-size=100", "--expose-gc", "--no-warnings"],
      ["--max-old-space-size=100", "--expose-gc", "--no-warnings"],
      ["--no-warnings"],
    ],
    [["--max_old_space_size=100"], ["--max_old_space_size=100"], []],
    [["--inspect=0", "--inspect-brk", "--inspect-port", "0"], [], []],
    [["--test", "--test-name-pattern", "x", "--test-reporter=tap", "--watch", "--watch-path", "./src"], [], []],
    [["--cpu-prof", "--cpu-prof-dir", "out", "--heap-prof"], [], []],
    [
      ["-r", "./a.cjs", "--loader=./b.mjs", "--title", "x"],
      ["-r", "./a.cjs", "--loader=./b.mjs", "--title", "x"],
      ["-r", "./a.cjs", "--loader=./b.mjs"],
    ],
  ])("%j", (given, process, thread) => {
    expect(workerExecArgv(given)).toEqual(process);
    expect(threadExecArgv(given)).toEqual(thread);
  });
});
