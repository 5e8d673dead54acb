/** Where a redirect leads, and whether it is followed: decided from the answer alone.
 *
 *  Guarantees: pure; each hop passes `checkUrl`; a chain ends after so many hops, and at once when it comes back to a URL
 *  that it has been to. */
import { RedirectError, withoutCredentials } from "./errors.js";
import { checkUrl, type UrlCheck } from "./web-url.js";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The URLs that have been asked for, in order; the last one has just answered. */
export type RedirectChain = readonly [URL, ...URL[]];

/** Limits of a chain. */
export interface RedirectLimits extends Pick<UrlCheck, "allowPrivate"> {
  /** Hops, at most. @default 10 */
  readonly maxRedirects?: number;
}

/** The next URL of a chain of redirects, or `undefined` when the answer is the last one.
 *  @param chain the URLs so far
 *  @param status of the answer
 *  @param location its Location header
 *  @throws RedirectError (`ERR_REDIRECT`): too many hops, a circle, or no target
 *  @throws UrlRefusedError (`ERR_URL_REFUSED`), AddressRefusedError (`ERR_ADDRESS_REFUSED`): the target may not be fetched */
export function nextHop(
  chain: RedirectChain,
  status: number,
  location: string | undefined,
  { maxRedirects = 10, allowPrivate = false }: RedirectLimits = {},
): URL | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  const shown = chain.map((url) => withoutCredentials(url.href));
  if (location === undefined) throw new RedirectError(shown, `status ${status} without a Location`);
  const next = checkUrl(location, { base: chain[chain.length - 1] ?? chain[0], allowPrivate });
  if (chain.some(({ href }) => href === next.href)) {
    throw new RedirectError(shown, `it comes back to ${withoutCredentials(next.href)}`);
  }
  if (chain.length > maxRedirects) throw new RedirectError(shown, `there are more than ${maxRedirects}`);
  return next;
}

/** Headers that are for one origin only. */
const SECRET: ReadonlySet<string> = new Set(["authorization", "cookie", "cookie2", "proxy-authorization"]);

/** The headers that go along to the next hop: credentials stay with the origin they were given for. */
export function headersForHop(
  headers: Readonly<Record<string, string>>,
  from: URL,
  to: URL,
): Readonly<Record<string, string>> {
  if (from.origin === to.origin) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET.has(name.toLowerCase())));
}
