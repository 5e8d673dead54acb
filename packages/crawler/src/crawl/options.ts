/** What can be asked of a crawl, with what holds when nothing is said. */
import type { Executor, Task } from "manyhands";
import { InvalidOptionError } from "manyhands";
import type { Dispatcher } from "undici";
import { normaliseUrl } from "../address/normalise.js";
import { SCOPES, type Scope } from "../address/scope.js";
import { TRAP_LIMITS, type TrapLimits } from "../address/trap.js";
import { type Clock, systemClock } from "../clock.js";
import type { Lookup } from "../safety/mod.js";
import type { Miss } from "./page.js";

/** What `extract` gets. */
export interface ExtractInput {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

/** Options of {@link crawl}. Times are in ms, sizes in bytes.
 *  @typeParam R what `extract` returns */
export interface CrawlOptions<R = unknown> {
  /** How far to go from the seeds. @default "host" */
  readonly scope?: Scope;
  /** Only addresses that match one of these; seeds are taken anyway. */
  readonly include?: readonly RegExp[];
  /** No address that matches one of these. */
  readonly exclude?: readonly RegExp[];
  /** Links to follow from a seed; 0: the seeds alone. Pages are then visited level by level. @default any number */
  readonly maxDepth?: number;
  /** Pages to give. @default any number */
  readonly maxPages?: number;
  /** Bytes of bodies; what is under way when they are used up is finished. @default any number */
  readonly maxBytes?: number;
  /** How long to go on; what is under way then is finished. @default any time */
  readonly maxTime?: number;
  /** Requests at once. @default 16 */
  readonly concurrency?: number;
  /** Requests at once to one host. @default 2 */
  readonly perHost?: number;
  /** Time between the starts of two requests to one host; robots.txt may ask for more. @default 100 */
  readonly delay?: number;
  /** Requests that may start in a second, over all hosts. @default any number */
  readonly rate?: number;
  /** Pages on their way or waiting for the consumer, at most. @default twice `concurrency` */
  readonly bufferSize?: number;
  /** Further attempts after a failure that may pass. @default 2 */
  readonly retries?: number;
  /** Pause before the first of them; each is twice the one before. @default 500 */
  readonly backoff?: number;
  /** The longest pause, also when a host asks for one by Retry-After; then the address is given up. @default 120000 */
  readonly maxPause?: number;
  /** Redirects in a row. @default 5 */
  readonly maxRedirects?: number;
  /** Time until an answer's headers are there, and between two pieces of its body. @default 30000 */
  readonly timeout?: number;
  /** The largest page. @default 5 MiB */
  readonly maxPageBytes?: number;
  /** Content types that are pages. @default text/html, application/xhtml+xml */
  readonly accept?: readonly string[];
  /** Query parameters to leave out of addresses, such as {@link TRACKING_PARAMETERS}. @default none */
  readonly dropParameters?: readonly string[];
  /** Whether robots.txt and `nofollow` are heeded. Ignore them on sites of your own. @default "obey" */
  readonly robots?: "obey" | "ignore";
  /** Whether the sitemaps that robots.txt names are read. @default "ignore" */
  readonly sitemaps?: "follow" | "ignore";
  /** Whether `rel=canonical` makes a page the duplicate of another. @default "follow" */
  readonly canonical?: "follow" | "ignore";
  /** From where on an address is taken for a trap; "follow": nothing is. */
  readonly traps?: Partial<TrapLimits> | "follow";
  /** The crawler's name: what robots.txt calls it, and how it begins to introduce itself. @default "manyhands-crawler" */
  readonly product?: string;
  /** An address or mail address where its owner can be reached, which it introduces itself with. */
  readonly contact?: string;
  /** Names and CSS selectors: the fields of each record. `"posts[]"` takes all matches, `"a@href"` an attribute. */
  readonly select?: Readonly<Record<string, string>>;
  /** Makes each record, in a worker of the executor; wins over `select`. Exported functions, or {@link moduleRef}s. */
  readonly extract?: Task<[ExtractInput], R>;
  /** Whether pages carry their text. @default "drop" */
  readonly content?: "keep" | "drop";
  /** Where pages are read; it is not closed with the crawl. @default in this thread */
  readonly executor?: Executor;
  /** A file that keeps how the crawl stands: given again, also after SIGKILL, the crawl goes on from there. */
  readonly state?: string;
  /** How far the consumer's output has come, in bytes: noted with each page, and given back by {@link Crawl.resumedAt}. */
  readonly position?: () => number | undefined;
  /** Told of each address that gave no page. */
  readonly onMiss?: (miss: Miss) => void;
  /** Ends the crawl at once. */
  readonly signal?: AbortSignal;
  /** Lets requests go to private addresses. @default "public" */
  readonly access?: "public" | "private-too";
  /** Finds the addresses of a name. @default the system's resolver */
  readonly lookup?: Lookup;
  /** Makes the requests in place of connections that are checked: a proxy, or a test. It is not closed with the crawl. */
  readonly dispatcher?: Dispatcher;
  /** @default the machine's time */
  readonly clock?: Clock;
  /** Numbers from 0 to 1, which spread pauses. @default Math.random */
  readonly random?: () => number;
}

/** The options, with all that was not said. */
export interface Settings
  extends Required<
    Omit<
      CrawlOptions,
      "select" | "extract" | "executor" | "state" | "position" | "onMiss" | "signal" | "lookup" | "dispatcher" | "traps"
    >
  > {
  readonly traps: TrapLimits | "follow";
  readonly select: Readonly<Record<string, string>> | undefined;
  readonly extract: Task<[ExtractInput], unknown> | undefined;
  readonly executor: Executor | undefined;
  readonly state: string | undefined;
  readonly position: (() => number | undefined) | undefined;
  readonly onMiss: (miss: Miss) => void;
  readonly signal: AbortSignal | undefined;
  readonly lookup: Lookup | undefined;
  readonly dispatcher: Dispatcher | undefined;
}

const ANY = Number.POSITIVE_INFINITY;
const DEFAULT_CONCURRENCY = 16;

/** What holds when nothing is said. */
const DEFAULTS = {
  ...{ scope: "host", include: [], exclude: [], maxDepth: ANY, maxPages: ANY, maxBytes: ANY, maxTime: ANY },
  ...{ concurrency: DEFAULT_CONCURRENCY, perHost: 2, delay: 100, rate: ANY },
  ...{ retries: 2, backoff: 500, maxPause: 120_000, maxRedirects: 5, timeout: 30_000 },
  ...{ maxPageBytes: 5 * 2 ** 20, accept: ["text/html", "application/xhtml+xml"], dropParameters: [] },
  ...{ robots: "obey", sitemaps: "ignore", canonical: "follow", content: "drop", access: "public" },
  ...{ product: "manyhands-crawler", contact: "", clock: systemClock, random: Math.random },
  ...{ select: undefined, extract: undefined, executor: undefined, state: undefined, position: undefined },
  ...{ signal: undefined, lookup: undefined, dispatcher: undefined, onMiss: () => undefined },
} as const satisfies Omit<Settings, "bufferSize" | "traps">;

const COUNTS = {
  maxDepth: 0,
  maxPages: 1,
  maxBytes: 1,
  concurrency: 1,
  perHost: 1,
  bufferSize: 1,
  retries: 0,
} as const;
const AMOUNTS = ["maxTime", "delay", "backoff", "maxPause", "timeout", "maxRedirects", "maxPageBytes", "rate"] as const;

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  scope: SCOPES,
  robots: ["obey", "ignore"],
  sitemaps: ["follow", "ignore"],
  canonical: ["follow", "ignore"],
  content: ["keep", "drop"],
  access: ["public", "private-too"],
};

/** Checks the options and fills in what was not said.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
export function settingsOf(options: CrawlOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const known = new Set([...Object.keys(DEFAULTS), "bufferSize", "traps"]);
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new InvalidOptionError(name, `A crawl has no option ${name}`);
  }
  const merged = { ...DEFAULTS, ...(given as CrawlOptions) };
  const traps = options.traps === "follow" ? options.traps : { ...TRAP_LIMITS, ...options.traps };
  const settings: Settings = { ...merged, traps, bufferSize: merged.bufferSize ?? 2 * merged.concurrency };
  checkValues(settings);
  return settings;
}

function checkValues(settings: Settings): void {
  for (const [name, least] of Object.entries(COUNTS)) {
    const value = settings[name as keyof typeof COUNTS];
    if (value === ANY || (Number.isInteger(value) && value >= least)) continue;
    throw new InvalidOptionError(name, `${name} must be a whole number of at least ${least}, got ${String(value)}`);
  }
  for (const name of AMOUNTS) {
    const value = settings[name];
    if (typeof value === "number" && value >= 0 && !(name === "rate" && value === 0)) continue;
    throw new InvalidOptionError(name, `${name} must be a number of at least 0, got ${String(value)}`);
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = String(settings[name as keyof Settings]);
    if (!choices.includes(value)) {
      throw new InvalidOptionError(name, `${name} must be one of ${choices.join(", ")}, got ${value}`);
    }
  }
  if (!/^[A-Za-z_-]+$/.test(settings.product)) {
    // RFC 9309, 2.2.1: else no robots.txt could name it.
    throw new InvalidOptionError("product", `product must consist of letters, _ and -, got ${settings.product}`);
  }
}

/** The seeds in their one spelling.
 *  @throws InvalidOptionError for what is no address of the web, or when there are none. */
export function seedsOf(seeds: string | URL | Iterable<string | URL>, dropped: readonly string[]): readonly string[] {
  const list = typeof seeds === "string" || seeds instanceof URL ? [seeds] : [...seeds];
  const urls = list.map((seed) => {
    const url = normaliseUrl(String(seed), undefined, dropped);
    if (url !== undefined) return url;
    throw new InvalidOptionError(
      "seeds",
      `${JSON.stringify(String(seed))} is no address of a page: http://… or https://…`,
    );
  });
  if (urls.length === 0) throw new InvalidOptionError("seeds", "A crawl needs at least one address to start from");
  return [...new Set(urls)];
}

/** What makes two crawls the same, so that one can go on where the other was: limits may change, the region may not. */
export function identityOf(settings: Settings): string {
  const { scope, include, exclude, maxDepth, dropParameters, canonical, sitemaps, robots } = settings;
  const depth = maxDepth === ANY ? "any" : String(maxDepth);
  const patterns = [...include.map((each) => `+${each}`), ...exclude.map((each) => `-${each}`)];
  const parts = [
    `scope=${scope}`,
    `depth=${depth}`,
    `canonical=${canonical}`,
    `sitemaps=${sitemaps}`,
    `robots=${robots}`,
  ];
  return [...parts, ...patterns, ...dropParameters.map((name) => `drop=${name}`)].join(" ");
}

/** How the crawler introduces itself. */
export function userAgentOf({ product, contact }: Settings): string {
  return contact === "" ? `${product}/0.1` : `${product}/0.1 (+${contact})`;
}
