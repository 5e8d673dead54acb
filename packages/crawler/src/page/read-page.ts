/** What stands on a page. This is the task that executors run: all it needs comes with the call, all it finds goes back.
 *
 *  Guarantees: the same result wherever it runs; never fails because of the page; links are whole, in one spelling, each
 *  once, in the order of the page. */
import { Parser } from "htmlparser2";
import { normaliseUrl } from "../address/normalise.js";
import { selectFields } from "./select-fields.js";

/** A page to be read. */
export interface PageText {
  readonly url: string;
  readonly html: string;
  /** Names and CSS selectors of what to take from it. */
  readonly select: Readonly<Record<string, string>> | undefined;
  /** Query parameters that addresses are spelt without. */
  readonly dropped: readonly string[];
  /** Whether `nofollow` is heeded. */
  readonly nofollow: "obey" | "ignore";
}

/** What was found. */
export interface PageReading {
  readonly title: string;
  readonly links: readonly string[];
  /** What the page says its own address is, when that is another. */
  readonly canonical: string | undefined;
  /** Characters that a reader sees, white space counted once. */
  readonly textLength: number;
  /** What `select` has found. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** Reads a page. */
export async function readPage({ url, html, select, dropped, nofollow }: PageText): Promise<PageReading> {
  const reader = new PageReader();
  const parser = new Parser(reader);
  parser.write(html);
  parser.end();
  const base = normaliseUrl(reader.base ?? url, url) ?? url;
  const whole = (href: string): string | undefined => normaliseUrl(href, base, dropped);
  const canonical = reader.canonical === undefined ? undefined : whole(reader.canonical);
  const forbidden = nofollow === "obey" && reader.following === "forbidden";
  const hrefs = reader.hrefs.filter(({ rel }) => nofollow === "ignore" || rel === "follow");
  const links = hrefs.map(({ href }) => whole(href)).filter((link) => link !== undefined);
  return {
    title: collapsed(reader.title),
    links: forbidden ? [] : [...new Set(links)],
    canonical: canonical === url ? undefined : canonical,
    textLength: reader.textLength,
    fields: select === undefined ? undefined : await selectFields(html, base, select),
  };
}

const collapsed = (text: string): string => text.replace(/\s+/g, " ").trim();

/** What is inside is not shown. */
const UNSEEN: ReadonlySet<string> = new Set(["script", "style", "template", "noscript", "title"]);

/** Gathers while the parser goes through the page; nothing of it is kept as a tree. */
class PageReader {
  title = "";
  base: string | undefined;
  canonical: string | undefined;
  following: "allowed" | "forbidden" = "allowed";
  readonly hrefs: { readonly href: string; readonly rel: "follow" | "nofollow" }[] = [];
  textLength = 0;
  #unseen = 0;
  #titles = 0;
  /** Whether the text so far ends in white space, or there is none. */
  #ending: "space" | "letter" = "space";

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === "title") this.#titles += 1;
    if (UNSEEN.has(name)) this.#unseen += 1;
    if (name === "a" || name === "area") this.#link(attributes);
    if (name === "base") this.base ??= attributes["href"];
    if (name === "link" && hasWord(attributes["rel"], "canonical")) this.canonical ??= attributes["href"];
    if (name === "meta" && attributes["name"]?.toLowerCase() === "robots") {
      if (/\b(nofollow|none)\b/i.test(attributes["content"] ?? "")) this.following = "forbidden";
    }
  }

  ontext(text: string): void {
    // The first title only: pictures in the page (svg) have titles, too.
    if (this.#unseen > 0) {
      if (this.#titles === 1 && this.#unseen === 1) this.title += text;
      return;
    }
    this.#count(text);
  }

  onclosetag(name: string): void {
    if (name === "title") this.#titles += 1;
    if (UNSEEN.has(name)) this.#unseen -= 1;
  }

  #link({ href, rel }: Readonly<Record<string, string>>): void {
    if (href !== undefined) this.hrefs.push({ href, rel: hasWord(rel, "nofollow") ? "nofollow" : "follow" });
  }

  /** Letter by letter: taking the text apart by white space costs as much as parsing the page. */
  #count(text: string): void {
    let [length, ending] = [this.textLength, this.#ending];
    for (let at = 0; at < text.length; at++) {
      const space = isSpace(text.charCodeAt(at));
      if (!space) length += 1;
      else if (ending === "letter") length += 1;
      ending = space ? "space" : "letter";
    }
    this.textLength = length;
    this.#ending = ending;
  }
}

const NO_BREAK_SPACE = 0xa0;
const isSpace = (unit: number): boolean => unit <= 0x20 || unit === NO_BREAK_SPACE;

const hasWord = (list: string | undefined, word: string): boolean =>
  (list ?? "").toLowerCase().split(/\s+/).includes(word);
