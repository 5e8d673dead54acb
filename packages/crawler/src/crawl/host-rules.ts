/** The rules of hosts, as far as they are known: asked for when a host's turn comes, before any of its addresses.
 *
 *  Guarantees: one request for each host and day; a host that does not answer is asked again as any address would be, and then
 *  forbids everything; `Retry-After` is heeded here too. */
import type { FetchContext } from "../fetching/fetch-answer.js";
import type { Address } from "../frontier/address-book.js";
import { isPassing, type Retry, retryAfterOf, retryOf } from "../politeness/retry.js";
import { askRobots } from "../robots/ask-robots.js";
import { ROBOTS_MAX_AGE_MS, type RobotsAnswer, type RobotsRules, rulesOf } from "../robots/robots-rules.js";
import type { Settings } from "./options.js";
import { hostOf, type Turns } from "./turns.js";

/** What became of asking. */
export type Opened =
  /** It is asked once more when its turn comes. */
  | "again"
  /** The crawl has ended meanwhile. */
  | "ended"
  | {
      /** Addresses that were in line, and are not to be asked for. */
      readonly forbidden: readonly Address[];
      /** As they stand there. */
      readonly sitemaps: readonly string[];
    };

export class HostRules {
  readonly #settings: Settings;
  readonly #turns: Turns;
  readonly #context: FetchContext;
  readonly #rules = new Map<string, RobotsRules>();
  /** Attempts that failed. */
  readonly #attempts = new Map<string, number>();

  constructor(settings: Settings, turns: Turns, context: FetchContext) {
    this.#settings = settings;
    this.#turns = turns;
    this.#context = context;
  }

  /** Whether an address may be asked for; of a host that is not known yet, it may. */
  allows(url: string): boolean {
    return this.#rules.get(hostOf(url))?.allows(url) ?? true;
  }

  /** Asks a host whose turn it is. */
  async ask(host: string): Promise<Opened> {
    const address = `${host}/robots.txt`;
    const answer = await this.#answerOf(address);
    this.#turns.ended(host);
    if (this.#context.signal.aborted) return "ended";
    const retry = this.#retryAfter(host, answer);
    if (retry?.do === "again") {
      this.#turns.pause(host, retry.after);
      this.#turns.close(host);
      return "again";
    }
    this.#attempts.delete(host);
    const rules = rulesOf(answer, address, this.#settings.product);
    this.#rules.set(host, rules);
    const forbidden = this.#turns.open(host, ROBOTS_MAX_AGE_MS, rules.delay, ({ url }) => rules.allows(url));
    return { forbidden, sitemaps: rules.sitemaps };
  }

  async #answerOf(address: string): Promise<RobotsAnswer> {
    try {
      return await askRobots(address, this.#context);
    } catch (error) {
      if (this.#context.signal.aborted) return { kind: "unreachable" };
      throw error;
    }
  }

  /** What to do when the answer is one that may pass. */
  #retryAfter(host: string, answer: RobotsAnswer): Retry | undefined {
    if (answer.kind === "answered" && !isPassing(answer.status)) return undefined;
    const attempt = (this.#attempts.get(host) ?? 0) + 1;
    this.#attempts.set(host, attempt);
    const { clock, random } = this.#settings;
    const retryAfter = answer.kind === "answered" ? retryAfterOf(answer.retryAfter, clock.now()) : undefined;
    return retryOf({ attempt, retryAfter }, this.#settings, random());
  }
}
