/** One request, and as much of its answer as is wanted.
 *
 *  Guarantees: the address is checked before anything is sent, and where it leads when it is connected to; a body of an unwanted
 *  type, or one that says that it is too large, is not read; no more than `maxBytes` decoded bytes are kept, whatever the
 *  compressed ones promise; the connection is given back or closed however this ends. */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { request } from "undici";
import { ACCEPT_ENCODING, BodyTooLargeError, boundedBody, checkUrl, provisionalLimit } from "../safety/mod.js";
import type { Cookies } from "./cookies.js";

/** What all requests of a crawl have in common. */
export interface FetchContext {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Cookies;
  readonly access: "public" | "private-too";
  readonly signal: AbortSignal;
}

/** Which bodies are read, and how much of them. */
export interface WantedBody {
  /** Whether a Content-Type is wanted; an empty one was not sent. */
  accepts(contentType: string): boolean;
  /** Decoded bytes. */
  readonly maxBytes: number;
  /** What becomes of a larger one. */
  readonly larger: "refuse" | "cut";
}

/** What came. */
export interface FetchedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body, decoded; `undefined` when it was not wanted. */
  readonly body: Buffer | undefined;
  /** Whether the answer has changed what cookies the next request sends. */
  readonly cookies: "changed" | "same";
}

/** As much of an unwanted body as is read to keep its connection. */
const WORTH_READING_BYTES = 16 * 1024;

/** Asks for `url`, without following redirects.
 *  @throws (rejects) UrlRefusedError, AddressRefusedError, BodyTooLargeError, BodyEncodingError of `safety`; undici's errors for
 *  what happens on the line; the signal's reason. */
export async function fetchAnswer(url: string, wanted: WantedBody, context: FetchContext): Promise<FetchedAnswer> {
  const { dispatcher, signal, cookies } = context;
  const checked = checkUrl(url, { allowPrivate: context.access === "private-too" });
  const cookie = cookies.headerFor(url);
  const headers = { ...context.headers, "accept-encoding": ACCEPT_ENCODING, ...(cookie !== "" && { cookie }) };
  const answer = await request(checked, { dispatcher, headers, signal, onInfo: provisionalLimit() });
  const changed = cookies.take(url, answer.headers["set-cookie"]);
  const common = { status: answer.statusCode, headers: answer.headers, cookies: changed } as const;
  if (!isWanted(answer, wanted)) {
    await answer.body.dump({ limit: WORTH_READING_BYTES });
    return { ...common, body: undefined };
  }
  const length = Number(answer.headers["content-length"] ?? 0);
  if (wanted.larger === "refuse" && length > wanted.maxBytes) {
    answer.body.on("error", () => undefined).destroy();
    throw new BodyTooLargeError(`The body is larger than ${wanted.maxBytes} bytes: it says ${length}`);
  }
  return { ...common, body: await bodyOf(answer, wanted) };
}

/** Answers that are not read themselves: they send elsewhere, or ask for another attempt. */
function isWanted({ statusCode, headers }: Dispatcher.ResponseData, wanted: WantedBody): boolean {
  if (statusCode >= 300 && statusCode < 400) return false;
  return wanted.accepts(String(headers["content-type"] ?? ""));
}

async function bodyOf({ body, headers }: Dispatcher.ResponseData, { maxBytes, larger }: WantedBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const limits = { maxBytes: larger === "refuse" ? maxBytes : Number.MAX_SAFE_INTEGER };
  for await (const piece of boundedBody(body, headers["content-encoding"], limits)) {
    pieces.push(piece);
    bytes += piece.length;
    if (larger === "cut" && bytes >= maxBytes) break;
  }
  const whole = Buffer.concat(pieces);
  return bytes > maxBytes ? whole.subarray(0, maxBytes) : whole;
}
