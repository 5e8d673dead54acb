/** A small web site on this machine, for programs that fetch pages: 50 listing pages with 20 posts each, as slow and as
 *  faulty as asked for. It counts what it serves, so that a program's concurrency can be measured where it arrives. */
import { once, setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What the site is like. Pages count from 1. */
export interface SiteOptions {
  /** Number of listing pages. @default 50 */
  readonly pages?: number;
  /** Posts on each of them. @default 20 */
  readonly postsPerPage?: number;
  /** How long each answer takes, in ms. @default 0 */
  readonly latency?: number;
  /** Pages that take longer, and how long: in ms, or until a promise settles. */
  readonly slow?: Readonly<Record<number, number | Promise<unknown>>>;
  /** Pages that answer with status 500. */
  readonly failing?: readonly number[];
}

/** A running site; disposing of it closes it, with whatever is still being answered. */
export interface Site extends AsyncDisposable {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  pageUrl(page: number): string;
  /** What pages link to: title and path of each post of a page, in order. */
  postsOf(page: number): readonly Post[];
  /** Requests so far. */
  readonly served: number;
  /** The most requests that were being answered at one time. */
  readonly maxInFlight: number;
}

export interface Post {
  readonly title: string;
  readonly path: string;
}

class LocalSite implements Site {
  readonly #options: Required<SiteOptions>;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #closing = new AbortController();
  #served = 0;
  #inFlight = 0;
  #maxInFlight = 0;

  constructor(options: SiteOptions) {
    this.#options = { pages: 50, postsPerPage: 20, latency: 0, slow: {}, failing: [], ...options };
    // Every answer that is held back listens; that there are many is no leak.
    setMaxListeners(0, this.#closing.signal);
  }

  async listen(): Promise<this> {
    // Port 0: any free one. Only this machine can reach it.
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get served(): number {
    return this.#served;
  }

  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  pageUrl(page: number): string {
    return `${this.url}/page/${page}`;
  }

  postsOf(page: number): Post[] {
    const first = (page - 1) * this.#options.postsPerPage + 1;
    const numbers = Array.from({ length: this.#options.postsPerPage }, (_, index) => first + index);
    return numbers.map((number) => ({ title: `Post ${number}`, path: `/post/${number}` }));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#served += 1;
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    const [, kind, digits] = /^\/(page|post)\/(\d+)$/.exec(request.url ?? "") ?? [];
    const number = Number(digits);
    const wait = (kind === "page" ? this.#options.slow[number] : undefined) ?? this.#options.latency;
    const closing = this.#closing.signal;
    // A latency cut short by the end of the site is no fault; the connection is closed without an answer.
    await (typeof wait === "number" ? sleep(wait, undefined, { signal: closing }) : unlessAborted(wait, closing)).catch(
      () => response.destroy(),
    );
    this.#inFlight -= 1;
    if (response.destroyed) return;
    const [status, body] = this.#answer(kind, number);
    response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(body);
  }

  #answer(kind: string | undefined, number: number): [status: number, body: string] {
    const { pages, postsPerPage, failing } = this.#options;
    if (kind === "page" && failing.includes(number)) return [500, "<h1>Out of order</h1>\n"];
    if (kind === "page" && number >= 1 && number <= pages) return [200, this.#listing(number)];
    if (kind === "post" && number >= 1 && number <= pages * postsPerPage) return [200, `<h1>Post ${number}</h1>\n`];
    return [404, "<h1>Not found</h1>\n"];
  }

  #listing(page: number): string {
    const posts = this.postsOf(page).map(({ title, path }) => `<li><a class="post" href="${path}">${title}</a></li>`);
    return `<!doctype html>\n<title>Page ${page}</title>\n<ol>\n${posts.join("\n")}\n</ol>\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const closed = once(this.#server, "close");
    this.#server.close();
    // Keep-alive connections would hold the close back until they time out.
    this.#server.closeAllConnections();
    await closed;
  }
}

async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  await Promise.race([promise, aborted]);
}

/** Starts a site on a free port of this machine. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  return await new LocalSite(options).listen();
}
