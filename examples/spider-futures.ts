/** Pages fetched by one map, and read by calls of their own: whichever has been read first is told first, each address beside its own
 *  posts. The address belongs to the future; what the loop over the pages was last at says nothing of it.
 *
 *      node examples/built/spider-futures.js              a small site started for the purpose
 *      node examples/built/spider-futures.js URL [URL…]   these pages
 *
 *  Pages go to standard output, failures to standard error. */
import type { Executor, Future } from "manyhands";
import { asCompleted, context, isMain, ThreadPoolExecutor } from "manyhands";
import { textOf } from "./fetch-as-completed.js";
import { listing, type Post, postsOf, show, type Visited } from "./spider-coroutines.js";
import { commandLine, webAddress } from "./support/arguments.js";
import { startSite } from "./support/site.js";

/** The text of a page.
 *  @throws Error when the server answers with anything but success. */
export async function fetchHtml(url: string): Promise<string> {
  const response = await fetch(url, { signal: context().signal });
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
  return response.text();
}

/** The posts of a page, and which page it was: an answer that says what it answers cannot be put beside the wrong question. */
export interface Listing {
  readonly url: string;
  readonly posts: readonly Post[];
}

export function readListing(url: string, html: string): Listing {
  return { url, posts: postsOf(html, url) };
}

/** Fetches all pages, reads each as soon as it is there, and gives them as they have been read. */
export async function* visitAll(pool: Executor, urls: readonly string[]): AsyncGenerator<Visited> {
  const urlOf = new Map<Future<Listing>, string>();
  for await (const ended of pool.map(fetchHtml, urls).settled()) {
    const url = urls[ended.index] ?? "";
    if (ended.status === "rejected") yield { url, error: textOf(ended.reason) };
    else urlOf.set(pool.submit(readListing, url, ended.value), url);
  }
  for await (const future of asCompleted(urlOf.keys())) {
    const error = await future.exception();
    yield error === undefined ? await future : { url: urlOf.get(future) ?? "", error: textOf(error) };
  }
}

async function main(given: readonly string[]): Promise<void> {
  await using site = given.length > 0 ? undefined : await startSite({ latency: 20, failing: [7] });
  const urls = site === undefined ? given : listing(site);
  await using pool = new ThreadPoolExecutor({ maxWorkers: 8 });
  const failed = await show(visitAll(pool, urls));
  // The small site has one page that fails on purpose.
  if (failed > 0 && site === undefined) process.exitCode = 1;
}

if (isMain(import.meta))
  await main(commandLine("spider-futures.js [URL…]", () => process.argv.slice(2).map(webAddress)));
