/** Pages are read here: in this thread, or by an executor; the results are the same.
 *
 *  Guarantees: what the executor itself refuses (it was shut down, the function cannot travel) is told apart from a page on which
 *  `extract` fails. */
import { type Executor, type FunctionRef, FunctionRefError } from "manyhands";
import { decodePage } from "../page/decode.js";
import { type PageReading, readPage } from "../page/read-page.js";
import type { ExtractInput, Settings } from "./options.js";

/** A page as it was read. */
export interface ReadResult {
  readonly reading: PageReading;
  readonly record: unknown;
  readonly charset: string;
  readonly html: string;
}

/** Failures of the crawl, not of a page: every other page would fail in the same way. */
const OF_THE_EXECUTOR: ReadonlySet<string> = new Set([
  "ERR_SHUTDOWN",
  "ERR_BROKEN_EXECUTOR",
  "ERR_FUNCTION_REF",
  "ERR_CLOSURE",
]);

export function isOfTheExecutor(error: unknown): boolean {
  return error instanceof Error && "code" in error && OF_THE_EXECUTOR.has(String(error.code));
}

export class Reader {
  readonly #settings: Settings;
  readonly #executor: Executor | undefined;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#executor = settings.executor?.with({ signal });
  }

  async read(url: string, status: number, body: Buffer, contentType: string): Promise<ReadResult> {
    const { select, extract, dropParameters, robots } = this.#settings;
    const { text: html, charset } = decodePage(body, contentType);
    const text = {
      url,
      html,
      select: extract === undefined ? select : undefined,
      dropped: dropParameters,
      nofollow: robots,
    };
    const [reading, record] = await Promise.all([
      this.#executor === undefined ? readPage(text) : this.#executor.submit(readPage, text),
      extract === undefined ? undefined : this.#extracted({ url, status, html }),
    ]);
    return { reading, record: extract === undefined ? reading.fields : record, charset, html };
  }

  async #extracted(input: ExtractInput): Promise<unknown> {
    const { extract } = this.#settings;
    if (extract === undefined) return undefined;
    if (this.#executor !== undefined) return await this.#executor.submit(extract, input);
    if (typeof extract === "function") return await extract(input);
    const found = await exportOf(extract);
    return await found(input);
  }
}

/** The function of a reference, in this thread.
 *  @throws (rejects) FunctionRefError (`ERR_FUNCTION_REF`) when there is none. */
async function exportOf({ url, name }: FunctionRef<[ExtractInput]>): Promise<(input: ExtractInput) => unknown> {
  const module: Readonly<Record<string, unknown>> = await import(url).catch((cause: unknown) => {
    throw new FunctionRefError(`Cannot import ${url}, which extract is to come from`, { cause });
  });
  const found = module[name];
  if (typeof found !== "function") throw new FunctionRefError(`${url} exports no function ${name}`);
  return (input) => Reflect.apply(found, undefined, [input]);
}
