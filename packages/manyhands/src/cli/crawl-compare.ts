/** `manyhands crawl --compare`: the same crawl with each engine, as a table.
 *
 *  Guarantees: the engines must find the same pages with the same records, or there is no table; each begins anew, its
 *  workers with it. */
import { availableParallelism } from "node:os";
import type { FunctionRef } from "../mod.js";
import type { RowName } from "./compare-measure.js";
import { reportOf, type Timed } from "./compare-report.js";
import { tableOf } from "./compare-table.js";
import { lookOf } from "./console-voice.js";
import type { CrawlRequest, Engine } from "./crawl-command.js";
import { type CrawlerPackage, crawlOptionsOf, executorOf, usable } from "./crawl-package.js";
import { recordOf } from "./crawl-record.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, UsageError } from "./exit-code.js";

const ROWS: readonly (readonly [RowName, Engine])[] = [
  ["one after another", "sequential"],
  ["event loop", "event-loop"],
  ["threads", "threads"],
];

interface Crawled {
  readonly total: number;
  /** What was found, in an order that does not depend on when. */
  readonly records: readonly string[];
  readonly failed: number;
}

/** Crawls with each engine and prints the table. Throws a UsageError when they do not find the same. */
export async function compareCrawls(
  request: CrawlRequest,
  crawler: CrawlerPackage,
  extract: FunctionRef | undefined,
  stdout: NodeJS.WriteStream,
): Promise<ExitCode> {
  const measured = new Map<RowName, readonly Timed[]>();
  let first: Crawled | undefined;
  for (const [name, engine] of ROWS) {
    const crawled = await crawlWith(engine, request, crawler, extract);
    first ??= crawled;
    const difference = crawled.records.findIndex((record, index) => record !== first?.records[index]);
    if (difference >= 0 || crawled.records.length !== first.records.length) {
      const where = crawled.records[difference] ?? first.records[crawled.records.length] ?? "";
      throw new UsageError(`"${name}" finds something else than "one after another": ${where.slice(0, MOST_SHOWN)}`);
    }
    measured.set(name, [{ total: crawled.total, startup: undefined }]);
  }
  const cores = availableParallelism();
  const inputs = first?.records.length ?? 0;
  const setting = { label: request.urls.join(" "), inputs, cores, workers: request.workers ?? cores };
  stdout.write(tableOf(reportOf(setting, measured, first?.failed ?? 0), lookOf(stdout, process.env)));
  return EXIT.succeeded;
}

const MOST_SHOWN = 200;

async function crawlWith(
  engine: Engine,
  request: CrawlRequest,
  crawler: CrawlerPackage,
  extract: FunctionRef | undefined,
): Promise<Crawled> {
  const begun = performance.now();
  await using executor = executorOf(engine, request.workers);
  const concurrency = engine === "sequential" ? 1 : request.options["concurrency"];
  const options = { ...crawlOptionsOf(request, crawler, extract), concurrency, executor };
  await using crawl = usable(() => crawler.crawl(request.urls, options));
  const records: string[] = [];
  for await (const page of crawl) {
    // Times differ from run to run, and are no finding.
    const timings = { fetch: 0, parse: 0 };
    records.push(JSON.stringify([page.url, recordOf({ ...page, timings }, request)]));
  }
  return { total: performance.now() - begun, records: records.sort(), failed: crawl.stats().failed };
}
