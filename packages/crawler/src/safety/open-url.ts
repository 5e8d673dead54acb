/** One GET or HEAD, with its redirects, to the headers of the last answer.
 *
 *  Guarantees: each hop passes `checkUrl` before anything is sent; credentials stay with the origin they were given for; the
 *  bodies of hops are thrown away unread; the caller of a returned answer owns its body, and must read or destroy it. */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { request } from "undici";
import { provisionalLimit } from "./provisional-limit.js";
import type { RedirectChain, RedirectLimits } from "./redirect.js";
import { headersForHop, nextHop } from "./redirect.js";
import { checkUrl } from "./web-url.js";

/** How a URL is opened. */
export interface OpenOptions extends RedirectLimits {
  /** Made by `safeDispatcher`: it judges the addresses of names. */
  readonly dispatcher: Dispatcher;
  /** @default GET */
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called before each further hop; what it throws ends the request. */
  readonly onHop?: (from: URL, to: URL) => void | Promise<void>;
}

/** An answer whose body is still to come. */
export interface OpenAnswer {
  /** The URL that gave it, after all redirects. */
  readonly url: URL;
  /** All URLs that were asked for, in order. */
  readonly chain: RedirectChain;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** Asks for a URL and follows its redirects.
 *  @throws (rejects) UrlRefusedError (`ERR_URL_REFUSED`), AddressRefusedError (`ERR_ADDRESS_REFUSED`), RedirectError
 *    (`ERR_REDIRECT`), the errors of undici for what happens on the line, and the signal's reason
 *  @remarks Cancellation: the signal ends the request, and later the body. */
export async function openUrl(input: string | URL, options: OpenOptions): Promise<OpenAnswer> {
  let chain: RedirectChain = [checkUrl(input, options)];
  let headers = options.headers ?? {};
  for (;;) {
    const url = chain[chain.length - 1] ?? chain[0];
    const { statusCode: status, headers: received, body } = await ask(url, headers, options);
    try {
      const next = nextHop(chain, status, firstOf(received["location"]), options);
      if (next === undefined) return { url, chain, status, headers: received, body };
      await options.onHop?.(url, next);
      headers = headersForHop(headers, url, next);
      chain = [...chain, next];
    } catch (error) {
      abandon(body);
      throw error;
    }
    abandon(body);
  }
}

function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { dispatcher, method = "GET", signal }: OpenOptions,
): Promise<Dispatcher.ResponseData> {
  const onInfo = provisionalLimit();
  return request(url, { dispatcher, method, headers, onInfo, ...(signal !== undefined && { signal }) });
}

/** Not read to its end, as undici's `dump` would: whoever redirects may send a body without end. */
function abandon(body: Readable): void {
  body.on("error", () => undefined).destroy();
}

const firstOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
