/** The whole test web, with all that is odd in it: exactly the pages that its generator lists, wherever they are read. */
import { type Crawl, type CrawlOptions, crawl, type Miss, type Page } from "@manyhands/crawler";
import { EventLoopExecutor, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { HOSTS } from "./crawl-plan.js";
import { startWeb, type Web } from "./crawl-web.js";
import { keep } from "./keeping.js";

/** As fast as this machine can, with pauses that take no time worth speaking of. */
const FAST: CrawlOptions = {
  ...{ scope: "domain", access: "private-too", sitemaps: "follow", delay: 0, perHost: 16, concurrency: 32, backoff: 5 },
};

interface Found {
  readonly pages: Map<string, Page>;
  readonly misses: Miss[];
  readonly crawl: Crawl;
}

async function found(web: Web, options: CrawlOptions = {}): Promise<Found> {
  const [pages, misses] = [new Map<string, Page>(), [] as Miss[]];
  const crawling = crawl(web.plan.seed, { ...FAST, onMiss: (miss) => misses.push(miss), ...options });
  for await (const page of crawling) {
    expect(pages.has(page.url), `${page.url} came twice`).toBe(false);
    pages.set(page.url, page);
  }
  return { pages, misses, crawl: crawling };
}

const sorted = <T>(map: Iterable<readonly [string, T]>): (readonly [string, T])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const reasonsOf = (misses: readonly Miss[], kind: Miss["kind"]): (readonly [string, string])[] =>
  sorted(
    misses.flatMap((miss) =>
      miss.kind === kind ? [[miss.url, miss.kind === "failed" ? miss.code : miss.reason] as const] : [],
    ),
  );

const ENGINES = ["sequential", "event-loop", "threads"] as const;

function executorOf(engine: (typeof ENGINES)[number]): Pick<CrawlOptions, "executor" | "concurrency"> {
  if (engine === "sequential") return { concurrency: 1 };
  return { executor: keep(engine === "threads" ? new ThreadPoolExecutor({ maxWorkers: 2 }) : new EventLoopExecutor()) };
}

describe.each(ENGINES)("%s", (engine) => {
  test("finds exactly the pages, failures and omissions of the generator's own list", {
    timeout: 120_000,
  }, async () => {
    await using web = await startWeb();
    const { pages, misses, crawl: ended } = await found(web, executorOf(engine));
    expect(sorted([...pages].map(([url, { title }]) => [url, title]))).toEqual(sorted(web.plan.pages));
    expect(reasonsOf(misses, "skipped")).toEqual(sorted(web.plan.skipped));
    // The first of a circle that comes back is the one that fails; which that is, depends on nothing but the links.
    const circle = (url: string): boolean => url.includes("/loop/");
    expect(reasonsOf(misses, "failed").filter(([url]) => !circle(url))).toEqual(sorted(web.plan.failed));
    expect(misses.filter(({ url }) => circle(url))).toHaveLength(1);
    for (const never of web.plan.forbidden) expect(web.asked.get(never), never).toBeUndefined();
    for (const host of HOSTS) expect(web.asked.get(`${host}/robots.txt`), host).toBe(1);
    const plain = [...web.asked].filter(([address]) => address.includes("/p/"));
    expect(plain.filter(([, times]) => times !== 1)).toEqual([]);
    expect(ended.end).toBe("complete");
    expect(ended.stats()).toMatchObject({ queued: 0, fetching: 0, parsing: 0, ready: 0, done: pages.size });
  });
});
