/** Joins the library's modules into few files, for what a program waits for first is that they are found, read and
 *  parsed (40 µs for each kilobyte):
 *
 *  dist/mod.js               the front: what a program needs to have its classes, and to start a worker
 *  dist/pool/engines.cjs     all that is needed once an executor is used; while it is read, the first worker boots
 *  dist/worker/*-main.cjs    the programs of workers
 *  dist/worker/rare.cjs      what workers need for few calls, likewise when it is first asked for
 *  dist/ROOM/mod.js          the public rooms (threading, queue, asyncio, …); what they share stands in dist/rooms
 *  dist/share/*.js           what is loaded when an object is shared with another process, likewise
 *
 *  Which module goes where follows from who imports whom, and from the one place where the front stops: the module
 *  `pool/machinery.ts`, whose import is put off until its function is called. What is in the front is not in
 *  `engines.cjs` again: it is handed over when that is loaded. Engines and programs are CommonJS, because Node loads that at
 *  once, and a worker without its loader of ES modules until a task needs it.
 *
 *  A worker reads one file, which holds all it needs, and so does a program that only submits. So what front, workers and
 *  rooms have in common stands in each of them, but is *kept*: the first of these files that a thread loads runs it, and
 *  the others take it from there (`KEPT`). Thus there is one of each class and of each state.
 *
 *  Guarantees: a module that front and worker, front and engines, or a public room and any of these have in common is run
 *  once in a thread, unless `TWICE` names it. One that only engines and worker programs have in common is run once for
 *  each, so it must not hold state that both need. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const ENGINES = "pool/engines.js";
const MACHINERY = "pool/machinery.js";
/** What starts a worker, and names its program. */
const STARTING = /^worker\/(?:thread-start|process-start|solo-thread|solo-process)\.js$/;
const RARE = "worker/rare";
const RARELY = "worker/rarely.js";
const PROGRAMS = ["thread-main", "process-main", "solo-thread-main", "solo-process-main"];
/** The public rooms, and what a worker loads when something arrives that belongs to them. */
const ROOMS = [
  "threading/mod.js",
  "queue/mod.js",
  "asyncio/mod.js",
  "multiprocessing/mod.js",
  "multiprocessing/manager-server.js",
  "subprocess/mod.js",
  "observe/mod.js",
  "engine/mod.js",
  "share/remote.js",
  "share/bridge-main.js",
];
const FRONT = "front:";
/** Where a thread keeps what has been run: a library that is there twice, in two folders, keeps two. */
const KEPT = "manyhands:kept";

/** What may be run several times in a thread: functions, classes of which nobody asks whether an object is one, and at most
 *  caches (the guard of processes: each guards its own). A file holds of them what it needs, and no more. */
const TWICE = new Set(
  [
    ["base", "backoff clock invariant options ring-queue serializer signal-watch thenable wait-options"],
    ["memory", "byte-room call-file call-slots cells item-rows outcome-ring parcels slot-value"],
    ["wire", "batch clonable compile-function errors exec-argv free-variables function-ref inspect-function"],
    ["wire", "inspector-session portable script-exports source-function task-name values worker-globals"],
    ["worker", "frames process-guard"],
  ].flatMap(([room, names]) => names.split(" ").map((name) => `${room}/${name}.js`)),
);

/** @param dist what the compiler made. @returns the files that take its place: `{ path, code, map }` each. */
export async function joinModules(dist) {
  const esbuild = await import("esbuild");
  const joiner = new Joiner(esbuild, dist);
  await joiner.divide();
  return joiner.files();
}

/** Names of modules are paths from `dist`, with slashes. */
class Joiner {
  #esbuild;
  #dist;
  /** Modules that several files hold, and that are run once. */
  #kept = new Set();
  /** The modules of the front. */
  #front = new Set();
  /** By module of the front: what the engines import of it. */
  #handed = new Map();
  /** Modules of the executors that a public room imports past the front door. */
  #pastTheDoor = [];

  constructor(esbuild, dist) {
    this.#esbuild = esbuild;
    this.#dist = dist;
  }

  /** Finds out which module goes where. What is handed to the engines may bring more into the front, and what is kept is there
   *  as a whole and brings all that it imports: so until nothing changes. */
  async divide() {
    for (let before; before !== this.#division(); ) {
      before = this.#division();
      const joined = [this.#joinFront(), this.#joinRooms(), this.#joinProgram(RARE), ...this.#joinPrograms()];
      const [front, rooms, rare, ...programs] = (await Promise.all(joined)).map(modulesOf);
      const inPrograms = new Set(programs.flat());
      const inWorkers = new Set([...rare, ...inPrograms]);
      this.#front = new Set(front);
      const engines = await this.#joinEngines();
      this.#handed = importsOfFront(engines.outputFiles[0].text);
      const inside = new Set([...front, ...modulesOf(engines), ...inWorkers]);
      const ofRooms = rooms.filter((name) => inside.has(name) && !TWICE.has(name));
      const ofFront = front.filter((name) => inWorkers.has(name) && !TWICE.has(name));
      const ofWorkers = rare.filter((name) => inPrograms.has(name) && !TWICE.has(name));
      this.#kept = new Set([...this.#kept, ...ofFront, ...ofWorkers, ...ofRooms].sort());
      this.#pastTheDoor = ofRooms.filter((name) => name.startsWith("pool/"));
    }
    if (this.#pastTheDoor.length === 0) return;
    throw new Error(
      `A public room imports ${this.#pastTheDoor.join(", ")}, which belongs to mod.js: import from ../mod.js`,
    );
  }

  /** @returns the joined files: `{ path, code, map }` each. */
  async files() {
    const plain = (await Promise.all([this.#joinFront(), this.#joinRooms()])).flatMap(({ outputFiles }) => outputFiles);
    const inWorkers = [this.#joinProgram(RARE), ...this.#joinPrograms()];
    const programs = (await Promise.all(inWorkers)).flatMap(({ outputFiles }) => outputFiles);
    const { outputFiles } = await this.#joinEngines();
    return Promise.all([
      ...plain.map((file) => this.#small(file)),
      ...programs.map(async ({ path, text }) =>
        asProgram(await this.#small({ path, text: given(text, "module.exports =") })),
      ),
      ...outputFiles.map(async ({ path, text }) =>
        loadedLate(await this.#small({ path, text: given(text, "return") })),
      ),
    ]);
  }

  #division() {
    return JSON.stringify([[...this.#kept], [...this.#front], [...this.#handed]]);
  }

  #joinFront() {
    const file = join(this.#dist, "mod.js");
    return this.#join("./", { entryPoints: [file], outfile: file });
  }

  #joinPrograms() {
    return PROGRAMS.map((name) => this.#joinProgram(`worker/${name}`));
  }

  #joinProgram(name) {
    const file = join(this.#dist, name);
    return this.#join("../", {
      entryPoints: [`${file}.js`],
      outfile: `${file}.cjs`,
      define: { "import.meta": "$meta" },
    });
  }

  /** The public rooms, with what several of them need in files of its own. The executors they take from the front. */
  #joinRooms() {
    return this.#join("../", {
      entryPoints: ROOMS.map((name) => join(this.#dist, name)).filter((file) => existsSync(file)),
      splitting: true,
      outdir: this.#dist,
      outbase: this.#dist,
      chunkNames: "rooms/[hash]",
      plugins: [this.#cut((name) => (name === "mod.js" ? "../mod.js" : undefined)), this.#changed("../")],
    });
  }

  #joinEngines() {
    const file = join(this.#dist, ENGINES);
    return this.#join("../", {
      entryPoints: [file],
      outfile: file.replace(/\.js$/, ".cjs"),
      define: { "import.meta": "$meta" },
      plugins: [
        this.#cut((name) => (this.#front.has(name) && !TWICE.has(name) ? FRONT + name : undefined)),
        this.#changed("../"),
      ],
    });
  }

  /** @param toDist the way to `dist` from the joined file. */
  #join(toDist, options) {
    return this.#esbuild.build({
      absWorkingDir: this.#dist,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      sourcemap: "inline",
      packages: "external",
      metafile: true,
      write: false,
      logLevel: "warning",
      plugins: [this.#changed(toDist)],
      ...options,
    });
  }

  /** Leaves modules out, to be imported from where `from` says. */
  #cut(from) {
    return {
      name: "cut",
      setup: (build) => {
        build.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
          const elsewhere = from(this.#nameOf(resolve(resolveDir, path)));
          return elsewhere === undefined ? undefined : { path: elsewhere, external: true, sideEffects: false };
        });
      },
    };
  }

  /** What is different in a joined file: the front loads the engines late, workers' programs are where they are joined, and
   *  what is kept is taken from there. */
  #changed(toDist) {
    return {
      name: "changed",
      setup: (build) => {
        build.onResolve({ filter: /^manyhands:kept$/ }, () => ({ path: KEPT, namespace: KEPT, sideEffects: false }));
        build.onLoad({ filter: /./, namespace: KEPT }, () => ({ contents: keeping(toDist) }));
        build.onLoad({ filter: /\.js$/ }, ({ path }) => {
          const name = this.#nameOf(path);
          const resolveDir = dirname(path);
          if (name === MACHINERY) return { contents: this.#machinery(), resolveDir };
          if (name === RARELY) return { contents: rarely(toDist), resolveDir };
          if (!STARTING.test(name) && !this.#kept.has(name)) return undefined;
          const text = readFileSync(path, "utf8");
          const contents = STARTING.test(name) ? startingJoined(name, text, toDist) : text;
          return { contents: this.#kept.has(name) ? kept(name, contents) : contents, resolveDir };
        });
      },
    };
  }

  /** The module that loads the engines when it is first asked for them. */
  #machinery() {
    const imports = [];
    const handed = [];
    for (const [at, [name, names]] of [...this.#handed].entries()) {
      imports.push(`import { ${names.map((each) => `${each} as ${each}$${at}`).join(", ")} } from "../${name}";`);
      handed.push(`${JSON.stringify(name)}: { ${names.map((each) => `${each}: ${each}$${at}`).join(", ")} }`);
    }
    const engines = JSON.stringify(`./${ENGINES.replace(/\.js$/, ".cjs")}`);
    return `import { createRequire } from "node:module";
      ${imports.join("\n")}
      let engines;
      export function machinery() {
        if (engines === undefined) {
          const url = new URL(${engines}, import.meta.url).href;
          engines = createRequire(url)(${engines.replace("pool/", "")})({ ${handed.join(",\n")} }, { url });
        }
        return engines;
      }`;
  }

  /** Without the blanks a worker needs 0.3 MB less. Names stay, for they are seen in stacks and messages. */
  async #small({ path, text }) {
    const options = {
      minifyWhitespace: true,
      lineLimit: 160,
      sourcemap: "external",
      sourcefile: path,
      target: "node20",
    };
    return { path, ...(await this.#esbuild.transform(withoutLoader(text), options)) };
  }

  #nameOf(file) {
    return relative(this.#dist, file).replaceAll(sep, "/");
  }
}

/** The modules that a joined file holds something of. Not the front doors of rooms, which only name what others hold. */
function modulesOf({ metafile }) {
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([name]) => name)
      .filter((name) => name !== MACHINERY && !/(?:^|\/)mod\.js$|^<|^manyhands:/.test(name)),
  );
}

const IMPORT = /^import (?:(\w+)(?:, )?)?(?:\{([^}]*)\} )?\s*from "((?:node|front):[^"]+)";$/gm;

function importsOfFront(text) {
  const found = new Map();
  for (const [, , names = "", from] of text.matchAll(IMPORT)) {
    if (!from.startsWith(FRONT)) continue;
    const module = from.slice(FRONT.length);
    const imported = names.split(",").map((each) => each.trim().replace(/ as .*/, ""));
    found.set(module, [...new Set([...(found.get(module) ?? []), ...imported])].sort());
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Takes Node's own modules without the loader, which would make a module with all its exports of each: 1 ms in all for the
 *  program, and as much for each worker. And what the front hands over from there. */
function withoutLoader(text) {
  return text.replace(IMPORT, (all, whole, names, module) => {
    const taken = [whole, names === undefined ? undefined : `{${names.replaceAll(" as ", ": ")}}`];
    const from = module.startsWith(FRONT)
      ? `$front["${module.slice(FRONT.length)}"]`
      : `process.getBuiltinModule("${module}")`;
    return (
      taken
        .filter((name) => name !== undefined)
        .map((name) => `const ${name.replace(/\s+/g, " ")} = ${from};`)
        .join(" ")
        // The source map counts lines.
        .concat("\n".repeat(all.split("\n").length - 1))
    );
  });
}

/** The module that loads what a worker rarely needs when it is first asked for it. */
function rarely(toDist) {
  return `let rare;
    export function rarely() {
      rare ??= process.getBuiltinModule("node:module").createRequire(import.meta.url)(${JSON.stringify(`${toDist}${RARE}.cjs`)});
      return rare;
    }`;
}

/** The module of what a thread keeps. */
function keeping(toDist) {
  return `const home = Symbol.for("manyhands:kept " + new URL(${JSON.stringify(toDist)}, import.meta.url).href);
    export const kept = (globalThis[home] ??= {});`;
}

/** A module that is run unless another file has done so, programs too: something that imports the library may be loaded
 *  before them. Its lines stay where they are, for its source map. What it exports is taken as it is when it has been run: a
 *  variable must not change any more. */
function kept(name, text) {
  const names = [];
  const lines = text.split("\n");
  const inside = lines.map((line) =>
    line.replace(/^export (?=(?:async )?(?:function\*?|class|const|let) ([\w$]+))/, (_export, each) => {
      names.push(each);
      return "";
    }),
  );
  if (names.length === 0 || inside.some((line) => /^export\b/.test(line)))
    throw new Error(`${name} cannot be kept: it exports something else than what it declares`);
  const place = `$kept[${JSON.stringify(name)}]`;
  const body = lines.findLastIndex((line) => /^import\b/.test(line)) + 1;
  // A statement: elsewhere its brackets would be dropped, by which V8 knows that it is about to be called.
  inside[body] = `(function () { if (${place} !== undefined) return; ${inside[body]}`;
  // Other names outside, or those inside would be changed, which are seen in stacks and messages.
  const taken = names.map((each) => `${each}: $${each}`).join(", ");
  const exported = names.map((each) => `$${each} as ${each}`).join(", ");
  const own = `${place} = { ${names.join(", ")} };`;
  const end = lines.findLastIndex((line) => line.startsWith("//# sourceMappingURL="));
  inside.splice(end, 0, `${own} })(); const { ${taken} } = ${place}; export { ${exported} };`);
  inside[0] = `import { kept as $kept } from ${JSON.stringify(KEPT)}; ${inside[0]}`;
  return inside.join("\n");
}

/** A module that starts a worker, with the name of its joined program. */
function startingJoined(name, text, toDist) {
  const program = /"\.\.?\/(?:worker\/)?((?:solo-)?(?:thread|process)-main)\.js", import\.meta\.url/;
  if (!program.test(text)) throw new Error(`${name} does not name its program any more`);
  return text.replace(program, `"${toDist}worker/$1.cjs", import.meta.url`);
}

/** A CommonJS program of it. */
function asProgram({ path, code, map }) {
  const { mappings, ...rest } = JSON.parse(map);
  const meta = `{ url: process.getBuiltinModule("node:url").pathToFileURL(__filename).href }`;
  return {
    path,
    code: `"use strict";const $meta=${meta};\n${code}`,
    // A line further down.
    map: JSON.stringify({ ...rest, mappings: `;${mappings}` }),
  };
}

/** Gives what a file exports by a statement that begins with `how`. */
function given(text, how) {
  return text.replace(/^export \{([^}]*)\};$/m, (_all, names) => {
    const list = names.split(",").map((each) => each.trim().split(" as ").reverse().join(": "));
    return `${how} { ${list.join(", ")} };${"\n".repeat(names.split("\n").length - 1)}`;
  });
}

/** A CommonJS module of it: a function that is given the front's modules and its `import.meta`. In brackets, by which V8
 *  knows that it is about to be called, and does not parse all of it twice. */
function loadedLate({ path, code, map }) {
  const { mappings, ...rest } = JSON.parse(map);
  return {
    path,
    code: `"use strict";module.exports=(function($front,$meta){\n${code}\n});\n`,
    // A line further down.
    map: JSON.stringify({ ...rest, mappings: `;${mappings}` }),
  };
}
