/** One `manyhands crawl` from start to end: loads the package, opens state and output, writes a record for each page.
 *
 *  Guarantees: nothing is fetched before state, output and functions have been found good; a page is noted as done when its record
 *  has been written, and not before; executor, crawl and output are closed whatever happens. */
import type { Executor } from "../mod.js";
import { loadAddOn } from "./add-on.js";
import type { ConsoleVoice } from "./console-voice.js";
import type { CrawlRequest } from "./crawl-command.js";
import { compareCrawls } from "./crawl-compare.js";
import { openOutput, type RecordOutput } from "./crawl-output.js";
import { type CrawlerPackage, crawlOptionsOf, executorOf, type RunningCrawl, usable } from "./crawl-package.js";
import { recordOf } from "./crawl-record.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, UsageError } from "./exit-code.js";
import { lockJobLog } from "./job-log-lock.js";
import type { ProgressView } from "./progress-line.js";
import { openDashboard } from "./run-dashboard.js";
import { Stop, stopOnSignals } from "./stop.js";
import { loadTarget } from "./target.js";

/** An address that gave no page. */
interface CrawlMiss {
  readonly kind: "skipped" | "failed";
  readonly url: string;
  readonly detail: string;
}

/** Crawls; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runCrawl(
  request: CrawlRequest,
  voice: ConsoleVoice,
  stdout: NodeJS.WriteStream,
): Promise<ExitCode> {
  const crawler = await loadAddOn<CrawlerPackage>("@manyhands/crawler", "manyhands crawl", process.cwd());
  const target = request.extract === undefined ? undefined : await loadTarget(request.extract, process.cwd());
  if (request.task === "compare") return compareCrawls(request, crawler, target?.ref, stdout);
  using _lock = request.state === undefined ? undefined : await lockJobLog(request.state);
  await using executor = executorOf(request.engine, request.workers);
  let failures = 0;
  const onMiss = ({ kind, url, detail }: CrawlMiss): void => {
    if (kind === "skipped") return;
    failures += 1;
    voice.failure(failures, url, detail);
  };
  const shared = { ...crawlOptionsOf(request, crawler, target?.ref), executor, state: request.state, onMiss };
  let output: RecordOutput | undefined;
  await using crawl = usable(() => crawler.crawl(request.urls, { ...shared, position: () => output?.position?.() }));
  output = openOutput(request, crawl.resumedAt, stdout, () => voice.clear());
  const view = progressOf(crawl);
  await using _dashboard = await openCrawlDashboard(request, executor, view, voice);
  // Awaited here: what is disposed at the end of this function is in use until then.
  return await writePages(request, crawl, output, view, voice);
}

async function writePages(
  request: CrawlRequest,
  crawl: RunningCrawl,
  { sink, renderer }: RecordOutput,
  view: () => ProgressView,
  voice: ConsoleVoice,
): Promise<ExitCode> {
  const stop = new Stop();
  using _signals = stopOnSignals(stop);
  stop.onChange(({ kind }) => (kind === "draining" ? crawl.drain() : void crawl.stop()));
  if (request.progress === "shown") voice.startProgress(view);
  try {
    for await (const page of crawl) {
      sink.write(renderer.render({ status: "ok", text: JSON.stringify(recordOf(page, request)) }));
      if (sink.congested) await sink.whenDrained();
    }
    sink.write(renderer.end());
    const partial = await (stop.state.kind === "running" ? sink.complete() : sink.abandon("keep-partial"));
    if (typeof partial === "string") voice.say(`the records so far are in ${partial}`);
  } catch (error) {
    await sink.abandon("keep-partial");
    // A full disk, a selector that is none, a function that cannot be loaded: the user's to mend. What has no code is ours.
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
  const { done, failed, found } = crawl.stats();
  voice.say(`${done} pages of ${found} addresses, ${failed} failed; ${crawl.end ?? "stopped"}`);
  if (stop.state.kind !== "running" && stop.state.cause.kind === "signal") {
    return stop.state.cause.name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
  return failed > 0 ? EXIT.failed : EXIT.succeeded;
}

/** The page shows where pages are read; how many have come is its progress. */
async function openCrawlDashboard(
  { dashboard, urls }: CrawlRequest,
  executor: Executor | undefined,
  view: () => ProgressView,
  voice: ConsoleVoice,
): Promise<AsyncDisposable | undefined> {
  if (executor === undefined) return undefined;
  const target = urls.length === 1 ? `${urls[0]}` : `${urls[0]} and ${urls.length - 1} more`;
  return openDashboard(dashboard, { command: "crawl", target, executor, view, say: (text) => voice.say(text) });
}

function progressOf(crawl: RunningCrawl): () => ProgressView {
  const [begun, before] = [performance.now(), crawl.stats().done];
  return () => {
    const { done, failed, queued } = crawl.stats();
    const total = done + queued;
    return { done, failed, total, ownDone: done - before, elapsed: performance.now() - begun };
  };
}
