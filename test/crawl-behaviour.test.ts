/** How a crawl behaves: what it spares, where it stops, what it gives, and what is left of it. */
import { type CrawlOptions, type CrawlStats, crawl, type Miss, type Page } from "@manyhands/crawler";
import {
  CancelledError,
  ClosureError,
  FunctionRefError,
  InvalidOptionError,
  InvalidStateError,
  moduleRef,
  ThreadPoolExecutor,
} from "manyhands";
import { MockAgent } from "undici";
import { describe, expect, test } from "vitest";
import { pickyOf, recordOf, threadOf } from "#tasks/crawl-records.js";
import { errorOf, until } from "./conformance/support.js";
import { HOSTS, pageOf } from "./crawl-plan.js";
import { startWeb, type Web } from "./crawl-web.js";
import { folder, keep, later } from "./keeping.js";
import { VirtualClock } from "./virtual-clock.js";

const FAST: CrawlOptions = {
  scope: "domain",
  access: "private-too",
  delay: 0,
  perHost: 16,
  concurrency: 32,
  backoff: 1,
};

async function all<R>(pages: AsyncIterable<Page<R>>): Promise<Page<R>[]> {
  const got: Page<R>[] = [];
  for await (const page of pages) got.push(page);
  return got;
}

const plainWeb = (pages: number): Promise<Web> => startWeb({ pages, manner: "plain" });

/** Lets what is ready to happen, happen. */
async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("at the server", () => {
  test.each([1, 3])(
    "there are at most %i requests of one host at once, and as many when there is something to ask for",
    async (perHost) => {
      await using web = await plainWeb(300);
      const waiting = new Map<string, (() => void)[]>();
      // Answers are held back until a host has as many requests as it may, so that it is known that they come at once.
      web.onRequest = (host, path) => {
        if (path === "/robots.txt" || web.hosts.get(host)!.maxInFlight >= perHost) {
          for (const go of waiting.get(host)?.splice(0) ?? []) go();
          return undefined;
        }
        return new Promise((resolve) => waiting.set(host, [...(waiting.get(host) ?? []), resolve]));
      };
      // With one link only a host may have nothing more to be asked for yet.
      const release = setInterval(() => {
        for (const go of [...waiting.values()].flatMap((each) => each.splice(0))) go();
      }, 20);
      later(() => clearInterval(release));
      const pages = await all(crawl(web.plan.seed, { ...FAST, perHost, contact: "mailto:me@site.example" }));
      expect(pages).toHaveLength(300);
      for (const host of HOSTS) expect(web.hosts.get(host)!.maxInFlight, host).toBeLessThanOrEqual(perHost);
      expect(Math.max(...HOSTS.map((host) => web.hosts.get(host)!.maxInFlight))).toBe(perHost);
      for (const host of HOSTS) expect(web.hosts.get(host)!.asked[0]).toBe("/robots.txt");
      expect(web.hosts.get(HOSTS[0]!)!.agents).toEqual(new Set(["manyhands-crawler/0.1 (+mailto:me@site.example)"]));
    },
  );

  test("no more is asked for than there is room for, while the consumer does not take", async () => {
    await using web = await plainWeb(200);
    await using crawling = crawl(web.plan.seed, { ...FAST, bufferSize: 5 });
    const pages = crawling[Symbol.asyncIterator]();
    await turns();
    expect(web.asked.size).toBe(0);
    for (let taken = 1; taken <= 20; taken++) {
      await pages.next();
      // As much as there is room for, or as is known of so far.
      const quiet = ({ ready, queued, fetching, parsing }: CrawlStats): boolean =>
        fetching + parsing === 0 && (ready === 4 || queued === 0);
      await until(() => quiet(crawling.stats()), "as many pages as there is room for should be ready");
      await turns();
      const asked = [...web.asked.keys()].filter((address) => !address.endsWith("/robots.txt"));
      // One is in the consumer's hands, and four wait for it.
      expect(asked.length).toBeLessThanOrEqual(taken + 4);
      if (taken === 20) expect(crawling.stats().ready).toBe(4);
    }
  });
});

describe("a crawl ends", () => {
  test("when the loop is left: no request is under way then, and none follows", async () => {
    await using web = await plainWeb(200);
    const crawling = crawl(web.plan.seed, FAST);
    for await (const _ of crawling) break;
    await until(() => [...web.hosts.values()].every(({ inFlight }) => inFlight === 0), "requests should have ended");
    const asked = web.asked.size;
    await turns();
    expect([crawling.end, web.asked.size]).toEqual(["stopped", asked]);
    await errorOf(InvalidStateError, (async () => all(crawling))());
  });

  test("by its signal, while answers are on their way, and says so", async () => {
    await using web = await plainWeb(20);
    const abort = new AbortController();
    web.onRequest = () => {
      abort.abort("enough");
      return new Promise(() => undefined);
    };
    const error = await errorOf(CancelledError, all(crawl(web.plan.seed, { ...FAST, signal: abort.signal })));
    expect(error.cause).toBe("enough");
    await errorOf(CancelledError, all(crawl(web.plan.seed, { ...FAST, signal: abort.signal })));
  });

  test("when it is stopped while the consumer has a page in hand, which comes again when it goes on", async () => {
    await using web = await plainWeb(50);
    const state = `${folder()}/state`;
    const urls: string[] = [];
    const crawling = crawl(web.plan.seed, { ...FAST, state });
    for await (const { url } of crawling) {
      urls.push(url);
      if (urls.length === 5) await crawling.stop();
    }
    expect([crawling.end, urls.length]).toEqual(["stopped", 5]);
    const rest = (await all(crawl(web.plan.seed, { ...FAST, state }))).map(({ url }) => url);
    expect(rest).toContain(urls[4]);
    expect(rest).toHaveLength(46);
    expect(new Set([...urls, ...rest])).toEqual(new Set(web.plan.pages.keys()));
  });

  test("when it is drained: pages under way still come", async () => {
    await using web = await plainWeb(200);
    const crawling = crawl(web.plan.seed, FAST);
    const got: Page[] = [];
    for await (const page of crawling) {
      got.push(page);
      if (got.length === 3) crawling.drain();
    }
    const asked = [...web.asked.keys()].filter((address) => !address.endsWith("/robots.txt"));
    expect([crawling.end, got.length]).toEqual(["drained", asked.length]);
  });

  test("after exactly as many pages as it may give, and not one more is asked for", async () => {
    await using web = await plainWeb(200);
    const crawling = crawl(web.plan.seed, { ...FAST, maxPages: 17 });
    expect(await all(crawling)).toHaveLength(17);
    const asked = [...web.asked.keys()].filter((address) => !address.endsWith("/robots.txt"));
    expect([crawling.end, asked.length]).toEqual(["max-pages", 17]);
  });

  test("at its depth, and gives each page the length of its shortest way", async () => {
    await using web = await plainWeb(400);
    const full = await all(crawl(web.plan.seed, FAST));
    const links = new Map(full.map(({ url, links: own }) => [url, own]));
    const distance = new Map([[web.plan.seed, 0]]);
    for (const [url, depth] of distance) {
      for (const link of links.get(url) ?? [])
        if (links.has(link) && !distance.has(link)) distance.set(link, depth + 1);
    }
    // Answers come in an order of their own.
    let count = 0;
    web.onRequest = () => {
      count += 1;
      return count % 3 === 0 ? turns(count % 7) : undefined;
    };
    for (const maxDepth of [0, 1, 3]) {
      const got = await all(crawl(web.plan.seed, { ...FAST, maxDepth }));
      const expected = [...distance].filter(([, depth]) => depth <= maxDepth);
      expect(new Map(got.map(({ url, depth }) => [url, depth]))).toEqual(new Map(expected));
    }
  });

  test("when it has read as many bytes as it may", async () => {
    await using web = await plainWeb(200);
    const crawling = crawl(web.plan.seed, { ...FAST, concurrency: 1, maxBytes: 10_000 });
    const bytes = (await all(crawling)).reduce((sum, page) => sum + page.bytes, 0);
    expect(crawling.end).toBe("max-bytes");
    expect(bytes).toBeGreaterThanOrEqual(10_000);
    expect(bytes).toBeLessThan(20_000);
  });
});

test("a page that never comes is a miss when its time is over, and the rest go on", async () => {
  await using web = await plainWeb(20);
  const misses: Miss[] = [];
  web.onRequest = (_, path) => (path === "/p/3" ? new Promise(() => undefined) : undefined);
  const options = { ...FAST, timeout: 200, retries: 0, onMiss: (miss: Miss) => misses.push(miss) };
  expect(await all(crawl(web.plan.seed, options))).toHaveLength(19);
  const detail = expect.any(String);
  expect(misses).toEqual([
    { kind: "failed", url: expect.stringMatching(/3$/), code: "UND_ERR_HEADERS_TIMEOUT", detail },
  ]);
});

describe("records", () => {
  test.each(["threads", "in this thread"])("are what an exported function returns, called %s", async (where) => {
    await using web = await plainWeb(40);
    const executor = where === "threads" ? keep(new ThreadPoolExecutor({ maxWorkers: 2 })) : undefined;
    const run = executor === undefined ? {} : { executor };
    const pages = await all(crawl(web.plan.seed, { ...FAST, ...run, extract: recordOf }));
    for (const { url, title, record } of pages) expect(record).toMatchObject({ url, status: 200, heading: title });
    const threads = await all(crawl(web.plan.seed, { ...FAST, ...run, maxPages: 3, extract: threadOf }));
    expect(threads.every(({ record }) => (where === "threads" ? record! > 0 : record === 0))).toBe(true);
    const module = moduleRef<typeof import("#tasks/crawl-records.js")>(
      new URL("./built/tasks/crawl-records.js", import.meta.url),
    );
    const byName = await all(crawl(web.plan.seed, { ...FAST, ...run, maxPages: 1, extract: module.recordOf }));
    expect(byName[0]?.record).toMatchObject({ heading: "Page 0" });
  });

  test("are the fields that selectors name", async () => {
    await using web = await plainWeb(5);
    const select = { heading: "h1", none: "h6", "items[]": "li", "hrefs[]": "a[href^='/p/']@href", lang: "html@lang" };
    const [first] = await all(crawl(web.plan.seed, { ...FAST, maxPages: 1, select }));
    expect(first?.record).toMatchObject({ heading: "Page 0", none: null, lang: null, hrefs: [web.plan.seed] });
    expect((first!.record as { items: string[] }).items.length).toBeGreaterThan(3);
    expect(first?.html).toBeUndefined();
    const [kept] = await all(crawl(web.plan.seed, { ...FAST, maxPages: 1, content: "keep" }));
    expect(kept?.html).toMatch(/^<!doctype html>/);
  });

  test("a page on which the function fails is a miss, and the rest go on", async () => {
    await using web = await plainWeb(20);
    const misses: Miss[] = [];
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const pages = await all(
      crawl(web.plan.seed, { ...FAST, executor, extract: pickyOf, onMiss: (miss) => misses.push(miss) }),
    );
    expect(pages).toHaveLength(19);
    expect(misses).toEqual([
      { kind: "failed", url: expect.stringMatching(/\/p\/3$/), code: "RangeError", detail: "not that one" },
    ]);
  });

  test("a function that cannot travel fails the crawl, and an executor that was shut down, too", async () => {
    await using web = await plainWeb(20);
    const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    const captured = web.port;
    await errorOf(ClosureError, all(crawl(web.plan.seed, { ...FAST, executor, extract: () => captured })));
    const missing = { url: new URL("./built/tasks/crawl-records.js", import.meta.url).href, name: "nothing" };
    for (const run of [{}, { executor }]) {
      await errorOf(FunctionRefError, all(crawl(web.plan.seed, { ...FAST, ...run, extract: missing })));
    }
    await executor.shutdown();
    const error = await errorOf(Error, all(crawl(web.plan.seed, { ...FAST, executor })));
    expect(error).toMatchObject({ code: "ERR_SHUTDOWN" });
  });
});

/** A site without a network: its answers come at once, in virtual time. */
class VirtualSite {
  readonly clock = new VirtualClock();
  readonly agent = new MockAgent();
  /** When each request came, in ms of virtual time. */
  readonly asked: (readonly [path: string, at: number])[] = [];

  constructor(
    answer: (path: string, times: number) => { status: number; body?: string; headers?: Record<string, string> },
  ) {
    this.agent.disableNetConnect();
    later(() => this.agent.close());
    const counts = new Map<string, number>();
    for (const origin of ["http://a.example", "http://b.example"]) {
      const reply = ({ path }: { path: string }) => {
        const address = `${origin.slice(7, 8)}${path}`;
        this.asked.push([address, this.clock.now()]);
        counts.set(address, (counts.get(address) ?? 0) + 1);
        const { status, body = "", headers = {} } = answer(address, counts.get(address)!);
        return {
          statusCode: status,
          data: body,
          responseOptions: { headers: { "content-type": "text/html", ...headers } },
        };
      };
      this.agent
        .get(origin)
        .intercept({ path: () => true, method: "GET" })
        .reply(reply)
        .persist();
    }
  }

  /** Crawls both hosts to the end, in no time. */
  crawl(options: CrawlOptions): Promise<Page[]> {
    const { clock, agent } = this;
    const given = { dispatcher: agent, clock, random: () => 0, scope: "any", ...options } as const;
    return clock.drive(all(crawl(["http://a.example/", "http://b.example/"], given)));
  }

  /** The times between requests to a host. */
  gaps(host: string): number[] {
    const times = this.asked.filter(([path]) => path.startsWith(host)).map(([, at]) => at);
    return times.slice(1).map((time, index) => time - times[index]!);
  }
}

const TEN = pageOf(
  "Ten links",
  Array.from({ length: 10 }, (_, index) => `/${index}`),
);

describe("in virtual time", () => {
  test("two requests to one host are never closer than the delay, nor than robots.txt asks for", async () => {
    const site = new VirtualSite((path) => {
      if (path === "a/robots.txt") return { status: 200, body: "User-agent: *\nCrawl-delay: 7" };
      return path.endsWith("robots.txt") ? { status: 404 } : { status: 200, body: TEN };
    });
    expect(await site.crawl({ delay: 250, perHost: 8 })).toHaveLength(22);
    // The first gap is that after robots.txt, which has not been read by then.
    expect(Math.min(...site.gaps("a").slice(1))).toBeGreaterThanOrEqual(7000);
    expect(Math.min(...site.gaps("b"))).toBeGreaterThanOrEqual(250);
  });

  test("all hosts together keep the rate", async () => {
    const site = new VirtualSite((path) =>
      path.endsWith("robots.txt") ? { status: 404 } : { status: 200, body: TEN },
    );
    await site.crawl({ delay: 0, perHost: 8, rate: 4 });
    expect(Math.min(...site.gaps(""))).toBeGreaterThanOrEqual(250);
  });

  test("a host that asks for a pause is not asked for anything meanwhile, and others go on", async () => {
    const site = new VirtualSite((path, times) => {
      if (path.endsWith("robots.txt")) return { status: 404 };
      if (path === "a/" && times === 1) return { status: 429, headers: { "retry-after": "60" } };
      return { status: 200, body: TEN };
    });
    expect(await site.crawl({ delay: 10 })).toHaveLength(22);
    const at = (path: string): number[] => site.asked.filter(([asked]) => asked === path).map(([, time]) => time);
    const [first = 0, second = 0] = at("a/");
    expect(second - first).toBeGreaterThanOrEqual(60_000);
    expect(site.asked.filter(([path, time]) => path.startsWith("a") && time > first && time < first + 60_000)).toEqual(
      [],
    );
    expect(at("b/9")[0]).toBeLessThan(first + 60_000);
  });

  test("what fails is tried as often as allowed, with pauses that double, and given up then", async () => {
    const site = new VirtualSite((path) => (path === "a/" ? { status: 500 } : { status: 404, body: "" }));
    const misses: Miss[] = [];
    await site.crawl({ delay: 0, retries: 3, backoff: 1000, onMiss: (miss) => misses.push(miss) });
    const times = site.asked.filter(([path]) => path === "a/").map(([, at]) => at);
    expect(times).toHaveLength(4);
    // With the least chance pauses are half as long as they may be.
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    for (const [index, least] of [500, 1000, 2000].entries()) expect(gaps[index]).toBeGreaterThanOrEqual(least);
    expect(misses).toEqual([
      { kind: "failed", url: "http://a.example/", code: "HTTP_500", detail: "HTTP 500 after 4 attempts" },
    ]);
  });

  test("a robots.txt that fails is asked for again, and then forbids all; one that is old is asked for again", async () => {
    const site = new VirtualSite((path, times) => {
      if (path === "a/robots.txt") return { status: 503 };
      if (path === "b/robots.txt")
        return times === 1 ? { status: 404 } : { status: 200, body: "User-agent: *\nDisallow: /" };
      return { status: 200, body: TEN };
    });
    const misses: Miss[] = [];
    const pages = await site.crawl({ delay: 5 * 60 * 60 * 1000, retries: 1, onMiss: (miss) => misses.push(miss) });
    expect(site.asked.filter(([path]) => path === "a/robots.txt")).toHaveLength(2);
    expect(site.asked.filter(([path]) => path === "b/robots.txt")).toHaveLength(2);
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.length).toBeLessThanOrEqual(5);
    expect(misses.map(({ url }) => url)).toContain("http://a.example/");
    expect(pages.length + misses.length).toBe(12);
  });

  test("a host that asks for a pause with its robots.txt gets it", async () => {
    const site = new VirtualSite((path, times) => {
      if (path === "a/robots.txt" && times === 1) return { status: 503, headers: { "retry-after": "30" } };
      return path.endsWith("robots.txt") ? { status: 404 } : { status: 200, body: TEN };
    });
    expect(await site.crawl({ delay: 0 })).toHaveLength(22);
    expect(site.gaps("a")[0]).toBeGreaterThanOrEqual(30_000);
  });

  test("a page is its own when the address that it names is forbidden, broken, outside or names it in turn", async () => {
    const canonical = (to: string): string =>
      pageOf("A page", ["/1", "/2", "/3", "/4"], `<link rel="canonical" href="${to}">`);
    const site = new VirtualSite((path) => {
      if (path === "a/robots.txt") return { status: 200, body: "User-agent: *\nDisallow: /forbidden" };
      if (path.endsWith("robots.txt")) return { status: 404 };
      if (path === "a/") return { status: 200, body: canonical("/forbidden") };
      if (path === "a/1") return { status: 200, body: canonical("http://elsewhere.example/") };
      if (path === "a/2") return { status: 200, body: canonical("/3") };
      if (path === "a/3") return { status: 200, body: canonical("/2") };
      if (path === "a/4") return { status: 200, body: canonical("mailto:me@a.example") };
      return { status: 200, body: "" };
    });
    const misses: Miss[] = [];
    const onMiss = (miss: Miss): void => void misses.push(miss);
    const pages = await site.crawl({ delay: 0, concurrency: 1, scope: "host", onMiss });
    const urls = pages.map(({ url }) => url).filter((url) => url.startsWith("http://a."));
    expect(urls.sort()).toEqual(["", "1", "3", "4"].map((path) => `http://a.example/${path}`));
    expect(misses.map(({ url }) => url).sort()).toEqual(["http://a.example/2", "http://a.example/forbidden"]);
  });

  test("it ends when its time is over, after what is under way", async () => {
    const site = new VirtualSite((path) =>
      path.endsWith("robots.txt") ? { status: 404 } : { status: 200, body: TEN },
    );
    const pages = await site.crawl({ delay: 1000, perHost: 1, maxTime: 3500 });
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.length).toBeLessThan(10);
    expect(site.clock.pending).toBe(0);
  });
});

describe("an option", () => {
  test.each([
    [{ perHost: 0 }, "perHost"],
    [{ maxPages: 1.5 }, "maxPages"],
    [{ delay: -1 }, "delay"],
    [{ rate: 0 }, "rate"],
    [{ scope: "planet" }, "scope"],
    [{ product: "a b" }, "product"],
    [{ maxpages: 3 }, "maxpages"],
  ])("such as %j is refused by name", (options, option) => {
    expect(() => crawl("http://s.example/", options as CrawlOptions)).toThrow(InvalidOptionError);
    expect(() => crawl("http://s.example/", options as CrawlOptions)).toThrow(option);
  });

  test("seeds that are none, and selectors that are none, are refused", async () => {
    for (const seeds of ["site.example", "file:///etc/passwd", []])
      expect(() => crawl(seeds)).toThrow(InvalidOptionError);
    await errorOf(InvalidOptionError, all(crawl("http://127.0.0.1:1/", { select: { a: "h1[" } })));
  });

  test("without leave no private address is asked", async () => {
    await using web = await plainWeb(3);
    const misses: Miss[] = [];
    const seeds = [web.plan.seed, `http://127.0.0.1:${web.port}/`, `http://[::ffff:127.0.0.1]:${web.port}/`];
    expect(await all(crawl(seeds, { robots: "ignore", onMiss: (miss) => misses.push(miss) }))).toEqual([]);
    expect(misses.map((miss) => miss.kind === "failed" && miss.code)).toEqual(Array(3).fill("ERR_ADDRESS_REFUSED"));
    expect(web.asked.size).toBe(0);
  });
});
