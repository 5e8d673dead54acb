/** What `manyhands crawl` knows of `@manyhands/crawler`. Not its own declarations: the library is built without it. */
import type { Executor, FunctionRef } from "../mod.js";
import type { CrawlRequest, Engine } from "./crawl-command.js";
import { makeExecutor } from "./executors.js";
import { UsageError } from "./exit-code.js";

/** The package. */
export interface CrawlerPackage {
  crawl(urls: readonly string[], options: Readonly<Record<string, unknown>>): RunningCrawl;
  readonly TRACKING_PARAMETERS: readonly string[];
}

export interface RunningCrawl extends AsyncIterable<CrawledPage>, AsyncDisposable {
  readonly resumedAt: number | undefined;
  readonly end: string | undefined;
  stats(): { readonly done: number; readonly failed: number; readonly found: number; readonly queued: number };
  drain(): void;
  stop(): Promise<void>;
}

export interface CrawledPage {
  readonly url: string;
  readonly status: number;
  readonly title: string;
  readonly links: readonly string[];
  readonly textLength: number;
  readonly record: unknown;
  readonly timings: { readonly fetch: number; readonly parse: number };
}

/** The options of a crawl, without what belongs to one run. */
export function crawlOptionsOf(
  { options, tracking }: CrawlRequest,
  crawler: CrawlerPackage,
  extract: FunctionRef | undefined,
): Readonly<Record<string, unknown>> {
  return { ...options, dropParameters: tracking === "dropped" ? crawler.TRACKING_PARAMETERS : [], extract };
}

/** Where pages are read; `undefined`: where they are fetched, one after another. */
export function executorOf(engine: Engine, workers: number | undefined): Executor | undefined {
  if (engine === "sequential") return undefined;
  return makeExecutor({ on: engine, workers: engine === "threads" ? workers : undefined, loop: "own" });
}

/** What an option is refused for, or a state that is none, is the user's to mend. */
export function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
}
