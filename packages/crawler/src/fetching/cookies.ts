/** The cookies of a crawl: each goes only where it came from (RFC 6265).
 *
 *  Guarantees: none is shared between sites; one that makes no sense is left out, and never fails a request. */
import { CookieJar } from "tough-cookie";

export class Cookies {
  // Loose: what browsers take, too. Public suffixes are refused, so that nobody sets a cookie for all of `co.uk`.
  readonly #jar = new CookieJar(undefined, { looseMode: true });

  /** Most sites set none; then the jar, which looks through every domain above a host, is not asked. */
  #jarIs: "empty" | "in-use" = "empty";

  /** The `Cookie` header for an address; empty when there are none. */
  headerFor(url: string): string {
    if (this.#jarIs === "empty") return "";
    return this.#jar.getCookieStringSync(url);
  }

  /** Takes the `Set-Cookie` headers of an answer. */
  take(url: string, headers: string | readonly string[] | undefined): "changed" | "same" {
    // The loose mode takes a cookie without name and value, which would be sent as a lone separator.
    const lines = [headers ?? []].flat().filter((line) => !/^\s*=?\s*(;|$)/.test(line));
    if (lines.length === 0) return "same";
    const before = this.headerFor(url);
    this.#jarIs = "in-use";
    for (const line of lines) this.#jar.setCookieSync(line, url, { ignoreError: true });
    return this.headerFor(url) === before ? "same" : "changed";
  }
}
