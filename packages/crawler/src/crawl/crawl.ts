/** `crawl()`: pages of a site, as an async iterable.
 *
 *  Guarantees: nothing is fetched before the first page is asked for; leaving the loop, aborting the signal and disposing all stop
 *  everything, and resolve when nothing is left of it; with `state`, an address counts as done when the page after it is asked
 *  for, and not before. */
import { setMaxListeners } from "node:events";
import { CancelledError, InvalidStateError } from "manyhands";
import type { Dispatcher } from "undici";
import { Cookies } from "../fetching/cookies.js";
import type { FetchContext } from "../fetching/fetch-answer.js";
import { AddressBook } from "../frontier/address-book.js";
import { Journal, type JournalLine } from "../frontier/journal.js";
import { checkSelect } from "../page/select-fields.js";
import { safeDispatcher } from "../safety/mod.js";
import { Gate } from "./gate.js";
import { localNames } from "./local-names.js";
import type { CrawlOptions, Settings } from "./options.js";
import { identityOf, seedsOf, settingsOf, userAgentOf } from "./options.js";
import type { CrawlEnd, CrawlStats, Page } from "./page.js";
import { Reader } from "./reader.js";
import { CrawlRun } from "./run.js";
import { Turns } from "./turns.js";
import { Visits } from "./visits.js";

/** How far the object is. */
type Life =
  | { readonly kind: "new" }
  | { readonly kind: "iterated" }
  /** `left`: until nothing is left of it. */
  | { readonly kind: "closed"; readonly left: Promise<void> };

/** A crawl: iterate over it once.
 *
 *  @typeParam R what `extract` returns */
export class Crawl<R = unknown> implements AsyncIterable<Page<R>>, AsyncDisposable {
  /** How far the consumer's output had come when an earlier run was broken off, in bytes: what stands behind that belongs to pages
   *  that will come again. `undefined` when nothing was noted. */
  readonly resumedAt: number | undefined;
  readonly #settings: Settings;
  readonly #seeds: readonly string[];
  readonly #abort = new AbortController();
  readonly #journal: Journal | undefined;
  readonly #book: AddressBook;
  readonly #gate: Gate;
  readonly #turns: Turns;
  readonly #visits: Visits;
  readonly #run: CrawlRun;
  readonly #dispatcher: Dispatcher;
  readonly #begun: number;
  #life: Life = { kind: "new" };
  #deadline: Disposable | undefined;

  /** @internal Made by {@link crawl}. */
  constructor(seeds: readonly string[], settings: Settings) {
    this.#seeds = seeds;
    this.#settings = settings;
    const opened = settings.state === undefined ? undefined : Journal.open(settings.state, identityOf(settings));
    const lines = opened?.lines ?? [];
    this.#journal = opened?.journal;
    this.resumedAt = lastPosition(lines);
    this.#book = new AddressBook(this.#journal, lines);
    this.#gate = new Gate(settings, this.#book);
    this.#turns = new Turns(settings, this.#book);
    this.#dispatcher = settings.dispatcher ?? dispatcherOf(settings);
    const { signal } = this.#abort;
    // Every request and every call listens; that there are many is no leak.
    setMaxListeners(0, signal);
    const reader = new Reader(settings, signal);
    const context = contextOf(settings, this.#dispatcher, signal);
    const common = { settings, book: this.#book, gate: this.#gate, turns: this.#turns, reader, context };
    this.#visits = new Visits({ ...common, ready: () => this.#run.notify() });
    const deeds = {
      visit: async (address: Parameters<Visits["visit"]>[0]) => {
        const page = await this.#visits.visit(address);
        if (this.#visits.counts.bytes >= settings.maxBytes) this.#run.drain("max-bytes");
        return page;
      },
      askRobots: (host: string) => this.#visits.askRobots(host),
    };
    this.#run = new CrawlRun(settings, this.#book, this.#turns, deeds, this.#abort);
    this.#begun = settings.clock.now();
  }

  /** Why the crawl has ended; `undefined` while it has not. */
  get end(): CrawlEnd | undefined {
    return this.#run.end;
  }

  /** A frozen snapshot of what is going on. */
  stats(): CrawlStats {
    const { queued, fetching, fetched, done, listed, redirected, skipped, failed } = this.#book.counts;
    const { bytes, retried, parsing, fetching: requests } = this.#visits.counts;
    const found = queued + fetching + fetched + done + listed + redirected + skipped + failed;
    const elapsed = this.#settings.clock.now() - this.#begun;
    const [ready, hosts] = [this.#run.ready, this.#turns.hosts];
    return Object.freeze({
      ...{ found, queued, fetching: requests, parsing, ready, done, redirected, skipped, failed },
      ...{ retried, hosts, bytes, elapsed },
    });
  }

  /** Starts nothing more. Pages under way still come, then the loop ends. */
  drain(): void {
    this.#run.drain("drained");
  }

  /** Stops everything; the loop ends. Idempotent; resolves when no request, timer or file is left. */
  stop(): Promise<void> {
    if (this.#life.kind !== "closed") this.#life = { kind: "closed", left: this.#leave() };
    return this.#life.left;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** @throws InvalidStateError (`ERR_INVALID_STATE`) when it was iterated before, or closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Page<R>, void, void> {
    if (this.#life.kind !== "new") {
      throw new InvalidStateError(`A crawl can be iterated once, and this one is ${this.#life.kind}`);
    }
    this.#life = { kind: "iterated" };
    return this.#pages();
  }

  async *#pages(): AsyncGenerator<Page<R>, void, void> {
    using _abort = this.#followSignal();
    try {
      await this.#begin();
      for (;;) {
        const page = await this.#run.take();
        if (page === undefined) return;
        // What `extract` returned is what its type says.
        yield page as Page<R>;
        // Stopped meanwhile, the state is closed: as far as that knows, the page was never given.
        if (this.#life.kind === "closed") return;
        this.#run.release(page);
      }
    } finally {
      await this.stop();
    }
  }

  async #begin(): Promise<void> {
    const { select, extract, maxTime, clock } = this.#settings;
    if (select !== undefined && extract === undefined) await checkSelect(select);
    this.#visits.queue([...this.#book.queued()]);
    this.#visits.queue(this.#gate.enterSeeds(this.#seeds));
    if (maxTime !== Number.POSITIVE_INFINITY) {
      this.#deadline = clock.after(maxTime, () => this.#run.drain("max-time"));
    }
  }

  #followSignal(): Disposable {
    const { signal } = this.#settings;
    const abort = (): void =>
      this.#run.breakOff(new CancelledError("The crawl was cancelled", { cause: signal?.reason }));
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    return { [Symbol.dispose]: () => signal?.removeEventListener("abort", abort) };
  }

  async #leave(): Promise<void> {
    this.#deadline?.[Symbol.dispose]();
    await this.#run.stop();
    this.#journal?.[Symbol.dispose]();
    if (this.#settings.dispatcher === undefined) await this.#dispatcher.destroy();
  }
}

function lastPosition(lines: readonly JournalLine[]): number | undefined {
  const line = lines.findLast((each) => each.t === "ended" && each.at !== undefined);
  return line?.t === "ended" ? line.at : undefined;
}

function dispatcherOf(settings: Settings): Dispatcher {
  const { access, lookup, timeout } = settings;
  return safeDispatcher({
    allowPrivate: access === "private-too",
    lookup: lookup ?? localNames,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connectTimeout: Math.min(timeout, 10_000),
  });
}

function contextOf(settings: Settings, dispatcher: Dispatcher, signal: AbortSignal): FetchContext {
  const accept = `${settings.accept.join(",")};q=0.9,*/*;q=0.1`;
  const headers = { "user-agent": userAgentOf(settings), accept };
  return { dispatcher, headers, cookies: new Cookies(), access: settings.access, signal };
}

/** Visits pages, beginning with the seeds and following their links.
 *
 *  Fetching runs on the event loop, politely: robots.txt is obeyed, hosts are spared, and who is asked to wait waits. Reading the pages
 *  runs where `executor` says, with the same result everywhere. The crawl goes only as fast as its pages are taken.
 *
 *  @param seeds one address or several.
 *  @param options how far, how fast, and what to take from each page.
 *  @returns the crawl: iterate over it once, or dispose of it.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an option or a seed that makes no sense.
 *  @throws StateFileError (`ERR_STATE_FILE`) when `state` is no file of this crawl.
 *  @throws (while iterating) CancelledError (`ERR_CANCELLED`) when the signal aborts; the executor's errors when it cannot run the
 *  tasks at all (`ERR_SHUTDOWN`, `ERR_BROKEN_EXECUTOR`, `ERR_CLOSURE`, `ERR_FUNCTION_REF`). Failures of single addresses are told to `onMiss`.
 *  @remarks Cancellation: leaving the loop, aborting, and disposing end all requests and calls. With `state`, the page that was in
 *  hand when the loop was left comes again.
 *  @example
 *  ```ts
 *  await using pool = new ThreadPoolExecutor();
 *  for await (const page of crawl("https://example.org/", { maxPages: 100, executor: pool })) console.log(page.url, page.title);
 *  ``` */
export function crawl<R = unknown>(
  seeds: string | URL | Iterable<string | URL>,
  options: CrawlOptions<R> = {},
): Crawl<R> {
  const settings = settingsOf(options as CrawlOptions);
  return new Crawl<R>(seedsOf(seeds, settings.dropParameters), settings);
}
