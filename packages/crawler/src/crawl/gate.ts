/** Which of the addresses that were found enter the crawl.
 *
 *  Guarantees: each address enters once; none outside the territory, deeper than allowed, or taken for a trap; seeds are
 *  taken as they are. */
import { normaliseUrl } from "../address/normalise.js";
import { Territory } from "../address/scope.js";
import { datedShape, type TrapReason, trapIn } from "../address/trap.js";
import type { Address, AddressBook } from "../frontier/address-book.js";
import type { AddressKind, Origin } from "../frontier/journal.js";
import type { Settings } from "./options.js";

/** Where an address was found. */
export interface Finding {
  readonly depth: number;
  readonly origin: Origin;
  readonly kind: AddressKind;
  readonly hops: number;
}

/** An address that was left out, and why. */
export interface Trapped {
  readonly url: string;
  readonly reason: TrapReason;
}

export class Gate {
  readonly #settings: Settings;
  readonly #book: AddressBook;
  readonly #territory: Territory;
  /** Dated addresses, by their shape. */
  readonly #dated = new Map<string, number>();
  /** Traps that have been told of. */
  readonly #told = new Set<string>();

  constructor(settings: Settings, book: AddressBook) {
    this.#settings = settings;
    this.#book = book;
    this.#territory = new Territory(settings);
    for (const address of book.addresses()) this.#remember(address);
  }

  /** Enters the seeds that are new. */
  enterSeeds(seeds: readonly string[]): readonly Address[] {
    for (const seed of seeds) this.#territory.addSeed(seed);
    const addresses = seeds.map((url) => ({ url, depth: 0, origin: "seed", kind: "page", hops: 0 }) as const);
    return this.#book.enter(addresses);
  }

  /** Enters those of `urls` that belong to the crawl and are new.
   *  @returns what has entered, and what was left out as a trap for the first time */
  enter(urls: readonly string[], finding: Finding): { entered: readonly Address[]; trapped: readonly Trapped[] } {
    const { maxDepth, traps, clock } = this.#settings;
    const [fresh, trapped]: [Address[], Trapped[]] = [[], []];
    if (finding.depth > maxDepth) return { entered: fresh, trapped };
    for (const url of urls) {
      if (this.#book.has(url) || !this.#belongs(url, finding)) continue;
      const shape = traps === "follow" ? undefined : datedShape(url);
      const alike = shape === undefined ? 0 : (this.#dated.get(shape) ?? 0);
      const trap = traps === "follow" ? undefined : trapIn(url, traps, clock.now(), alike);
      if (trap !== undefined) {
        if (!this.#told.has(url)) trapped.push({ url, reason: trap });
        // Bounded, for it is a trap.
        if (this.#told.size < MOST_TOLD) this.#told.add(url);
        continue;
      }
      if (shape !== undefined) this.#dated.set(shape, alike + 1);
      fresh.push({ url, ...finding });
    }
    return { entered: this.#book.enter(fresh), trapped };
  }

  /** The address a page sends to, in its one spelling; `undefined` when it is none, or lies outside.
   *  @param seed the seed that sends there, whose target belongs to the crawl like itself */
  target(to: string, from: Address): { readonly url: string; readonly origin: "seed" | "redirect" } | undefined {
    const url = normaliseUrl(to, undefined, this.#settings.dropParameters);
    if (url === undefined) return undefined;
    if (from.kind === "sitemap") return { url, origin: "redirect" };
    if (from.origin === "seed" && !this.#territory.has(url)) this.#territory.addSeedTarget(from.url, url);
    if (!this.#territory.has(url)) return undefined;
    return { url, origin: from.origin === "seed" ? "seed" : "redirect" };
  }

  belongs(url: string): boolean {
    return this.#territory.has(url);
  }

  /** Sitemaps may lie anywhere; that robots.txt names them is what makes them the host's. */
  #belongs(url: string, { kind }: Finding): boolean {
    return kind === "sitemap" || this.#territory.has(url);
  }

  /** What an earlier run has entered. */
  #remember({ url, origin }: Address): void {
    if (origin === "seed") this.#territory.addSeed(url);
    const shape = this.#settings.traps === "follow" ? undefined : datedShape(url);
    if (shape !== undefined) this.#dated.set(shape, (this.#dated.get(shape) ?? 0) + 1);
  }
}

const MOST_TOLD = 10_000;
