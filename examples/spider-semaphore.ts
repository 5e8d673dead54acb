/** The spider of `spider-coroutines.ts` with a semaphore: fifty tasks, and never more than N requests on their way. How many
 *  there were is measured where it counts, at the server.
 *
 *      node examples/built/spider-semaphore.js [--at-most N] [--timeout MS]              a small site, and what it counted
 *      node examples/built/spider-semaphore.js [--at-most N] [--timeout MS] URL [URL…]   these pages
 *
 *  Pages go to standard output as they come, failures and figures to standard error. */
import { parseArgs } from "node:util";
import { isMain } from "manyhands";
import { run, Semaphore } from "manyhands/asyncio";
import { crawl, listing, show, startListing, type Visited, visit } from "./spider-coroutines.js";
import { commandLine, webAddress, wholeNumber } from "./support/arguments.js";

/** A way to visit pages, by so many tasks at a time.
 *  @param limit how long one page may take, in ms */
export function politely(atMost: number, limit: number): (url: string) => Promise<Visited> {
  const places = new Semaphore(atMost);
  // The time limit is inside: that many others were before it in the line is no failure of a page.
  return (url) => places.with(() => visit(url, limit));
}

async function main(given: readonly string[], atMost: number, limit: number): Promise<void> {
  await using site = given.length > 0 ? undefined : await startListing();
  const urls = site === undefined ? given : listing(site);
  if ((await show(crawl(urls, politely(atMost, limit)))) > 0) process.exitCode = 1;
  if (site !== undefined) console.error(`${site.maxInFlight} requests at once at the server, ${atMost} allowed`);
}

if (isMain(import.meta)) {
  const { urls, atMost, limit } = commandLine("spider-semaphore.js [--at-most N] [--timeout MS] [URL…]", () => {
    const options = {
      "at-most": { type: "string", default: "5" },
      timeout: { type: "string", default: "10000" },
    } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return {
      urls: positionals.map(webAddress),
      atMost: wholeNumber("--at-most", values["at-most"], 1),
      limit: wholeNumber("--timeout", values.timeout, 1),
    };
  });
  await run(() => main(urls, atMost, limit));
}
