/** The one way in for URLs: whatever is fetched has passed here, also each step of a redirect.
 *
 *  Guarantees: pure; the URL that comes out is `http:` or `https:`, has no credentials, no port of another protocol and no
 *  fragment, and, unless private hosts are allowed, no host that is private by its own words. */
import { judgeHost } from "./address-verdict.js";
import { AddressRefusedError, UrlRefusedError } from "./errors.js";

/** How a URL is checked. */
export interface UrlCheck {
  /** What a relative reference is resolved against. */
  readonly base?: URL;
  /** Lets hosts that are private pass. @default false */
  readonly allowPrivate?: boolean;
}

/** Ports that the Fetch standard blocks ("bad port"): a request there is a message to another protocol, such as SMTP. */
const PORTS_OF_OTHERS: ReadonlySet<string> = new Set(
  (
    "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 " +
    "137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 " +
    "1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080"
  ).split(" "),
);

/** Checks a URL, and gives it in canonical form.
 *  @throws UrlRefusedError (`ERR_URL_REFUSED`): no URL, another scheme, credentials, or a port of another protocol
 *  @throws AddressRefusedError (`ERR_ADDRESS_REFUSED`): the host is a private address or name
 *  @example
 *  ```ts
 *  checkUrl("http://0x7f.1/"); // throws: 127.0.0.1 is a loopback address
 *  ``` */
export function checkUrl(input: string | URL, { base, allowPrivate = false }: UrlCheck = {}): URL {
  const url = parsed(input, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UrlRefusedError(String(input), `${url.protocol} is not fetched, only http: and https: are`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UrlRefusedError(String(input), "it has credentials; give them as a header");
  }
  if (PORTS_OF_OTHERS.has(url.port)) {
    throw new UrlRefusedError(String(input), `port ${url.port} belongs to another protocol`);
  }
  const verdict = allowPrivate ? { kind: "public" as const } : judgeHost(url.hostname);
  if (verdict.kind === "refused") throw new AddressRefusedError(url.hostname, undefined, verdict.reason);
  url.hash = "";
  return url;
}

function parsed(input: string | URL, base: URL | undefined): URL {
  try {
    return new URL(input, base);
  } catch (error) {
    throw new UrlRefusedError(String(input), "it is no URL", { cause: error });
  }
}
