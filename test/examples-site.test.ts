/** examples/support/site.ts: what programs that fetch pages can rely on. */
import { expect, test } from "vitest";
import { startSite } from "../examples/built/support/site.js";

test("there are 50 pages of 20 posts, each post once", async () => {
  await using site = await startSite();
  const links: string[] = [];
  for (let page = 1; page <= 50; page++) {
    const html = await (await fetch(site.pageUrl(page))).text();
    const onPage = [...html.matchAll(/<a class="post" href="([^"]+)">([^<]+)</g)].map(([, path, title]) => ({
      title,
      path,
    }));
    expect(onPage).toEqual(site.postsOf(page));
    links.push(...onPage.map((post) => post.path!));
  }
  expect(new Set(links).size).toBe(1000);
  expect((await fetch(site.url + links.at(-1))).status).toBe(200);
  expect(site.served).toBe(51);
});

test("pages beyond the last, and paths that are none, are not found", async () => {
  await using site = await startSite({ pages: 2 });
  const paths = ["/page/3", "/page/0", "/post/41", "/", "/page/x"];
  const statuses = await Promise.all(paths.map(async (path) => (await fetch(site.url + path)).status));
  expect(statuses).toEqual([404, 404, 404, 404, 404]);
});

test("a page asked to fail answers 500, its neighbours 200", async () => {
  await using site = await startSite({ failing: [2] });
  const statuses = await Promise.all([1, 2, 3].map(async (page) => (await fetch(site.pageUrl(page))).status));
  expect(statuses).toEqual([200, 500, 200]);
});

test("it counts how many requests are in flight at most", async () => {
  await using site = await startSite({ latency: 50 });
  await fetch(site.pageUrl(1));
  await fetch(site.pageUrl(2));
  expect(site.maxInFlight).toBe(1);
  await Promise.all(Array.from({ length: 5 }, async (_, page) => await fetch(site.pageUrl(page + 1))));
  expect(site.maxInFlight).toBeGreaterThan(1);
  expect(site.maxInFlight).toBeLessThanOrEqual(5);
});

test("many answers that are held back at once are no reason for a warning", async () => {
  await using site = await startSite({ latency: 20 });
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  await Promise.all(Array.from({ length: 20 }, async (_, page) => await fetch(site.pageUrl(page + 1))));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test("closing it does not wait for slow answers, and ends their connections", async () => {
  const site = await startSite({ slow: { 1: 3_600_000 } });
  const answer = fetch(site.pageUrl(1)).catch((error: unknown) => error);
  while (site.served === 0) await new Promise((resolve) => setImmediate(resolve));
  await site[Symbol.asyncDispose]();
  expect(await answer).toBeInstanceOf(Error);
});
