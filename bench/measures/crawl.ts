/** How many pages of a site on this machine are visited in a second, and what memory that takes. The limit is a loop around undici that
 *  looks for links with a regular expression, and spares nobody. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Executor } from "manyhands";
import type { Figures, Measure, Participant, Scale } from "../measure.js";

const PAGES = { full: 5000, quick: 1000 } as const;
const AT_ONCE = 32;

const script = fileURLToPath(new URL("../peers/page-server.js", import.meta.url));

/** Visits all pages from `seed` on. @returns how many there were. */
type Visit = (seed: string) => Promise<number>;

/** The time before the first page belongs to it: a crawl is made and thrown away. */
async function figuresOf(scale: Scale, visit: Visit): Promise<Figures> {
  const server = spawn(process.execPath, [script, String(PAGES[scale])], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(server.stdout, "data")) as [Buffer];
  const begun = performance.now();
  const visited = await visit(`http://127.0.0.1:${Number(String(port))}/page/0`);
  const seconds = (performance.now() - begun) / 1000;
  server.stdin.end();
  if (visited !== PAGES[scale]) throw new Error(`${visited} pages were visited, and there are ${PAGES[scale]}`);
  return { speed: visited / seconds, memory: process.resourceUsage().maxRSS / 1024 };
}

const participant = (
  name: string,
  kind: Participant["kind"],
  visit: Visit,
  more: Partial<Participant> = {},
): Participant => ({
  ...{ name, kind, ...more },
  run: (scale) => figuresOf(scale, visit),
});

/** `crawl()` as it is, but for pauses: with robots.txt, titles and links of each page. */
async function visitByCrawl(seed: string, executor: Executor | undefined): Promise<number> {
  const { crawl } = await import("@manyhands/crawler");
  const pace = { concurrency: AT_ONCE, perHost: AT_ONCE, delay: 0 };
  const run = executor === undefined ? {} : { executor };
  let [visited, links] = [0, 0];
  for await (const page of crawl(seed, { access: "private-too", ...pace, ...run })) {
    visited += 1;
    links += page.links.length;
  }
  if (links === 0) throw new Error("no links were found");
  return visited;
}

async function visitByCrawlee(seed: string): Promise<number> {
  const { CheerioCrawler, Configuration, log, LogLevel } = await import("@crawlee/cheerio");
  log.setLevel(LogLevel.OFF);
  const configuration = new Configuration({ persistStorage: false, purgeOnStart: false });
  let [visited, titles] = [0, 0];
  const crawler = new CheerioCrawler(
    {
      minConcurrency: AT_ONCE,
      maxConcurrency: AT_ONCE,
      maxRequestRetries: 0,
      useSessionPool: false,
      async requestHandler({ $, enqueueLinks }) {
        visited += 1;
        titles += $("title").text().length;
        await enqueueLinks();
      },
    },
    configuration,
  );
  await crawler.run([seed]);
  if (titles === 0) throw new Error("no titles were found");
  return visited;
}

async function visitByHand(seed: string): Promise<number> {
  const { Agent, request } = await import("undici");
  const dispatcher = new Agent({ connections: AT_ONCE });
  const [known, queue] = [new Set([seed]), [seed]];
  let [visited, titles] = [0, 0];
  const visit = async (url: string): Promise<void> => {
    const html = await (await request(url, { dispatcher })).body.text();
    visited += 1;
    titles += /<title>(.*?)<\/title>/.exec(html)?.[1]?.length ?? 0;
    for (const [, href = ""] of html.matchAll(/<a href="([^"]+)"/g)) {
      const { href: link } = new URL(href, url);
      if (known.has(link)) continue;
      known.add(link);
      queue.push(link);
    }
  };
  const underWay = new Set<Promise<void>>();
  while (queue.length > 0 || underWay.size > 0) {
    for (let url = queue.shift(); url !== undefined; url = underWay.size < AT_ONCE ? queue.shift() : undefined) {
      const visiting = visit(url).finally(() => underWay.delete(visiting));
      underWay.add(visiting);
      if (underWay.size >= AT_ONCE) break;
    }
    await Promise.race(underWay);
  }
  await dispatcher.close();
  if (titles === 0) throw new Error("no titles were found");
  return visited;
}

export const crawling: Measure = {
  name: "crawl",
  title: "all pages of a local site, 32 requests at once; the limit is a bare loop around undici",
  figures: [
    { name: "speed", unit: "pages/s", better: "higher" },
    { name: "memory", unit: "MiB", better: "lower" },
  ],
  quickPeers: ["crawlee"],
  participants: [
    participant("manyhands", "event-loop", (seed) => visitByCrawl(seed, undefined)),
    participant("manyhands", "threads", async (seed) => {
      const { ThreadPoolExecutor } = await import("manyhands");
      await using executor = new ThreadPoolExecutor();
      return await visitByCrawl(seed, executor);
    }),
    participant("crawlee", "event-loop", visitByCrawlee, { package: "@crawlee/cheerio" }),
    participant("limit", "event-loop", visitByHand),
  ],
};
