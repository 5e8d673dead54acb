/** One spelling for each address, so that a page is not fetched twice under two.
 *
 *  Guarantees: pure; applying it twice changes nothing more; only what RFC 3986 and the WHATWG standard call the same address
 *  becomes the same text, and what the caller names (tracking parameters) is dropped. */

/** Parameters that tell where a visitor came from, and never what is shown. A `*` at the end stands for any ending. */
export const TRACKING_PARAMETERS: readonly string[] = [
  "utm_*",
  "gclid",
  "dclid",
  "gbraid",
  "wbraid",
  "fbclid",
  "msclkid",
  "yclid",
  "twclid",
  "igshid",
  "mc_cid",
  "mc_eid",
  "_hsenc",
  "_hsmi",
];

/** The address in its one spelling; `undefined` for what is no address of the web.
 *  @param base what a relative address starts from
 *  @param dropped names of query parameters to leave out; a `*` at the end stands for any ending */
export function normaliseUrl(text: string, base?: string, dropped: readonly string[] = []): string | undefined {
  const url = parsed(text, base);
  if (url === undefined) return undefined;
  // Each assignment has the whole address parsed again, so what is not there is not taken away.
  if (url.href.includes("#")) url.hash = "";
  if (url.username !== "") url.username = "";
  if (url.password !== "") url.password = "";
  // "example.org." is the same name, said to be complete.
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  if (url.pathname.includes("%")) url.pathname = unreservedDecoded(url.pathname);
  // Setting it also takes a lone "?" away.
  if (url.href.includes("?")) url.search = unreservedDecoded(withoutParameters(url.search, dropped));
  return url.href;
}

/** As the web's own parser reads it, which also lower-cases the host, drops default ports and resolves dots. */
function parsed(text: string, base: string | undefined): URL | undefined {
  try {
    const url = new URL(text, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch (error) {
    // Not asked before by `canParse`: that parses every address twice, and hardly any is none.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** `%7E` is `~`, `%2f` is `%2F`: RFC 3986, 6.2.2. Reserved characters stay encoded, since `%2F` is no `/`. */
export function unreservedDecoded(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase();
  });
}

/** The query in its own spelling: URLSearchParams would write every parameter anew, and make `%20` of `+`. */
function withoutParameters(search: string, dropped: readonly string[]): string {
  if (dropped.length === 0 || search === "") return search;
  const kept = search
    .slice(1)
    .split("&")
    .filter((pair) => !isDropped(nameOf(pair), dropped));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

function nameOf(pair: string): string {
  const raw = pair.split("=", 1)[0] ?? "";
  return unreservedDecoded(raw).toLowerCase();
}

const isDropped = (name: string, dropped: readonly string[]): boolean =>
  dropped.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each));
