/** The functions that an agent runs: those of the modules it was started with, and no others.
 *
 *  Guarantees: a module that is not named, or not under the root, is never loaded, whatever a job says; nor one whose text
 *  differs from the client's. */
import { existsSync, realpathSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FunctionRefError } from "manyhands";
import type { TravellingFunction, WireFunction } from "manyhands/engine";
import { NotServedError, VersionMismatchError } from "./errors.js";
import { hashOf, packageOf, type SentFunction, type SentModule, sentModule } from "./sent-function.js";

export interface ServedPlan {
  readonly agent: string;
  /** Paths, URLs or names of packages. */
  readonly modules: readonly (string | URL)[];
  /** Every module in this folder is served. */
  readonly root: string | undefined;
  /** Whether functions that travel as source are run: whoever can write to Redis can then run anything. */
  readonly sources: "refuse" | "run";
}

export class ServedModules {
  readonly #agent: string;
  readonly #sources: "refuse" | "run";
  readonly #root: { readonly folder: string; readonly package: string; readonly home: string } | undefined;
  /** By package and path: the URL here. */
  readonly #served = new Map<string, { readonly url: string; readonly hash: string | undefined }>();

  /** @throws FunctionRefError when a module cannot be found. */
  constructor({ agent, modules, root, sources }: ServedPlan) {
    this.#agent = agent;
    this.#sources = sources;
    for (const module of modules) this.#serve(urlOf(module));
    if (root !== undefined) this.#root = rootAt(root);
  }

  /** The URLs of the modules that were named. */
  get names(): readonly string[] {
    return [...this.#served.keys()].map((key) => key.replace("\0", "/"));
  }

  /** The function here.
   *  @throws NotServedError | VersionMismatchError */
  find(fn: SentFunction): TravellingFunction {
    switch (fn.type) {
      case "export":
        return { type: "export", url: this.#urlOf(fn.module, fn.name), name: fn.name };
      case "source":
        if (this.#sources === "run") return fn;
        throw new NotServedError(
          `Agent ${this.#agent} runs exported functions only: export ${fn.name} (${fn.at}) from a module it serves, or start it with --accept-source`,
        );
      case "carrying":
        return {
          type: "carrying",
          target: this.find(fn.target) as WireFunction,
          carriers: fn.carriers.map(({ module, name }) => ({ module: this.#carrierUrl(module, name), name })),
        };
    }
  }

  #urlOf(module: SentModule, name: string): string {
    const served = this.#served.get(keyOf(module)) ?? this.#underRoot(module);
    if (served === undefined) {
      const has = this.#root === undefined ? this.names.join(", ") || "nothing" : `what is under ${this.#root.folder}`;
      throw new NotServedError(
        `Agent ${this.#agent} does not serve ${shown(module)}#${name}; it serves ${has}. Name the module when the agent is started`,
      );
    }
    if (module.hash !== undefined && served.hash !== undefined && served.hash !== module.hash) {
      throw new VersionMismatchError(this.#agent, shown(module), module.hash, served.hash);
    }
    return served.url;
  }

  /** What the library itself sends along is there on both sides, and no task. */
  #carrierUrl(module: SentModule, name: string): string {
    if (module.package !== "manyhands") return this.#urlOf(module, name);
    const { folder } = packageOf(fileURLToPath(import.meta.resolve("manyhands")));
    return pathToFileURL(join(folder, module.path)).href;
  }

  #underRoot(module: SentModule): { readonly url: string; readonly hash: string | undefined } | undefined {
    const root = this.#root;
    if (root === undefined || module.package !== root.package || isBuiltin(module.path)) return undefined;
    const file = resolve(root.home, module.path);
    const real = existsSync(file) ? realpathSync(file) : file;
    // After links were followed: one that leads out of the root is no way out.
    if (!real.startsWith(root.folder + sep)) return undefined;
    const served = { url: pathToFileURL(real).href, hash: hashOf(real) };
    if (served.hash !== undefined) this.#served.set(keyOf(module), served);
    return served;
  }

  #serve(url: string): void {
    const module = sentModule(url);
    this.#served.set(keyOf(module), { url, hash: module.hash });
  }
}

const keyOf = ({ package: name, path }: SentModule): string => `${name}\0${path}`;

const shown = ({ package: name, path }: SentModule): string => (name === "" ? path : `${name}/${path}`);

function rootAt(root: string): { readonly folder: string; readonly package: string; readonly home: string } {
  const path = resolve(root);
  if (!existsSync(path)) throw new FunctionRefError(`Cannot serve ${root}: there is no such folder`);
  const folder = realpathSync(path);
  const home = packageOf(join(folder, "any.js"));
  return { folder, package: home.name, home: home.folder };
}

function urlOf(module: string | URL): string {
  if (module instanceof URL) return module.href;
  if (/^(?:file|node):/.test(module)) return module;
  const path = resolve(module);
  if (existsSync(path)) return pathToFileURL(realpathSync(path)).href;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), "_")).resolve(module)).href;
  } catch (error) {
    const message = `Cannot serve ${module}: it is neither a file nor a package here`;
    throw new FunctionRefError(message, { cause: error });
  }
}
