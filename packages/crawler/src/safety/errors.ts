/** What the network part refuses, one class per situation.
 *
 *  Guarantees: every class extends `ManyhandsError` with a literal `code`; the message names the address or URL without its
 *  credentials, and says what to do. */
import { ManyhandsError } from "manyhands";

/** The host is, or its name leads to, an address that is not on the public internet. */
export class AddressRefusedError extends ManyhandsError<"ERR_ADDRESS_REFUSED"> {
  /** The host as the URL has it. */
  readonly host: string;
  /** The address that was refused; `undefined` when the name alone was enough. */
  readonly address: string | undefined;

  constructor(host: string, address: string | undefined, reason: string, options?: ErrorOptions) {
    const where = address === undefined || address === host ? host : `${host} (${address})`;
    super(
      "AddressRefusedError",
      "ERR_ADDRESS_REFUSED",
      `Cannot connect to ${where}: ${reason}; allowPrivate (--allow-private) permits it`,
      options,
    );
    this.host = host;
    this.address = address;
  }
}

/** The text is no URL that may be fetched: not a URL, not `http:` or `https:`, with credentials, or with a port of another
 *  protocol. */
export class UrlRefusedError extends ManyhandsError<"ERR_URL_REFUSED"> {
  /** The URL, without credentials, shortened. */
  readonly url: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    const shown = withoutCredentials(url);
    super("UrlRefusedError", "ERR_URL_REFUSED", `Cannot fetch ${shown}: ${reason}`, options);
    this.url = shown;
  }
}

/** A chain of redirects is longer than allowed, comes back to where it was, or goes nowhere. */
export class RedirectError extends ManyhandsError<"ERR_REDIRECT"> {
  /** The URLs in order, the first one first. */
  readonly chain: readonly string[];

  constructor(chain: readonly string[], reason: string, options?: ErrorOptions) {
    super("RedirectError", "ERR_REDIRECT", `Cannot follow the redirects from ${chain[0] ?? "?"}: ${reason}`, options);
    this.chain = chain;
  }
}

/** A server sends one provisional answer after another, and never the real one. */
export class ProvisionalAnswersError extends ManyhandsError<"ERR_PROVISIONAL_ANSWERS"> {
  constructor(most: number) {
    super(
      "ProvisionalAnswersError",
      "ERR_PROVISIONAL_ANSWERS",
      `The server has sent more than ${most} provisional answers (1xx) instead of one that counts`,
    );
  }
}

/** A body is larger than allowed, or expands further than honest data does. */
export class BodyTooLargeError extends ManyhandsError<"ERR_BODY_TOO_LARGE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("BodyTooLargeError", "ERR_BODY_TOO_LARGE", message, options);
  }
}

/** A body cannot be decoded: its encoding is unknown, too deep, or the data is broken. */
export class BodyEncodingError extends ManyhandsError<"ERR_BODY_ENCODING"> {
  constructor(message: string, options?: ErrorOptions) {
    super("BodyEncodingError", "ERR_BODY_ENCODING", message, options);
  }
}

const MOST_SHOWN = 200;

/** A text that stands for a URL in a message: no password leaks into a log, and no server fills one. */
export function withoutCredentials(url: string): string {
  const safe = url.replace(/^([^/?#]*:)?([/\\]{2})[^/?#\\]*@/, "$1$2");
  return safe.length <= MOST_SHOWN ? safe : `${safe.slice(0, MOST_SHOWN)}…`;
}
