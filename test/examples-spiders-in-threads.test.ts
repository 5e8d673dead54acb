/** examples/spider-threads.ts, spider-pipeline.ts and spider-futures.ts: the same fifty pages, each in its own way, and all of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Executor, ThreadPoolExecutor } from "manyhands";
import { enumerate } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { visitAll } from "../examples/built/spider-futures.js";
import { readPosts } from "../examples/built/spider-pipeline.js";
import { byThreads, oneByOne } from "../examples/built/spider-threads.js";
import { type Site, startSite } from "../examples/built/support/site.js";
import { until } from "./conformance/support.js";
import { folder, keep } from "./keeping.js";
import { runExample } from "./run-example.js";

const fiftyPages = (site: Site): string[] => Array.from({ length: 50 }, (_, index) => site.pageUrl(index + 1));
const pool = (maxWorkers: number): Executor => keep(new ThreadPoolExecutor({ maxWorkers }));
const postsOf = (site: Site, page: number): { title: string; url: string }[] =>
  site.postsOf(page).map(({ title, path }) => ({ title, url: site.url + path }));

describe("the spider of threads", () => {
  test("gives the same fifty lines as one by one, failures among them, and never asks for more at once than it has threads", async () => {
    await using site = await startSite({ failing: [3] });
    const lines = await oneByOne(fiftyPages(site));
    expect(site.maxInFlight).toBe(1);
    expect(await byThreads(pool(4), fiftyPages(site))).toEqual(lines);
    expect(lines).toHaveLength(50);
    expect(lines[2]).toBe(`${site.pageUrl(3)}: failed: HTTP 500 Internal Server Error`);
    expect(lines[49]).toBe(`${site.pageUrl(50)}: 20 posts`);
    expect(site.maxInFlight).toBeLessThanOrEqual(4);
  });

  test("as a program prints the lines, and the ratio on standard error", async () => {
    const { code, lines, stderr } = await runExample("spider-threads", "--threads", "3");
    expect([code, lines.length]).toEqual([0, 50]);
    expect(stderr).toMatch(/^one by one \d+ ms, 3 threads \d+ ms: \d+\.\d times as fast\n$/);
  });
});

describe("the pipeline", () => {
  test("brings out every post once, beside its page, and tells how full its queues are", async () => {
    await using site = await startSite({ failing: [8] });
    const fillings: number[] = [];
    const got = new Map<string, unknown>();
    for await (const read of readPosts(fiftyPages(site), ({ urls, pages, posts }) =>
      fillings.push(urls, pages, posts),
    )) {
      expect(got.has(read.url)).toBe(false);
      got.set(read.url, "posts" in read ? read.posts : read.error);
    }
    const expected = fiftyPages(site).map((url, index) => [url, postsOf(site, index + 1)] as const);
    expect(got).toEqual(new Map<string, unknown>([...expected, [site.pageUrl(8), "HTTP 500 Internal Server Error"]]));
    expect(fillings).toHaveLength(150);
    expect(Math.max(...fillings)).toBeLessThanOrEqual(10);
  });

  test("leaves no thread behind when its consumer leaves early", async () => {
    await using site = await startSite();
    for await (const _ of readPosts(fiftyPages(site), () => undefined)) break;
    await until(
      () => enumerate().every(({ name }) => name !== "fetcher" && name !== "reader"),
      "threads should have ended",
    );
  });

  test("as a program ends, and its file is whole", async () => {
    const file = join(folder(), "posts.txt");
    const { code, stderr } = await runExample("spider-pipeline", file);
    expect(code).toBe(0);
    expect(stderr).toMatch(/addresses, \d+ pages and \d+ pages of posts are waiting\n/);
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines.pop()).toBe("");
    expect(new Set(lines.map((line) => line.split("\t")[0])).size).toBe(1000);
    expect(lines).toHaveLength(1000);
  });
});

describe("the spider of futures", () => {
  test("puts every address beside its own posts, and failures beside theirs", async () => {
    await using site = await startSite({ failing: [9], slow: { 2: 60, 5: 30 } });
    const got = new Map<string, unknown>();
    for await (const page of visitAll(pool(4), fiftyPages(site)))
      got.set(page.url, "posts" in page ? page.posts : page.error);
    const expected = fiftyPages(site).map((url, index) => [url, postsOf(site, index + 1)] as const);
    expect(got).toEqual(new Map<string, unknown>([...expected, [site.pageUrl(9), "HTTP 500 Internal Server Error"]]));
  });

  test("as a program prints 49 pages, and the one that fails on standard error", async () => {
    const { code, lines, stderr } = await runExample("spider-futures");
    expect([code, lines.length]).toEqual([0, 49]);
    for (const line of lines) {
      const [, page, first, last] = /\/page\/(\d+): 20 posts, Post (\d+) … Post (\d+)$/.exec(line)!.map(Number);
      expect([first, last]).toEqual([page! * 20 - 19, page! * 20]);
    }
    expect(stderr).toMatch(/\/page\/7: failed: HTTP 500 Internal Server Error\n980 posts on 49 of 50 pages/);
  });
});

test.each([
  ["spider-threads", ["--threads", "0"], "--threads must be a whole number of at least 1"],
  ["spider-pipeline", [], "FILE, where the posts go, is missing"],
  ["spider-futures", ["page"], '"page" is no address of a page'],
])("%s refuses %j in one line", async (name, args, message) => {
  const { code, lines, stderr } = await runExample(name, ...args);
  expect([code, lines]).toEqual([2, []]);
  expect(stderr).toContain(message);
});
