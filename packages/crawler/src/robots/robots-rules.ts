/** What a host's robots.txt allows (RFC 9309).
 *
 *  Guarantees: pure; 2xx counts as it says, 4xx allows everything, 5xx and silence forbid everything; only the first 500 KiB
 *  are read, whole lines of them; `/robots.txt` itself is always allowed. */
import robotsModule from "robots-parser";
import { unreservedDecoded } from "../address/normalise.js";

/** Its declarations have a default export; the module itself, being CommonJS, is the function. */
const parseRobots = robotsModule as unknown as typeof robotsModule.default;

/** How asking for robots.txt ended. */
export type RobotsAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: Uint8Array;
      /** The header of that name. */
      readonly retryAfter?: string | undefined;
    }
  /** No answer, or redirects without end. */
  | { readonly kind: "unreachable" };

/** The rules of one host, for one crawler. */
export interface RobotsRules {
  allows(url: string): boolean;
  /** What the host wants between two requests, in ms; 0 when it does not say. */
  readonly delay: number;
  /** The addresses of sitemaps, as they stand there. */
  readonly sitemaps: readonly string[];
}

/** What RFC 9309, 2.5, asks crawlers to read at least, in bytes. */
export const ROBOTS_MAX_BYTES: number = 500 * 1024;

/** How long rules are kept at most (RFC 9309, 2.4), in ms. */
export const ROBOTS_MAX_AGE_MS: number = 24 * 60 * 60 * 1000;

/** The longest delay that is kept; a host that wants longer ones gets this one. */
const LONGEST_DELAY_MS = 60_000;

export const ALLOW_ALL: RobotsRules = { allows: () => true, delay: 0, sitemaps: [] };
export const DISALLOW_ALL: RobotsRules = { allows: isRobotsFile, delay: 0, sitemaps: [] };

/** The rules that an answer means.
 *  @param address where robots.txt was asked for, before redirects
 *  @param product the crawler's name, as groups of rules name it */
export function rulesOf(answer: RobotsAnswer, address: string, product: string): RobotsRules {
  if (answer.kind === "unreachable") return DISALLOW_ALL;
  const { status, body } = answer;
  // 429 asks for less, not for everything: it is treated as 5xx, as by the authors of the RFC.
  if (status >= 500 || status === 429) return DISALLOW_ALL;
  if (status < 200 || status >= 300) return ALLOW_ALL;
  return parsedRules(textOf(body), address, product);
}

function parsedRules(text: string, address: string, product: string): RobotsRules {
  const robots = parseRobots(address, text);
  const delay = (robots.getCrawlDelay(product) ?? 0) * 1000;
  return {
    allows: (url) => isRobotsFile(url) || robots.isAllowed(url, product) !== false,
    delay: Number.isFinite(delay) ? Math.min(Math.max(0, delay), LONGEST_DELAY_MS) : 0,
    sitemaps: robots.getSitemaps(),
  };
}

function isRobotsFile(url: string): boolean {
  return new URL(url).pathname === "/robots.txt";
}

/** A line that was cut could say something else: `Disallow: /private` is not `Disallow: /`. Encoded characters that need not
 *  be are decoded, as in the addresses that the rules are compared with. */
function textOf(body: Uint8Array): string {
  const head = new TextDecoder().decode(body.subarray(0, ROBOTS_MAX_BYTES));
  const whole = body.length > ROBOTS_MAX_BYTES ? head.slice(0, head.lastIndexOf("\n") + 1) : head;
  return unreservedDecoded(whole);
}
