/** Twelve pages on three workers: reported as they come, and in the order asked for. One of them fails, which is
 *  reported beside its address; the rest go on.
 *
 *      node examples/built/fetch-as-completed.js              a small site started for the purpose
 *      node examples/built/fetch-as-completed.js URL [URL…]   these pages */
import type { Executor, Future } from "manyhands";
import { asCompleted, context, isMain, ThreadPoolExecutor } from "manyhands";
import { startSite } from "./support/site.js";

/** A page that came. */
export interface Page {
  readonly url: string;
  readonly characters: number;
}

/** How one fetch ended. */
export type Fetched = { readonly url: string; readonly page: Page } | { readonly url: string; readonly error: string };

/** @throws Error when the server answers with anything but success: an error page is no page. */
export async function fetchPage(url: string): Promise<Page> {
  const response = await fetch(url, { signal: context().signal });
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
  return { url, characters: (await response.text()).length };
}

// An unreachable server is a `TypeError: fetch failed`, and what happened stands in its cause.
export const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

/** The pages in the order in which they come. */
export async function* fetchAsCompleted(pool: Executor, urls: readonly string[]): AsyncGenerator<Fetched> {
  const urlOf = new Map<Future<Page>, string>(urls.map((url) => [pool.submit(fetchPage, url), url]));
  for await (const future of asCompleted(urlOf.keys())) {
    const url = urlOf.get(future) ?? "";
    try {
      yield { url, page: await future };
    } catch (error) {
      yield { url, error: textOf(error) };
    }
  }
}

/** The pages in the order asked for. */
export async function* fetchInOrder(pool: Executor, urls: readonly string[]): AsyncGenerator<Fetched> {
  for await (const ended of pool.map(fetchPage, urls).settled()) {
    const url = urls[ended.index] ?? "";
    if (ended.status === "fulfilled") yield { url, page: ended.value };
    else yield { url, error: textOf(ended.reason) };
  }
}

async function show(title: string, pages: AsyncIterable<Fetched>): Promise<void> {
  console.log(`${title}:`);
  for await (const fetched of pages) {
    if ("page" in fetched) console.log(`  ${fetched.url}: ${fetched.page.characters} characters`);
    else console.log(`  ${fetched.url}: failed: ${fetched.error}`);
  }
}

async function main(): Promise<void> {
  await using site = await startSite({ latency: 50, slow: { 2: 400, 5: 250 }, failing: [7] });
  const given = process.argv.slice(2);
  const urls = given.length > 0 ? given : Array.from({ length: 12 }, (_, index) => site.pageUrl(index + 1));
  await using pool = new ThreadPoolExecutor({ maxWorkers: 3 });
  await show("As they come", fetchAsCompleted(pool, urls));
  await show("In the order asked for", fetchInOrder(pool, urls));
}

if (isMain(import.meta)) await main();
