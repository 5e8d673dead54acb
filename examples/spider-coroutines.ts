/** Fifty listing pages on one event loop, all at once, and the posts of each. Every page has a time limit of its own: one that
 *  fails or takes too long is reported beside its address, and the rest go on.
 *
 *      node examples/built/spider-coroutines.js [--timeout MS]              a small site started for the purpose
 *      node examples/built/spider-coroutines.js [--timeout MS] URL [URL…]   these pages
 *
 *  Pages go to standard output as they come, failures to standard error. Page 7 of the small site takes 400 ms. */
import { parseArgs } from "node:util";
import { isMain } from "manyhands";
import { asCompleted, CancelledError, createTask, currentSignal, run, TimeoutError, timeout } from "manyhands/asyncio";
import { textOf } from "./fetch-as-completed.js";
import { commandLine, webAddress, wholeNumber } from "./support/arguments.js";
import { type Site, startSite } from "./support/site.js";

/** A link of a listing page. */
export interface Post {
  readonly title: string;
  readonly url: string;
}

/** What became of one page. */
export type Visited =
  | { readonly url: string; readonly posts: readonly Post[] }
  | { readonly url: string; readonly error: string };

/** The links of a page, with whole addresses. */
export function postsOf(html: string, url: string): Post[] {
  const links = [...html.matchAll(/<a\b[^>]*\bhref="([^"]+)"[^>]*>([^<]*)<\/a>/g)];
  return links
    .map(([, href = "", title = ""]) => ({ title, url: URL.canParse(href, url) ? new URL(href, url).href : href }))
    .filter((post) => URL.canParse(post.url));
}

/** @throws Error when the server answers with anything but success. */
export async function fetchPosts(url: string): Promise<Post[]> {
  // The signal is that of the task: the connection is closed when the task is cancelled, or its time is over.
  const response = await fetch(url, { signal: currentSignal() });
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
  return postsOf(await response.text(), url);
}

/** One page; it fails only when all of this is cancelled.
 *  @param limit how long it may take, in ms */
export async function visit(url: string, limit: number): Promise<Visited> {
  try {
    return { url, posts: await timeout(limit, () => fetchPosts(url)) };
  } catch (error) {
    // That is not the page's failure: whoever cancels wants this to end, not to hear of it.
    if (error instanceof CancelledError) throw error;
    return { url, error: error instanceof TimeoutError ? error.message : textOf(error) };
  }
}

/** Visits all pages at once, each in a task of its own, and gives them as they come. */
export async function* crawl(
  urls: readonly string[],
  visitPage: (url: string) => Promise<Visited>,
): AsyncGenerator<Visited> {
  const tasks = urls.map((url) => createTask(() => visitPage(url), { name: url }));
  for await (const task of asCompleted(tasks)) yield await task;
}

/** Prints what comes. @returns how many failed. */
export async function show(pages: AsyncIterable<Visited>): Promise<number> {
  const [begun, counted] = [performance.now(), { pages: 0, posts: 0, failed: 0 }];
  for await (const page of pages) {
    counted.pages += 1;
    if ("error" in page) {
      counted.failed += 1;
      console.error(`${page.url}: failed: ${page.error}`);
      continue;
    }
    counted.posts += page.posts.length;
    const ends = [page.posts[0], page.posts.at(-1)].map((post) => post?.title.trim());
    console.log(`${page.url}: ${page.posts.length} posts${page.posts.length > 0 ? `, ${ends.join(" … ")}` : ""}`);
  }
  const took = `${(performance.now() - begun).toFixed(0)} ms`;
  console.error(`${counted.posts} posts on ${counted.pages - counted.failed} of ${counted.pages} pages, in ${took}`);
  return counted.failed;
}

/** What both spiders fetch when they are given no addresses. */
export const startListing = (): Promise<Site> => startSite({ latency: 50, slow: { 7: 400 } });

/** The addresses of all pages of that site. */
export const listing = (site: Site): string[] => Array.from({ length: 50 }, (_, index) => site.pageUrl(index + 1));

async function main(given: readonly string[], limit: number): Promise<void> {
  await using site = given.length > 0 ? undefined : await startListing();
  const urls = site === undefined ? given : listing(site);
  if ((await show(crawl(urls, (url) => visit(url, limit)))) > 0) process.exitCode = 1;
}

if (isMain(import.meta)) {
  const { urls, limit } = commandLine("spider-coroutines.js [--timeout MS] [URL…]", () => {
    const options = { timeout: { type: "string", default: "10000" } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { urls: positionals.map(webAddress), limit: wholeNumber("--timeout", values.timeout, 1) };
  });
  // Ctrl-C cancels it: the requests that are on their way end, the site is closed, and then the program ends.
  await run(() => main(urls, limit));
}
