/** `manyhands crawl`: its options and what they mean together. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { addDashboardOptions, type DashboardFlags, type DashboardRequest, dashboardOf } from "./dashboard-request.js";
import { UsageError } from "./exit-code.js";
import type { Rate } from "./option-values.js";
import { parseCount, parseDuration, parseRetries, parseSize, parseTimeout, parseWindow } from "./option-values.js";
import { type OutputFormat, outputFormatOf } from "./output-format.js";

export const ENGINES = ["event-loop", "threads", "sequential"] as const;

/** Where pages are read; "sequential": fetched and read one after another. */
export type Engine = (typeof ENGINES)[number];

/** A crawl that makes sense, as its options asked for it. */
export interface CrawlRequest {
  readonly urls: readonly string[];
  readonly engine: Engine;
  readonly workers: number | undefined;
  /** As `crawl()` of @manyhands/crawler takes them. Only what was given is set: the defaults are the package's own. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly tracking: "dropped" | "kept";
  readonly extract: string | undefined;
  readonly output:
    | { readonly kind: "stdout"; readonly format: OutputFormat }
    | { readonly kind: "file"; readonly path: string; readonly format: OutputFormat };
  /** The file that the crawl goes on from. */
  readonly state: string | undefined;
  readonly task: "crawl" | "compare";
  readonly progress: "shown" | "silent";
  readonly dashboard: DashboardRequest;
}

/** As commander gives them. */
interface CrawlFlags extends DashboardFlags {
  readonly depth?: number;
  readonly maxPages?: number;
  readonly maxBytes?: number;
  readonly maxTime?: number;
  readonly scope?: string;
  readonly include: readonly RegExp[];
  readonly exclude: readonly RegExp[];
  readonly dropTracking?: true;
  readonly engine: Engine;
  readonly workers?: number;
  readonly concurrency?: number;
  readonly perHost?: number;
  readonly delay?: number;
  readonly rate?: Rate;
  readonly timeout?: number;
  readonly retries?: number;
  readonly ignoreRobots?: true;
  readonly sitemaps?: true;
  readonly contact?: string;
  readonly allowPrivate?: true;
  readonly select: Readonly<Record<string, string>>;
  readonly extract?: string;
  readonly output?: string;
  readonly format?: OutputFormat;
  readonly resume?: string;
  readonly compare?: true;
  readonly progress: boolean;
}

/** Adds the options and the help of `crawl`. */
export function describeCrawl(command: Command): Command {
  command
    .description("Visit the pages of a site, politely, and write a record for each")
    .argument("<url...>", "where to start");
  addReachOptions(command);
  addPaceOptions(command);
  addRecordOptions(command);
  addDashboardOptions(command);
  return command.addHelpText("after", CRAWL_HELP);
}

function addReachOptions(command: Command): void {
  const patterns = (text: string, earlier: readonly RegExp[]): readonly RegExp[] => [...earlier, parsePattern(text)];
  command
    .option("--depth <n>", "links to follow from the start (default: any number)", parseRetries)
    .option("--max-pages <n>", "pages to write", parseCount)
    .option("--max-bytes <size>", "bytes to read", parseSize)
    .option("--max-time <time>", "how long to go on", parseTimeout)
    .addOption(
      new Option("--scope <scope>", "how far to go (default: host)").choices(["host", "domain", "prefix", "any"]),
    )
    .option("--include <regexp>", "only addresses that match (repeatable)", patterns, [])
    .option("--exclude <regexp>", "no addresses that match (repeatable)", patterns, [])
    .option("--drop-tracking", "leave utm_source and the like out of addresses")
    .option("--sitemaps", "read the sitemaps that robots.txt names")
    .option("--ignore-robots", "do not heed robots.txt and nofollow: for sites of your own")
    .option("--allow-private", "let requests go to private addresses, such as this machine's");
}

function addPaceOptions(command: Command): void {
  command
    .addOption(new Option("--engine <engine>", "where pages are read").choices(ENGINES).default("event-loop"))
    .option("--workers <n>", "threads (default: the cores there are)", parseCount)
    .option("--concurrency <n>", "requests at once (default: 16)", parseCount)
    .option("--per-host <n>", "requests at once to one host (default: 2)", parseCount)
    .option("--delay <time>", "between two requests to one host (default: 100ms)", parseDuration)
    .option("--rate <n/time>", "requests over all hosts: 10/s, 600/m (default: any number)", parseWindow)
    .option("--timeout <time>", "until an answer comes (default: 30s)", parseTimeout)
    .option("--retries <n>", "further attempts (default: 2)", parseRetries)
    .option("--contact <address>", "where you can be reached; sent with each request");
}

function addRecordOptions(command: Command): void {
  command
    .option("--select <name=css>", "a field of each record (repeatable)", addSelection, {})
    .option("--extract <module#export>", "the function that makes each record")
    .option("--output <file>", "write there instead of to standard output")
    .addOption(new Option("--format <format>", "how to write records").choices(["jsonl", "csv"]))
    .option("--resume <state>", "keep how the crawl stands in this file, and go on from there")
    .option("--compare", "crawl once with each engine, and print a table instead of records")
    .option("--no-progress", "no progress on standard error");
}

const CRAWL_HELP = `

Records:
  Without --select and --extract: url, status, title, links (how many), textLength, fetchMs, parseMs.
  --select title=h1 is the text of the first match; 'posts[]=a.post' are all of them; 'next=a.next@href' is
  an attribute. Each record has its url, too.
  --extract ./records.js#recordOf is called with { url, status, html }; what it returns is the record.
  Failed addresses are told on standard error. Records come in the order in which pages do.

Resuming:
  With --resume FILE the crawl can be ended in any way, SIGKILL included, and be given again: it goes on
  where it was. With --output, no page is there twice and none is missing; what was written of pages that
  the file does not know is cut off. To standard output, the last page may come again.

Manners: robots.txt is heeded (RFC 9309), Retry-After too; at most two requests at once to one host, and
  ten in a second; private addresses are refused. See --per-host, --delay, --ignore-robots, --allow-private.

Signals: SIGINT (Ctrl-C) lets requests under way end, a second one or SIGTERM ends them at once. The
  output is FILE.partial then, unless there is a state to go on from.
Exit codes:
  0    every page came           1    some addresses failed
  2    wrong usage or file       130  interrupted (SIGINT)      143  terminated (SIGTERM)`;

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : "It must be a regular expression.");
  }
}

function addSelection(text: string, earlier: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  const [name, selector] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at > 0 && name !== "" && selector !== "") return { ...earlier, [name]: selector };
  throw new InvalidArgumentError("It must be a name and a selector, as in title=h1.");
}

/** What the flags ask for. Throws a UsageError when they contradict one another. */
export function crawlRequestOf(urls: readonly string[], flags: CrawlFlags): CrawlRequest {
  checkTogether(flags);
  const { scope, maxPages, maxBytes, maxTime, concurrency, perHost, delay, timeout, retries, contact } = flags;
  const { depth, include, exclude, rate, select, engine, workers } = flags;
  const format = outputFormatOf(flags.output, flags.format);
  return {
    ...{ urls, engine, workers, extract: flags.extract, state: flags.resume },
    options: {
      ...{ scope, maxPages, maxBytes, maxTime, perHost, delay, timeout, retries, contact, include, exclude },
      maxDepth: depth,
      concurrency: engine === "sequential" ? 1 : concurrency,
      rate: rate === undefined ? undefined : (rate.limit / rate.per) * 1000,
      robots: flags.ignoreRobots === true ? "ignore" : "obey",
      sitemaps: flags.sitemaps === true ? "follow" : "ignore",
      access: flags.allowPrivate === true ? "private-too" : "public",
      select: Object.keys(select).length === 0 ? undefined : select,
    },
    tracking: flags.dropTracking === true ? "dropped" : "kept",
    output: flags.output === undefined ? { kind: "stdout", format } : { kind: "file", path: flags.output, format },
    task: flags.compare === true ? "compare" : "crawl",
    progress: flags.progress ? "shown" : "silent",
    dashboard: dashboardOf(flags),
  };
}

function checkTogether(flags: CrawlFlags): void {
  if (flags.extract !== undefined && Object.keys(flags.select).length > 0) {
    throw new UsageError("--extract and --select exclude each other");
  }
  if (flags.engine === "sequential" && flags.concurrency !== undefined && flags.concurrency > 1) {
    throw new UsageError("--engine sequential fetches one page after another: leave --concurrency out");
  }
  if (flags.workers !== undefined && flags.engine !== "threads" && flags.compare !== true) {
    throw new UsageError("--workers needs --engine threads");
  }
  if (flags.compare === true && (flags.resume !== undefined || flags.output !== undefined)) {
    throw new UsageError("--compare prints a table, and no records: leave --output and --resume out");
  }
  if (dashboardOf(flags).kind === "shown" && (flags.engine === "sequential" || flags.compare === true)) {
    throw new UsageError(
      "--dashboard shows one crawl whose pages an executor reads: leave --engine sequential and --compare out",
    );
  }
  if (flags.output !== undefined && flags.output === flags.resume) {
    throw new UsageError("--output and --resume cannot be the same file");
  }
}
