/** Asks a host for its robots.txt.
 *
 *  Guarantees: at most five redirects, as RFC 9309 says, each checked as any other address; never more than the first 500 KiB
 *  are read; rejects only when the crawl ends. */
import type { FetchContext } from "../fetching/fetch-answer.js";
import { fetchAnswer } from "../fetching/fetch-answer.js";
import { redirectTarget } from "../fetching/redirect-target.js";
import { ROBOTS_MAX_BYTES, type RobotsAnswer } from "./robots-rules.js";

const MOST_REDIRECTS = 5;

export async function askRobots(address: string, context: FetchContext): Promise<RobotsAnswer> {
  let url = address;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await answerTo(url, context);
    if (answer.kind === "unreachable") return answer;
    if (answer.to === undefined) return answer;
    url = answer.to;
  }
  // More than five: as if there were none (RFC 9309, 2.3.1.2).
  return { kind: "answered", status: 404, body: new Uint8Array() };
}

type Hop = RobotsAnswer & { readonly to?: string | undefined };

async function answerTo(url: string, context: FetchContext): Promise<Hop> {
  try {
    const wanted = { accepts: () => true, maxBytes: ROBOTS_MAX_BYTES + 1, larger: "cut" } as const;
    const { status, headers, body } = await fetchAnswer(url, wanted, context);
    const to = redirectTarget(status, headers, url);
    return { kind: "answered", status, body: body ?? new Uint8Array(), retryAfter: headers["retry-after"], to };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { kind: "unreachable" };
  }
}
