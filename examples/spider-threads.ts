/** Fifty listing pages, one by one against threads: the same lines, and how much faster. Each worker of the pool fetches a page and
 *  reads its posts; there are as many as the pool has threads, and no more. A page that fails is a line like any other.
 *
 *      node examples/built/spider-threads.js [--threads N]              a small site started for the purpose
 *      node examples/built/spider-threads.js [--threads N] URL [URL…]   these pages
 *
 *  Pages go to standard output in their own order, the ratio to standard error. */
import { parseArgs } from "node:util";
import { type Executor, isMain, ThreadPoolExecutor } from "manyhands";
import { textOf } from "./fetch-as-completed.js";
import { listing, type Post, postsOf } from "./spider-coroutines.js";
import { commandLine, webAddress, wholeNumber } from "./support/arguments.js";
import { startSite } from "./support/site.js";

/** The posts of one page. Runs in a thread, or right here.
 *  @throws Error when the server answers with anything but success. */
export async function fetchPosts(url: string): Promise<Post[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`);
  return postsOf(await response.text(), url);
}

/** What is said of a page. */
const lineOf = (url: string, posts: readonly Post[]): string => `${url}: ${posts.length} posts`;
const failureOf = (url: string, error: unknown): string => `${url}: failed: ${textOf(error)}`;

/** One page after another. */
export async function oneByOne(urls: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const url of urls) {
    lines.push(
      await fetchPosts(url).then(
        (posts) => lineOf(url, posts),
        (error: unknown) => failureOf(url, error),
      ),
    );
  }
  return lines;
}

/** As many at once as the pool has threads, in the order of the pages. */
export async function byThreads(pool: Executor, urls: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const ended of pool.map(fetchPosts, urls).settled()) {
    const url = urls[ended.index] ?? "";
    lines.push(ended.status === "fulfilled" ? lineOf(url, ended.value) : failureOf(url, ended.reason));
  }
  return lines;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, ms: number]> {
  const begun = performance.now();
  return [await work(), performance.now() - begun];
}

async function main(given: readonly string[], threads: number): Promise<void> {
  await using site = given.length > 0 ? undefined : await startSite({ latency: 20 });
  const urls = site === undefined ? given : listing(site);
  await using pool = new ThreadPoolExecutor({ maxWorkers: threads, minWorkers: threads });
  const [expected, alone] = await timed(() => oneByOne(urls));
  const [lines, together] = await timed(() => byThreads(pool, urls));
  for (const line of lines) console.log(line);
  if (lines.join() !== expected.join()) throw new Error("threads have found something else");
  if (lines.some((line) => line.includes(": failed: "))) process.exitCode = 1;
  const ratio = (alone / together).toFixed(1);
  console.error(
    `one by one ${alone.toFixed(0)} ms, ${threads} threads ${together.toFixed(0)} ms: ${ratio} times as fast`,
  );
}

if (isMain(import.meta)) {
  const { urls, threads } = commandLine("spider-threads.js [--threads N] [URL…]", () => {
    const options = { threads: { type: "string", default: "8" } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { urls: positionals.map(webAddress), threads: wholeNumber("--threads", values.threads, 1) };
  });
  await main(urls, threads);
}
