/** The addresses that a sitemap lists: XML, an index of further ones, or one address a line; gzip or not.
 *
 *  Guarantees: never more than 50 MB are unpacked and no more than 50 000 addresses are taken, which is what the protocol allows
 *  (sitemaps.org); a broken file gives what stands before the break. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { SaxesParser } from "saxes";

/** What a sitemap lists. */
export interface Sitemap {
  /** Pages, or further sitemaps. */
  readonly lists: "pages" | "sitemaps";
  readonly addresses: readonly string[];
}

/** Bytes of a sitemap, packed or not. */
export const SITEMAP_MAX_BYTES = 50_000_000;
const MOST_ADDRESSES = 50_000;

/** Reads a sitemap.
 *  @throws (rejects) RangeError (`ERR_BUFFER_TOO_LARGE`) when it unpacks to more than 50 MB; the error of zlib when it is broken. */
export async function readSitemap(body: Uint8Array): Promise<Sitemap> {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const bytes = isGzip ? await promisify(gunzip)(body, { maxOutputLength: SITEMAP_MAX_BYTES }) : body;
  const text = new TextDecoder().decode(bytes);
  return /^\s*</.test(text) ? readXml(text) : readLines(text);
}

function readLines(text: string): Sitemap {
  const addresses = text.split(/\r?\n/).map((line) => line.trim());
  return { lists: "pages", addresses: addresses.filter((line) => URL.canParse(line)).slice(0, MOST_ADDRESSES) };
}

const PIECE = 64 * 1024;

function readXml(text: string): Sitemap {
  const addresses: string[] = [];
  let lists: Sitemap["lists"] = "pages";
  let location: string | undefined;
  let broken: "no" | "yes" = "no";
  const parser = new SaxesParser({ fragment: false });
  parser.on("opentag", ({ name }) => {
    if (localName(name) === "sitemapindex") lists = "sitemaps";
    // Not those of pictures and films, which have a prefix.
    if (name === "loc") location = "";
  });
  parser.on("text", (piece) => {
    if (location !== undefined) location += piece;
  });
  parser.on("cdata", (piece) => {
    if (location !== undefined) location += piece;
  });
  parser.on("closetag", ({ name }) => {
    if (name !== "loc" || location === undefined) return;
    addresses.push(location.trim());
    location = undefined;
  });
  parser.on("error", () => {
    broken = "yes";
  });
  for (let at = 0; at < text.length && broken === "no" && addresses.length < MOST_ADDRESSES; at += PIECE) {
    parser.write(text.slice(at, at + PIECE));
  }
  return { lists, addresses: addresses.slice(0, MOST_ADDRESSES) };
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);
