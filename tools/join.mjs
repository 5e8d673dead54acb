/** Joins the library's modules into few files, for what a program waits for first is that they are found, read and
 *  parsed (40 µs for each kilobyte):
 *
 *  dist/mod.js               the front: what a program needs to have its classes, and to start a worker
 *  dist/pool/engines.cjs     all that is needed once an executor is used; while it is read, the first worker boots
 *  dist/worker/*-main.js     the programs of workers
 *  dist/worker/core.js       what front and workers have in common: once for both, or the two would not share their state;
 *                            and what stands in `base` and public rooms need too
 *  dist/ROOM/mod.js          the public rooms (threading, queue, multiprocessing, subprocess); what they share stands in dist/rooms, and
 *                            what they have in common with workers in the core, but for what they have once more
 *  dist/share/*.js           what is loaded when an object is shared with another process, likewise
 *
 *  Which module goes where follows from who imports whom, and from the one place where the front stops: the module
 *  `pool/machinery.ts`, whose import is put off until its function is called. What is in the front is not in
 *  `engines.cjs` again: it is handed over when that is loaded. It is CommonJS, because Node loads that at once.
 *
 *  Guarantees: a module that front and worker, or front and engines, have in common is there once. One that only engines
 *  and worker programs have in common is there once for each, so it must not hold state that both need. A public room has
 *  nothing twice but what `TWICE` names. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const ENGINES = "pool/engines.js";
const MACHINERY = "pool/machinery.js";
const PROGRAMS = ["thread-main.js", "process-main.js", "solo-thread-main.js", "solo-process-main.js"].map(
  (name) => `worker/${name}`,
);
const CORE = "worker/core.js";
/** The public rooms, and what a worker loads when something arrives that belongs to them. */
const ROOMS = [
  "threading/mod.js",
  "queue/mod.js",
  "asyncio/mod.js",
  "multiprocessing/mod.js",
  "multiprocessing/manager-server.js",
  "subprocess/mod.js",
  "share/remote.js",
  "share/bridge-main.js",
];
const FRONT = "front:";

/** What a public room has once more for itself: functions, and at most caches, so that two of them do no harm (the guard of
 *  processes: each guards its own). In the core every program and every worker would read them, needed or not. */
const TWICE = new Set(
  [
    ["base", "clock invariant options serializer signal-watch wait-options"],
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
  /** Modules that front and workers have in common. */
  #core = new Set();
  /** The modules of the front, those in `core.js` included. */
  #front = new Set();
  /** By module of the front: what the engines import of it. */
  #handed = new Map();
  /** Modules of the executors that a public room imports past the front door. */
  #pastTheDoor = [];

  constructor(esbuild, dist) {
    this.#esbuild = esbuild;
    this.#dist = dist;
  }

  /** Finds out which module goes where. What is handed to the engines may bring more into the front, and what is in the core
   *  brings all that it exports: so until nothing changes. */
  async divide() {
    for (let before; before !== this.#division(); ) {
      before = this.#division();
      const joined = [this.#joinFront(), this.#joinCore(), this.#joinRooms(), ...this.#joinPrograms()];
      const [front, core, rooms, ...programs] = (await Promise.all(joined)).map(modulesOf);
      const inWorkers = new Set(programs.flat());
      this.#front = new Set([...front, ...this.#core]);
      const engines = await this.#joinEngines();
      this.#handed = importsOfFront(engines.outputFiles[0].text);
      const inside = new Set([...front, ...modulesOf(engines), ...inWorkers]);
      const common = rooms.filter((name) => inside.has(name) && !TWICE.has(name));
      const inFrontToo = front.filter((name) => inWorkers.has(name));
      this.#core = new Set([...this.#core, ...inFrontToo, ...common, ...core].sort());
      this.#pastTheDoor = common.filter((name) => name.startsWith("pool/"));
    }
    if (this.#pastTheDoor.length === 0) return;
    throw new Error(
      `A public room imports ${this.#pastTheDoor.join(", ")}, which belongs to mod.js: import from ../mod.js`,
    );
  }

  /** @returns the joined files: `{ path, code, map }` each. */
  async files() {
    const joined = [this.#joinFront(), this.#joinCore(), this.#joinRooms(), ...this.#joinPrograms()];
    const files = (await Promise.all(joined)).flatMap(({ outputFiles }) => outputFiles);
    const { outputFiles } = await this.#joinEngines();
    return Promise.all([
      ...files.map((file) => this.#small(file)),
      ...outputFiles.map(async ({ path, text }) => loadedLate(await this.#small({ path, text: returned(text) }))),
    ]);
  }

  #division() {
    return JSON.stringify([[...this.#core], [...this.#front], [...this.#handed]]);
  }

  #joinFront() {
    return this.#join({ entryPoints: [join(this.#dist, "mod.js")], outfile: join(this.#dist, "mod.js") });
  }

  #joinPrograms() {
    return PROGRAMS.map((name) => {
      const file = join(this.#dist, name);
      return this.#join({ entryPoints: [file], outfile: file });
    });
  }

  #joinCore() {
    const contents = [...this.#core].map((name) => `export * from "./${name}";`).join("\n");
    const stdin = { contents, resolveDir: this.#dist };
    return this.#join({ stdin, outfile: join(this.#dist, CORE), plugins: [] });
  }

  /** The public rooms, with what several of them need in files of its own. What is in the front they take from there. */
  #joinRooms() {
    const elsewhere = (name) => (name === "mod.js" ? "../mod.js" : undefined);
    return this.#join({
      entryPoints: ROOMS.map((name) => join(this.#dist, name)).filter((file) => existsSync(file)),
      splitting: true,
      outdir: this.#dist,
      outbase: this.#dist,
      chunkNames: "rooms/[hash]",
      plugins: [this.#cut((name) => (this.#core.has(name) ? "../worker/core.js" : elsewhere(name)))],
    });
  }

  #joinEngines() {
    const file = join(this.#dist, ENGINES);
    return this.#join({
      entryPoints: [file],
      outfile: file.replace(/\.js$/, ".cjs"),
      define: { "import.meta": "$meta" },
      plugins: [this.#cut((name) => (this.#front.has(name) ? FRONT + name : undefined))],
    });
  }

  #join(options) {
    const { outfile = this.#dist } = options;
    const core = `./${relative(dirname(outfile), join(this.#dist, CORE)).replaceAll(sep, "/")}`;
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
      plugins: [this.#cut((name) => (this.#core.has(name) ? core : undefined)), this.#late()],
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

  /** What is different in the front: it loads the engines late, and names the workers' programs from where it stands. */
  #late() {
    return {
      name: "front",
      setup: (build) => {
        build.onLoad({ filter: /[\\/]pool[\\/]machinery\.js$/ }, ({ path }) => ({
          contents: this.#machinery(),
          resolveDir: dirname(path),
        }));
        build.onLoad({ filter: /[\\/]worker[\\/](?:thread|process)-start\.js$/ }, ({ path }) => {
          const text = readFileSync(path, "utf8");
          const contents = text.replace(
            /"\.\/((?:thread|process)-main\.js)", import\.meta\.url/,
            '"./worker/$1", import.meta.url',
          );
          if (contents === text) throw new Error(`${path} does not name its program any more`);
          return { contents, resolveDir: dirname(path) };
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
    return `import { createRequire } from "node:module";
      ${imports.join("\n")}
      let engines;
      export function machinery() {
        engines ??= createRequire(import.meta.url)("./${ENGINES.replace(/\.js$/, ".cjs")}")({ ${handed.join(",\n")} }, import.meta);
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
      .filter((name) => name !== MACHINERY && !/(?:^|\/)mod\.js$|^</.test(name)),
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

/** Gives what the engines export as the value of a function, of which they become the inside. */
function returned(text) {
  return text.replace(/^export \{([^}]*)\};$/m, (_all, names) => {
    const given = names.split(",").map((each) => each.trim().split(" as ").reverse().join(": "));
    return `return { ${given.join(", ")} };${"\n".repeat(names.split("\n").length - 1)}`;
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
