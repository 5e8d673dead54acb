/** What an answer, or its failing to come, means for an address.
 *
 *  Guarantees: pure; every answer has exactly one meaning; what cannot pass is not tried again. */

import type { FetchedAnswer } from "../fetching/fetch-answer.js";
import { redirectTarget } from "../fetching/redirect-target.js";
import type { SkipReason } from "../frontier/address-state.js";
import type { RetryRules } from "../politeness/retry.js";
import { asksForPause, isPassing, retryAfterOf, retryOf } from "../politeness/retry.js";

/** How a request ended. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: FetchedAnswer }
  | { readonly kind: "broken"; readonly error: unknown };

/** An answer whose body is to be read. */
export interface ReadableAnswer {
  readonly status: number;
  /** As it was sent; empty when it was not. */
  readonly contentType: string;
  readonly body: Buffer;
}

export type Verdict =
  | ({ readonly do: "read" } & ReadableAnswer)
  /** To an address as the server spelt it; `""` when that is none. */
  | { readonly do: "redirect"; readonly to: string }
  /** Another attempt, so many ms from now; `host`: for all its addresses. */
  | { readonly do: "again"; readonly after: number; readonly pause: "address" | "host" }
  | { readonly do: "skip"; readonly reason: SkipReason; readonly detail: string }
  | { readonly do: "fail"; readonly code: string; readonly detail: string };

/** What a verdict depends on besides the answer. */
export interface Circumstances {
  readonly url: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly rules: RetryRules;
  readonly now: number;
  /** From 0 to 1. */
  readonly chance: number;
}

export function verdictOn(outcome: Outcome, circumstances: Circumstances): Verdict {
  return outcome.kind === "broken" ? onFailure(outcome.error, circumstances) : onAnswer(outcome.answer, circumstances);
}

function onAnswer({ status, headers, body }: FetchedAnswer, circumstances: Circumstances): Verdict {
  const { url, now, attempt, rules, chance } = circumstances;
  const to = redirectTarget(status, headers, url);
  if (to !== undefined) return { do: "redirect", to };
  if (isPassing(status)) {
    const retryAfter = retryAfterOf(headers["retry-after"], now);
    const retry = retryOf({ attempt, retryAfter }, rules, chance);
    const pause = asksForPause(status) ? "host" : "address";
    if (retry.do === "again") return { ...retry, pause };
    return { do: "fail", code: `HTTP_${status}`, detail: `HTTP ${status} after ${attempt} attempts` };
  }
  if (status === 204 || status === 205 || (status >= 300 && status < 400)) {
    return { do: "skip", reason: "empty", detail: `HTTP ${status}` };
  }
  const type = headers["content-type"];
  if (body !== undefined) return { do: "read", status, contentType: String(type ?? ""), body };
  // A missing page may say so in any type.
  if (status >= 400) return { do: "fail", code: `HTTP_${status}`, detail: `HTTP ${status}` };
  return { do: "skip", reason: "content-type", detail: type ?? "no content type" };
}

/** What will not be otherwise at another attempt, whoever reports it. */
const LASTING: ReadonlySet<string> = new Set([
  "ERR_ADDRESS_REFUSED",
  "ERR_URL_REFUSED",
  "ERR_BODY_TOO_LARGE",
  "ERR_BODY_ENCODING",
  "ENOTFOUND",
  "UND_ERR_HEADERS_OVERFLOW",
  "UND_ERR_INVALID_ARG",
  "ERR_INVALID_URL",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function onFailure(error: unknown, { attempt, rules, chance }: Circumstances): Verdict {
  const [code, detail] = [codeOf(error), textOf(error)];
  // What the parser of HTTP does not understand (HPE_…) it would not the next time.
  if (!LASTING.has(code) && !code.startsWith("HPE_")) {
    const retry = retryOf({ attempt, retryAfter: undefined }, rules, chance);
    if (retry.do === "again") return { ...retry, pause: "address" };
  }
  return { do: "fail", code, detail };
}

/** The code of the error that says the most: undici wraps what happened in a cause, and several addresses in one error. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "ERR_UNKNOWN";
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if ("code" in error && typeof error.code === "string" && error.code !== "") return error.code;
  return error.cause === undefined ? error.name : codeOf(error.cause);
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return textOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
