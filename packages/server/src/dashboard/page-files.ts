/** The files of the page, as its build has left them in this package.
 *
 *  Guarantees: they are read once, and only these can be asked for, by their exact names: no path of a request reaches the disk. */
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { RefusedError } from "../problem.js";

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = new URL("../page/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

export class PageFiles {
  readonly #assets: ReadonlyMap<string, PageFile>;
  readonly #index: PageFile;

  /** @throws RefusedError (`ERR_INTERNAL`) when the page has not been built. */
  constructor() {
    try {
      const body = readFileSync(new URL("index.html", FOLDER));
      this.#index = { type: "text/html; charset=utf-8", body };
      this.#assets = new Map(readdirSync(new URL("assets/", FOLDER)).map((name) => [name, assetOf(name)]));
    } catch (cause) {
      throw Object.assign(new RefusedError("ERR_INTERNAL", "The dashboard's page is not built: run npm run build"), {
        cause,
      });
    }
  }

  get index(): PageFile {
    return this.#index;
  }

  asset(name: string): PageFile | undefined {
    return this.#assets.get(name);
  }
}

function assetOf(name: string): PageFile {
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  return { type, body: readFileSync(new URL(`assets/${name}`, FOLDER)) };
}
