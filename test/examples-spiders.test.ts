/** examples/spider-coroutines.ts and spider-semaphore.ts: every post once, failures beside their pages, and no more requests at
 *  the server than allowed. */
import { fileURLToPath } from "node:url";
import { allTasks, CancelledError, createTask, run } from "manyhands/asyncio";
import { describe, expect, test } from "vitest";
import { crawl, postsOf, type Visited, visit } from "../examples/built/spider-coroutines.js";
import { politely } from "../examples/built/spider-semaphore.js";
import { type Site, startSite } from "../examples/built/support/site.js";
import { errorOf, node, until } from "./conformance/support.js";
import { runExample } from "./run-example.js";

/** Ms within which a page of this machine comes. */
const LONG = 60_000;

const fiftyPages = (site: Site): string[] => Array.from({ length: 50 }, (_, index) => site.pageUrl(index + 1));
const example = (name: string): string => fileURLToPath(new URL(`../examples/built/${name}.js`, import.meta.url));

async function all(pages: AsyncIterable<Visited>): Promise<Visited[]> {
  const got: Visited[] = [];
  for await (const page of pages) got.push(page);
  return got;
}

function expectedOf(site: Site, page: number): Visited {
  const posts = site.postsOf(page).map(({ title, path }) => ({ title, url: site.url + path }));
  return { url: site.pageUrl(page), posts };
}

const byUrl = (pages: readonly Visited[]): Map<string, Visited> => new Map(pages.map((page) => [page.url, page]));

describe("the spider of coroutines", () => {
  test("gets the 1000 posts of 50 pages, each beside its page", async () => {
    await using site = await startSite();
    const got = await run(() => all(crawl(fiftyPages(site), (url) => visit(url, LONG))));
    expect(site.served).toBe(50);
    expect(byUrl(got)).toEqual(byUrl(Array.from({ length: 50 }, (_, index) => expectedOf(site, index + 1))));
  });

  test("reports a page that fails and one that never comes, and gets the others", async () => {
    await using site = await startSite({ failing: [3], slow: { 8: new Promise(() => {}) } });
    const never = site.pageUrl(8);
    const got = await run(() => all(crawl(fiftyPages(site), (url) => visit(url, url === never ? 20 : LONG))));
    const pages = byUrl(got);
    expect(got).toHaveLength(50);
    expect(pages.get(site.pageUrl(3))).toEqual({ url: site.pageUrl(3), error: "HTTP 500 Internal Server Error" });
    expect(pages.get(never)).toEqual({ url: never, error: "Not within 20 ms" });
    expect(got.filter((page) => "posts" in page)).toHaveLength(48);
  });

  test("ends all its requests when it is cancelled, and reports no failures then", async () => {
    await using site = await startSite({ slow: { 2: new Promise(() => {}) } });
    const abort = new AbortController();
    const got: string[] = [];
    const crawling = run(
      async () => {
        for await (const { url } of crawl([site.pageUrl(1), site.pageUrl(2)], (url) => visit(url, LONG))) {
          got.push(url);
          abort.abort("enough");
        }
      },
      { signal: abort.signal },
    );
    await errorOf(CancelledError, crawling);
    expect(got).toEqual([site.pageUrl(1)]);
    expect(allTasks().size).toBe(0);
  });

  test("takes any page's links, with whole addresses", () => {
    const html = `<a class=x href="/a">A</a> <a\nhref="b/c">B C</a> <a name="n">no link</a> <a href="http://[">broken</a>`;
    expect(postsOf(html, "http://site.example/folder/page")).toEqual([
      { title: "A", url: "http://site.example/a" },
      { title: "B C", url: "http://site.example/folder/b/c" },
    ]);
  });
});

describe("the spider with a semaphore", () => {
  test.each([1, 5])("has %i requests at the server at once: as many as allowed, and never more", async (atMost) => {
    let release: () => void = () => {};
    const full = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The first ones are answered only when as many have come as may: so it is known that they came at once.
    const slow = Object.fromEntries(Array.from({ length: atMost }, (_, index) => [index + 1, full]));
    await using site = await startSite({ slow });
    const crawling = run(() => all(crawl(fiftyPages(site), politely(atMost, LONG))));
    await until(() => site.maxInFlight === atMost, `${atMost} requests should have come`);
    release();
    expect((await crawling).filter((page) => "posts" in page)).toHaveLength(50);
    expect([site.served, site.maxInFlight]).toEqual([50, atMost]);
  });

  test("does not count the time in the line, and gives the place of a page that takes too long to the next", async () => {
    await using site = await startSite({ slow: { 1: new Promise(() => {}) } });
    const got = await run(() => all(crawl([site.pageUrl(1), site.pageUrl(2)], politely(1, 200))));
    expect(byUrl(got)).toEqual(byUrl([{ url: site.pageUrl(1), error: "Not within 200 ms" }, expectedOf(site, 2)]));
  });

  test("a visit that waits for its place is cancelled there, and sends nothing", async () => {
    await using site = await startSite({ slow: { 1: new Promise(() => {}) } });
    await run(async () => {
      const visitPage = politely(1, LONG);
      const tasks = [1, 2].map((page) => createTask(() => visitPage(site.pageUrl(page))));
      await until(() => site.served === 1, "the first page should have been asked for");
      for (const task of tasks) task.cancel();
      await Promise.all(tasks.map((task) => errorOf(CancelledError, task)));
    });
    expect(site.served).toBe(1);
  });
});

describe.each(["spider-coroutines", "spider-semaphore"])("the program %s", (name) => {
  test("prints fifty pages with their posts, and the rest on standard error", async () => {
    const { code, lines, stderr } = await runExample(name);
    expect(code).toBe(0);
    const pages = lines.map((line) =>
      /\/page\/(\d+): 20 posts, Post (\d+) … Post (\d+)$/.exec(line)?.slice(1).map(Number),
    );
    expect(pages.sort(([a = 0] = [], [b = 0] = []) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, at) => [at + 1, at * 20 + 1, at * 20 + 20]),
    );
    expect(stderr).toMatch(/^1000 posts on 50 of 50 pages, in \d+ ms\n/);
    if (name === "spider-semaphore") expect(stderr).toMatch(/\n[1-5] requests at once at the server, 5 allowed\n$/);
  });

  test("fetches the pages it is given; one that fails makes its exit code 1", async () => {
    await using site = await startSite({ failing: [2] });
    const { code, lines, stderr } = await runExample(name, site.pageUrl(1), site.pageUrl(2));
    expect([code, lines]).toEqual([1, [`${site.pageUrl(1)}: 20 posts, Post 1 … Post 20`]]);
    expect(stderr).toContain(`${site.pageUrl(2)}: failed: HTTP 500 Internal Server Error\n20 posts on 1 of 2 pages`);
  });

  test.each([
    [["--timeout", "soon"], "--timeout must be a whole number of at least 1"],
    [["--retries", "3"], "Unknown option '--retries'"],
    [["page"], '"page" is no address of a page'],
  ])("refuses %j in one line", async (args, message) => {
    const { code, lines, stderr } = await runExample(name, ...args);
    expect([code, lines]).toEqual([2, []]);
    expect(stderr.split("\n").slice(1)).toEqual([expect.stringMatching(/^Usage: /), ""]);
    expect(stderr).toContain(message);
  });

  test("ends by Ctrl-C while a page is on its way, and says nothing", async () => {
    await using site = await startSite({ slow: { 2: new Promise(() => {}) } });
    const spider = node([example(name), site.pageUrl(1), site.pageUrl(2)]);
    await spider.line(site.pageUrl(1));
    await until(() => site.served === 2, "the second page should have been asked for");
    process.kill(spider.pid, "SIGINT");
    const { signal, stderr } = await spider.ended;
    expect({ signal, stderr }).toEqual({ signal: "SIGINT", stderr: "" });
  });
});
