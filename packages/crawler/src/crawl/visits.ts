/** What is done with one address.
 *
 *  Guarantees: each visit moves its address on exactly once; a host's request has ended for its pace when its answer is complete,
 *  however long the page is then read; links enter the crawl before their page is given. */

import { normaliseUrl } from "../address/normalise.js";
import { type FetchContext, fetchAnswer, type WantedBody } from "../fetching/fetch-answer.js";
import type { Address, AddressBook } from "../frontier/address-book.js";
import type { AddressState } from "../frontier/address-state.js";
import { readSitemap, SITEMAP_MAX_BYTES } from "../sitemap/read-sitemap.js";
import type { Finding, Gate } from "./gate.js";
import { HostRules } from "./host-rules.js";
import type { Settings } from "./options.js";
import type { Miss, Page } from "./page.js";
import { isOfTheExecutor, type Reader } from "./reader.js";
import type { Deeds } from "./run.js";
import { hostOf, type Turns } from "./turns.js";
import { codeOf, type Outcome, type ReadableAnswer, type Verdict, verdictOn } from "./verdict.js";

/** What visits stand on. */
export interface VisitParts {
  readonly settings: Settings;
  readonly book: AddressBook;
  readonly gate: Gate;
  readonly turns: Turns;
  readonly reader: Reader;
  readonly context: FetchContext;
  /** Called when an address is in line again. */
  readonly ready: () => void;
}

/** What visits count. */
export interface VisitCounts {
  readonly fetching: number;
  readonly parsing: number;
  readonly retried: number;
  readonly bytes: number;
}

export class Visits implements Deeds {
  readonly #parts: VisitParts;
  readonly #hosts: HostRules;
  /** Attempts at addresses that failed. */
  readonly #attempts = new Map<string, number>();
  readonly #counts = { fetching: 0, parsing: 0, retried: 0, bytes: 0 };
  readonly #page: WantedBody;

  constructor(parts: VisitParts) {
    this.#parts = parts;
    this.#hosts = new HostRules(parts.settings, parts.turns, parts.context);
    const { accept, maxPageBytes } = parts.settings;
    const accepts = (type: string): boolean => accept.includes(type.split(";", 1)[0]?.trim().toLowerCase() ?? "");
    this.#page = { accepts, maxBytes: maxPageBytes, larger: "refuse" };
  }

  get counts(): VisitCounts {
    return this.#counts;
  }

  /** Puts addresses in line; those that their host forbids are done with. */
  queue(addresses: readonly Address[]): void {
    const allowed = addresses.filter((address) => {
      if (this.#hosts.allows(address.url)) return true;
      this.#skipForbidden(address);
      return false;
    });
    this.#parts.turns.add(allowed);
  }

  async visit(address: Address): Promise<Page | undefined> {
    const { book, settings, turns } = this.#parts;
    book.move(address.url, { kind: "fetching" });
    this.#counts.fetching += 1;
    const begun = settings.clock.now();
    const outcome = await this.#fetch(address);
    this.#counts.fetching -= 1;
    turns.ended(hostOf(address.url));
    // The crawl has ended meanwhile: the address is as if it had not been asked for.
    if (this.#parts.context.signal.aborted) return undefined;
    const [now, attempt] = [settings.clock.now(), (this.#attempts.get(address.url) ?? 0) + 1];
    const verdict = verdictOn(outcome, { url: address.url, attempt, rules: settings, now, chance: settings.random() });
    if (verdict.do === "read") {
      if (address.kind === "page") return this.#takePage(address, verdict, now - begun);
      await this.#takeSitemap(address, verdict.body);
      return undefined;
    }
    this.#act(address, outcome, verdict, attempt);
    return undefined;
  }

  async askRobots(host: string): Promise<void> {
    const opened = await this.#hosts.ask(host);
    if (opened === "again") this.#counts.retried += 1;
    if (opened === "again" || opened === "ended") return;
    for (const address of opened.forbidden) this.#skipForbidden(address);
    if (this.#parts.settings.sitemaps === "ignore") return;
    const sitemaps = opened.sitemaps.map((each) => normaliseUrl(each, host)).filter((each) => each !== undefined);
    this.#enter(sitemaps, { depth: 0, origin: "sitemap", kind: "sitemap", hops: 0 });
  }

  async #fetch(address: Address): Promise<Outcome> {
    const wanted = address.kind === "page" ? this.#page : SITEMAP_BODY;
    try {
      const answer = await fetchAnswer(address.url, wanted, this.#parts.context);
      this.#counts.bytes += answer.body?.length ?? 0;
      return { kind: "answered", answer };
    } catch (error) {
      return { kind: "broken", error };
    }
  }

  #act(address: Address, outcome: Outcome, verdict: Exclude<Verdict, { do: "read" }>, attempt: number): void {
    const { book, turns, ready } = this.#parts;
    switch (verdict.do) {
      case "redirect":
        return this.#redirect(address, outcome, verdict.to);
      case "again":
        this.#attempts.set(address.url, attempt);
        this.#counts.retried += 1;
        book.move(address.url, { kind: "queued" });
        if (verdict.pause === "host") turns.pause(hostOf(address.url), verdict.after);
        return turns.addLater(address, verdict.after, ready);
      case "skip":
        return this.#miss({ kind: "skipped", url: address.url, reason: verdict.reason, detail: verdict.detail });
      case "fail":
        return this.#miss({ kind: "failed", url: address.url, code: verdict.code, detail: verdict.detail });
    }
  }

  #redirect(address: Address, outcome: Outcome, to: string): void {
    const { book, gate, settings, turns } = this.#parts;
    const { url, depth, kind, hops } = address;
    const target = to === "" ? undefined : gate.target(to, address);
    if (target === undefined) {
      if (to !== "") return this.#end(url, { kind: "redirected", to });
      return this.#miss({ kind: "failed", url, code: "ERR_REDIRECT", detail: "it redirects to nowhere" });
    }
    if (hops >= settings.maxRedirects) {
      return this.#miss({ kind: "failed", url, code: "ERR_REDIRECT", detail: `more than ${hops} redirects in a row` });
    }
    if (target.url === url && outcome.kind === "answered" && outcome.answer.cookies === "changed") {
      // It wants to see its cookie. Bounded, since each further one counts as a redirect.
      book.move(url, { kind: "queued" });
      return turns.add([{ ...address, hops: hops + 1 }]);
    }
    if (book.leadsTo(target.url, url)) {
      return this.#miss({
        kind: "failed",
        url,
        code: "ERR_REDIRECT",
        detail: `it redirects in a circle, to ${target.url}`,
      });
    }
    // Its target first: a crawl that is killed in between must not take the redirect for done, and know of no target.
    this.#enter([target.url], { depth, origin: target.origin, kind, hops: hops + 1 });
    this.#end(url, { kind: "redirected", to: target.url });
  }

  async #takePage(address: Address, answer: ReadableAnswer, fetchMs: number): Promise<Page | undefined> {
    const { settings, reader, context } = this.#parts;
    const { status, contentType, body } = answer;
    const begun = settings.clock.now();
    this.#counts.parsing += 1;
    const read = await reader.read(address.url, status, body, contentType).catch((error: unknown) => ({ error }));
    this.#counts.parsing -= 1;
    if (context.signal.aborted) return undefined;
    if ("error" in read) {
      if (isOfTheExecutor(read.error)) throw read.error;
      const detail = read.error instanceof Error ? read.error.message : String(read.error);
      this.#miss({ kind: "failed", url: address.url, code: codeOf(read.error), detail });
      return undefined;
    }
    const { reading, record, charset, html } = read;
    if (status < 300) this.#follow(address, reading.links);
    const duplicate = this.#duplicateOf(address, reading.canonical, status);
    if (duplicate !== undefined) return undefined;
    this.#parts.book.move(address.url, { kind: "fetched" });
    const { title, links, textLength } = reading;
    const timings = { fetch: fetchMs, parse: settings.clock.now() - begun };
    const kept = settings.content === "keep" ? html : undefined;
    const { url, depth, origin } = address;
    const known = { url, status, depth, origin, title, links, textLength, bytes: body.length, contentType, charset };
    return { ...known, record, html: kept, timings };
  }

  #follow({ depth }: Address, links: readonly string[]): void {
    this.#enter(links, { depth: depth + 1, origin: "link", kind: "page", hops: 0 });
  }

  /** The address that the page says is its own, when the crawl goes there instead. */
  #duplicateOf(address: Address, canonical: string | undefined, status: number): string | undefined {
    const { settings, gate, book } = this.#parts;
    if (canonical === undefined || settings.canonical === "ignore" || status >= 300) return undefined;
    // Two that name each other would both be left out.
    if (!gate.belongs(canonical) || book.leadsTo(canonical, address.url)) return undefined;
    const finding = { depth: address.depth, origin: "canonical", kind: "page", hops: 0 } as const;
    this.#enter([canonical], finding);
    // A trap, forbidden, or not to be had: then this page is all there is of it.
    const state = book.stateOf(canonical);
    if (state === undefined || state.kind === "failed") return undefined;
    if (state.kind === "skipped" && state.reason !== "duplicate") return undefined;
    const detail = `the page is ${canonical}`;
    this.#miss({ kind: "skipped", url: address.url, reason: "duplicate", detail }, canonical);
    return canonical;
  }

  async #takeSitemap(address: Address, body: Buffer): Promise<void> {
    const sitemap = await readSitemap(body).catch((error: unknown) => ({ error }));
    if (this.#parts.context.signal.aborted) return;
    if ("error" in sitemap) {
      const detail = sitemap.error instanceof Error ? sitemap.error.message : String(sitemap.error);
      return this.#miss({ kind: "failed", url: address.url, code: codeOf(sitemap.error), detail });
    }
    const { dropParameters } = this.#parts.settings;
    const found = sitemap.addresses
      .map((each) => normaliseUrl(each, address.url, sitemap.lists === "pages" ? dropParameters : []))
      .filter((each) => each !== undefined);
    if (sitemap.lists === "pages") {
      this.#enter(found, { depth: 1, origin: "sitemap", kind: "page", hops: 0 });
    } else if (address.depth === 0) {
      // An index lists sitemaps, and none of those is an index again.
      this.#enter(found, { depth: 1, origin: "sitemap", kind: "sitemap", hops: 0 });
    }
    this.#end(address.url, { kind: "listed" });
  }

  #enter(urls: readonly string[], finding: Finding): void {
    const { entered, trapped } = this.#parts.gate.enter(urls, finding);
    for (const { url, reason } of trapped) {
      this.#parts.settings.onMiss({ kind: "skipped", url, reason: "trap", detail: reason });
    }
    this.queue(entered);
  }

  #skipForbidden({ url }: Address): void {
    this.#miss({ kind: "skipped", url, reason: "robots", detail: "robots.txt forbids it, or cannot be had" });
  }

  #miss(miss: Miss, to?: string): void {
    const end: AddressState =
      miss.kind === "failed"
        ? { kind: "failed", code: miss.code }
        : { kind: "skipped", reason: miss.reason, ...(to !== undefined && { to }) };
    this.#end(miss.url, end);
    this.#parts.settings.onMiss(miss);
  }

  #end(url: string, end: AddressState): void {
    this.#attempts.delete(url);
    this.#parts.book.move(url, end);
  }
}

/** Sitemaps are sent as XML, as text, and as anything at all. */
const SITEMAP_BODY: WantedBody = { accepts: () => true, maxBytes: SITEMAP_MAX_BYTES, larger: "refuse" };
