/** examples/fetch-as-completed.ts: every page once, failures beside their address, never more than the workers. */
import { ThreadPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { type Fetched, fetchAsCompleted, fetchInOrder } from "../examples/built/fetch-as-completed.js";
import { type Site, startSite } from "../examples/built/support/site.js";
import { runExample } from "./run-example.js";

const WORKERS = 3;
const FAILING = 7;

const twelvePages = (site: Site): string[] => Array.from({ length: 12 }, (_, index) => site.pageUrl(index + 1));

async function collect(pages: AsyncIterable<Fetched>): Promise<Fetched[]> {
  const all: Fetched[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

test.each([
  ["as completed", fetchAsCompleted],
  ["in order", fetchInOrder],
])("%s: eleven pages come, the failing one is reported, three at a time at the most", async (_, fetchAll) => {
  await using site = await startSite({ latency: 5, slow: { 2: 60 }, failing: [FAILING] });
  await using pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
  const urls = twelvePages(site);
  const fetched = await collect(fetchAll(pool, urls));
  expect(site.served).toBe(12);
  expect(site.maxInFlight).toBeLessThanOrEqual(WORKERS);
  expect(fetched.map(({ url }) => url).sort()).toEqual([...urls].sort());
  const failed = fetched.filter((each) => "error" in each);
  expect(failed).toEqual([{ url: site.pageUrl(FAILING), error: "HTTP 500 Internal Server Error" }]);
  // Each page came whole and stands beside its own address.
  for (const each of fetched) {
    if (!("page" in each)) continue;
    const html = await (await fetch(each.url)).text();
    expect(each.page).toEqual({ url: each.url, characters: html.length });
  }
});

test("as completed: a page that is held back until the others have come is the last", async () => {
  let release: (value?: unknown) => void = () => {};
  const released = new Promise((resolve) => {
    release = resolve;
  });
  await using site = await startSite({ failing: [FAILING], slow: { 1: released } });
  await using pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
  const order: string[] = [];
  for await (const { url } of fetchAsCompleted(pool, twelvePages(site))) {
    order.push(url);
    if (order.length === 11) release();
  }
  expect(order).toHaveLength(12);
  expect(order.at(-1)).toBe(site.pageUrl(1));
});

test("in order: a page that is held back comes first all the same", async () => {
  await using site = await startSite({ failing: [FAILING], slow: { 1: 100 } });
  await using pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
  const urls = twelvePages(site);
  const fetched = await collect(fetchInOrder(pool, urls));
  expect(fetched.map(({ url }) => url)).toEqual(urls);
});

test("an unreachable server is told apart from an error page", async () => {
  const site = await startSite();
  const url = site.pageUrl(1);
  await site[Symbol.asyncDispose]();
  await using pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  const [fetched] = await collect(fetchAsCompleted(pool, [url]));
  expect(fetched).toEqual({ url, error: expect.stringContaining("ECONNREFUSED") });
});

test("the program shows both ways", async () => {
  const { code, lines, stderr } = await runExample("fetch-as-completed");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines).toHaveLength(26);
  expect(lines[0]).toBe("As they come:");
  expect(lines[13]).toBe("In the order asked for:");
  const pages = lines.slice(14).map((line) => /\/page\/(\d+): (\w+)/.exec(line)?.slice(1, 3));
  const good = expect.stringMatching(/^\d+$/);
  expect(pages).toEqual(Array.from({ length: 12 }, (_, i) => [String(i + 1), i + 1 === FAILING ? "failed" : good]));
});
