/** A pipeline: three threads fetch pages and put them on a bounded queue, two take them off, read the posts, and put those on another;
 *  the program writes them to a file. Every post is there once, and it ends: who puts the last page closes the queue.
 *
 *      node examples/built/spider-pipeline.js FILE              a small site started for the purpose
 *      node examples/built/spider-pipeline.js FILE URL [URL…]   these pages
 *
 *  How full the queues are is told on standard error, again and again; a page that fails too. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { isMain } from "manyhands";
import { Queue } from "manyhands/queue";
import { Thread } from "manyhands/threading";
import { textOf } from "./fetch-as-completed.js";
import { listing, type Post, postsOf } from "./spider-coroutines.js";
import { commandLine, webAddress } from "./support/arguments.js";
import { startSite } from "./support/site.js";

/** What stands on the queue between fetching and reading. */
export type Fetched =
  | { readonly url: string; readonly html: string }
  | { readonly url: string; readonly error: string };

/** What stands on the queue to the file. */
export type Read =
  | { readonly url: string; readonly posts: readonly Post[] }
  | { readonly url: string; readonly error: string };

/** Fetches what it is given, until there is no more. Runs in a thread. */
export async function fetchAll(urls: Queue<string>, pages: Queue<Fetched>): Promise<void> {
  for await (const url of urls) await pages.put(await fetched(url));
}

async function fetched(url: string): Promise<Fetched> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
    return { url, html: await response.text() };
  } catch (error) {
    return { url, error: textOf(error) };
  }
}

/** Reads what it is given, until there is no more. Runs in a thread. */
export async function readAll(pages: Queue<Fetched>, posts: Queue<Read>): Promise<void> {
  for await (const page of pages) {
    const { url } = page;
    await posts.put("error" in page ? page : { url, posts: postsOf(page.html, url) });
  }
}

/** How full the queues are. */
export interface Filling {
  readonly urls: number;
  readonly pages: number;
  readonly posts: number;
}

const FETCHERS = 3;
const READERS = 2;
/** What each queue holds at most: who is faster waits for who is slower. */
const ROOM = 10;

/** Sends the pages through the pipeline.
 *  @param watch told how full the queues are, each time a page comes out
 *  @returns what comes out, in the order in which it does */
export async function* readPosts(urls: readonly string[], watch: (filling: Filling) => void): AsyncGenerator<Read> {
  const [todo, pages, posts] = [new Queue<string>(ROOM), new Queue<Fetched>(ROOM), new Queue<Read>(ROOM)];
  const shutAll = (): void => [todo, pages, posts].forEach((queue) => void queue.shutdown({ immediate: true }));
  const fetchers = Array.from({ length: FETCHERS }, () => new Thread(fetchAll, [todo, pages], { name: "fetcher" }));
  const readers = Array.from({ length: READERS }, () => new Thread(readAll, [pages, posts], { name: "reader" }));
  for (const thread of [...fetchers, ...readers]) thread.start();
  const stages = runStages(urls, [todo, pages, posts], [fetchers, readers]);
  // If one fails, nothing more comes: the loop below ends then, and the failure is told behind it.
  stages.catch(shutAll);
  try {
    for await (const read of posts) {
      watch({ urls: todo.qsize(), pages: pages.qsize(), posts: posts.qsize() });
      yield read;
    }
    await stages;
  } finally {
    // Whoever leaves early leaves threads that wait for room: there will be none.
    shutAll();
  }
}

/** Each stage ends when the one before has, and everything it left has been taken. So the program ends, too. */
async function runStages(
  urls: readonly string[],
  [todo, pages, posts]: readonly [Queue<string>, Queue<Fetched>, Queue<Read>],
  [fetchers, readers]: readonly [readonly Ended[], readonly Ended[]],
): Promise<void> {
  const fetching = Promise.all(fetchers.map((thread) => thread.result()));
  const reading = Promise.all(readers.map((thread) => thread.result()));
  const feeding = feed(urls, todo);
  // Together, or the failure of a later one would be nobody's while an earlier one is awaited.
  await Promise.all([
    feeding.then(() => todo.shutdown()),
    fetching.then(() => pages.shutdown()),
    reading.then(() => posts.shutdown()),
  ]);
}

/** A thread, seen by who waits for its end. */
interface Ended {
  result(): PromiseLike<void>;
}

async function feed(urls: readonly string[], todo: Queue<string>): Promise<void> {
  for (const url of urls) await todo.put(url);
}

/** One line for each post; failures go to standard error. */
async function* linesOf(pages: AsyncIterable<Read>): AsyncGenerator<string> {
  for await (const page of pages) {
    if ("error" in page) {
      console.error(`${page.url}: failed: ${page.error}`);
      process.exitCode = 1;
      continue;
    }
    for (const { title, url } of page.posts) yield `${title}\t${url}\n`;
  }
}

async function main(file: string, given: readonly string[]): Promise<void> {
  await using site = given.length > 0 ? undefined : await startSite({ latency: 20 });
  const urls = site === undefined ? given : listing(site);
  let shown = 0;
  const watch = ({ urls: waiting, pages, posts }: Filling): void => {
    shown += 1;
    if (shown % 10 === 1) console.error(`${waiting} addresses, ${pages} pages and ${posts} pages of posts are waiting`);
  };
  // Closed when the last line is in it, whatever happens.
  await pipeline(linesOf(readPosts(urls, watch)), createWriteStream(file));
  console.error(`the posts of ${urls.length} pages are in ${file}`);
}

if (isMain(import.meta)) {
  const { file, urls } = commandLine("spider-pipeline.js FILE [URL…]", () => {
    const [name, ...addresses] = process.argv.slice(2);
    if (name === undefined || name.startsWith("-")) throw new TypeError("FILE, where the posts go, is missing");
    return { file: name, urls: addresses.map(webAddress) };
  });
  await main(file, urls);
}
