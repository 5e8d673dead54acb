/** Who is let in: by the Host and Origin headers, and by the token.
 *
 *  - **Host** must name this server. A page whose domain was made to point here (DNS rebinding) sends its own.
 *  - **Origin**, which browsers send and pages cannot forge, must be this server's own or one that is allowed. It stops
 *    pages of other sites, and their WebSockets, which no same-origin policy holds back.
 *  - **The token** is needed wherever one was given, and one must be given to listen beyond this machine.
 *
 *  Guarantees: the token is compared in constant time; nothing of a request is acted on before it was let in. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { InvalidOptionError } from "manyhands";
import { RefusedError } from "./problem.js";

export interface Access {
  /** The address that is listened on. */
  readonly host: string;
  readonly token: string | undefined;
  /** Further names this server is known by, without port. */
  readonly allowedHosts: readonly string[];
  /** Origins beside its own whose pages may call: `https://example.org`. */
  readonly allowedOrigins: readonly string[];
}

/** The headers that decide. */
export interface Headers {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly authorization?: string | undefined;
  readonly "sec-websocket-protocol"?: string | undefined;
}

/** What a page offers as WebSocket protocol, where it cannot send an Authorization header: `token.` and the token in base64url. */
export const TOKEN_PROTOCOL = "token.";

const LEAST_TOKEN = 8;

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

export class Gatekeeper {
  readonly #access: Access;
  readonly #names: ReadonlySet<string>;
  readonly #token: Buffer | undefined;

  /** @throws InvalidOptionError (`ERR_INVALID_OPTION`): an address beyond this machine without a token, or a short token. */
  constructor(access: Access) {
    const { host, token, allowedHosts } = access;
    if (token !== undefined && token.length < LEAST_TOKEN) {
      throw new InvalidOptionError("token", `token must have at least ${LEAST_TOKEN} characters`);
    }
    if (token === undefined && !isLoopback(host)) {
      throw new InvalidOptionError(
        "host",
        `host ${host} can be reached from other machines: give a token that callers must send, or listen on 127.0.0.1`,
      );
    }
    this.#access = access;
    this.#token = token === undefined ? undefined : digest(token);
    const own = isLoopback(host) ? [] : [host, hostname()];
    this.#names = new Set(["localhost", ...own, ...allowedHosts].map((name) => name.toLowerCase()));
  }

  /** Lets in or throws RefusedError: `ERR_HOST_REFUSED`, `ERR_ORIGIN_REFUSED`. */
  checkSender(headers: Headers): void {
    const { host = "", origin } = headers;
    if (!this.#knows(host)) {
      throw new RefusedError("ERR_HOST_REFUSED", `This server is not known as ${JSON.stringify(host.slice(0, 100))}`);
    }
    if (origin === undefined || this.#access.allowedOrigins.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === host.toLowerCase() && origin !== "null") return;
    throw new RefusedError("ERR_ORIGIN_REFUSED", `Pages of ${origin.slice(0, 100)} may not call this server`);
  }

  /** Lets in or throws RefusedError (`ERR_UNAUTHORIZED`). */
  checkToken(headers: Headers): void {
    if (this.#token === undefined) return;
    const given = tokenOf(headers);
    // Digests have one length, so that the comparison tells nothing, not even how long the token is.
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return;
    const what = given === undefined ? "Send the header Authorization: Bearer TOKEN" : "This is not the token";
    throw new RefusedError("ERR_UNAUTHORIZED", what);
  }

  #knows(host: string): boolean {
    const name = host.replace(/:\d+$/, "").toLowerCase();
    if (this.#names.has(name)) return true;
    const address = name.replace(/^\[(.*)\]$/, "$1");
    // An address cannot be rebound: who sends one has asked for it.
    return isIP(address) !== 0 && (isLoopback(address) || !isLoopback(this.#access.host));
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function tokenOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (bearer !== undefined) return bearer;
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  const found = offered.find((each) => each.startsWith(TOKEN_PROTOCOL));
  return found === undefined
    ? undefined
    : Buffer.from(found.slice(TOKEN_PROTOCOL.length), "base64url").toString("utf8");
}
