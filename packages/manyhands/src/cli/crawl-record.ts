/** The record of a page. */
import type { CrawlRequest } from "./crawl-command.js";
import type { CrawledPage } from "./crawl-package.js";

/** What is written for a page: what `--extract` returned, the fields of `--select` beside the address, or what the page is like. */
export function recordOf(page: CrawledPage, { extract, options }: Pick<CrawlRequest, "extract" | "options">): unknown {
  const { url, status, title, links, textLength, timings } = page;
  if (extract !== undefined) return page.record ?? null;
  if (options["select"] !== undefined) return { url, ...(page.record as object) };
  const [fetchMs, parseMs] = [rounded(timings.fetch), rounded(timings.parse)];
  return { url, status, title, links: links.length, textLength, fetchMs, parseMs };
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
