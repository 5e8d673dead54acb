/** Which addresses belong to a crawl.
 *
 *  Guarantees: decides by the address alone; a seed always belongs; the answer for an address changes only when a seed is added. */
import { getDomain } from "tldts";

/** How far a crawl goes from its seeds: the same host and port; the same registrable domain (`example.co.uk`, with all its
 *  hosts); addresses that begin with the seed's folder; anywhere. */
export type Scope = "host" | "domain" | "prefix" | "any";

export const SCOPES: readonly Scope[] = ["host", "domain", "prefix", "any"];

export interface ScopeRules {
  readonly scope: Scope;
  /** Only addresses that match one of these, when there are any. */
  readonly include: readonly RegExp[];
  /** No address that matches one of these. */
  readonly exclude: readonly RegExp[];
}

/** The region around the seeds. */
export class Territory {
  readonly #rules: ScopeRules;
  readonly #places = new Set<string>();
  readonly #seeds = new Set<string>();

  constructor(rules: ScopeRules) {
    this.#rules = rules;
  }

  /** Where a seed is, belongs to the crawl. */
  addSeed(seed: string): void {
    this.#seeds.add(seed);
    this.#places.add(placeOf(new URL(seed), this.#rules.scope));
  }

  /** Where a seed redirects to, is what was meant: `http://example.org` → `https://www.example.org`. A folder is not widened by
   *  that, or `/docs/` → `/login` would open the whole host. */
  addSeedTarget(seed: string, target: string): void {
    const [from, to] = [new URL(seed), new URL(target)];
    if (this.#rules.scope === "prefix" && !to.pathname.startsWith(folderOf(from))) return;
    this.addSeed(target);
  }

  has(address: string): boolean {
    if (this.#seeds.has(address)) return true;
    const { scope, include, exclude } = this.#rules;
    if (!this.#isNear(new URL(address), scope)) return false;
    if (include.length > 0 && !include.some((pattern) => matches(pattern, address))) return false;
    return !exclude.some((pattern) => matches(pattern, address));
  }

  #isNear(url: URL, scope: Scope): boolean {
    if (scope !== "prefix") return this.#places.has(placeOf(url, scope));
    return [...this.#places].some((place) => `${url.origin}${url.pathname}`.startsWith(place));
  }
}

/** A pattern with the flag `g` remembers where it was, and would match every other time. */
function matches(pattern: RegExp, address: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(address);
}

function placeOf(url: URL, scope: Scope): string {
  switch (scope) {
    case "host":
      return url.host;
    case "domain":
      // Sites that strangers own below a common name (github.io) are apart; an address of numbers is its own domain.
      return getDomain(url.hostname, { allowPrivateDomains: true }) ?? url.hostname;
    case "prefix":
      return url.origin + folderOf(url);
    case "any":
      return "";
  }
}

const folderOf = (url: URL): string => url.pathname.slice(0, url.pathname.lastIndexOf("/") + 1);
