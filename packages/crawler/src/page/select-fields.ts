/** Records from a page, by CSS selectors.
 *
 *  `name: "h1"` is the text of the first match, or `null`; `"name[]"` the texts of all; `"a.next@href"` an attribute, and
 *  addresses in `href` and `src` are made whole.
 *
 *  Guarantees: cheerio is loaded with the first selector, and not before: pages that are only read do not pay for it. */
import { InvalidOptionError } from "manyhands";

/** Takes what the selectors name.
 *  @param base what relative addresses start from */
export async function selectFields(
  html: string,
  base: string,
  select: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { load } = await import("cheerio/slim");
  const document = load(html);
  const fields: Record<string, unknown> = {};
  for (const [key, query] of Object.entries(select)) {
    const { selector, attribute } = partsOf(query);
    const texts = document(selector)
      .toArray()
      .map((node) => textOf(document(node), attribute, base))
      .filter((text) => text !== undefined);
    if (key.endsWith("[]")) fields[key.slice(0, -2)] = texts;
    else fields[key] = texts[0] ?? null;
  }
  return fields;
}

/** Checks selectors before the first page is fetched.
 *  @throws (rejects) InvalidOptionError naming the selector that is none. */
export async function checkSelect(select: Readonly<Record<string, string>>): Promise<void> {
  const { load } = await import("cheerio/slim");
  const document = load("<p></p>");
  for (const [key, query] of Object.entries(select)) {
    try {
      document(partsOf(query).selector).toArray();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new InvalidOptionError(
        "select",
        `select: ${key} has no CSS selector, but ${JSON.stringify(query)}: ${why}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** `selector@attribute`; an `@` inside of brackets or quotes is the selector's own. */
function partsOf(query: string): { readonly selector: string; readonly attribute: string | undefined } {
  const [, selector, attribute] = /^(.+)@([\w:-]+)$/s.exec(query) ?? [];
  return selector === undefined ? { selector: query, attribute: undefined } : { selector, attribute };
}

/** The part of cheerio that is needed here. */
interface Matched {
  text(): string;
  attr(name: string): string | undefined;
}

function textOf(node: Matched, attribute: string | undefined, base: string): string | undefined {
  if (attribute === undefined) return node.text().replace(/\s+/g, " ").trim();
  const value = node.attr(attribute);
  const isAddress = attribute === "href" || attribute === "src";
  return value !== undefined && isAddress && URL.canParse(value, base) ? new URL(value, base).href : value;
}
