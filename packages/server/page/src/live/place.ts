/** Where the server is, and the token it wants.
 *
 *  Guarantees: a token that came in the address is taken out of it before anything is loaded or shown, and is kept for this tab
 *  only; it is sent in headers and as a WebSocket protocol, never in an address. */

const KEY = "manyhands-token";

/** An address below the page's own, wherever that is mounted. */
export function addressOf(path: string): URL {
  return new URL(path, document.baseURI);
}

export function socketAddress(path: string): URL {
  const url = addressOf(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** Takes `#token=…` out of the address. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (token !== "") keepToken(token);
}

export function knownToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

/** The protocols to offer for a WebSocket: base64url, since a protocol's name may hold few characters. */
export function protocolsFor(token: string | undefined): readonly string[] {
  if (token === undefined) return ["manyhands"];
  const bytes = new TextEncoder().encode(token);
  const base64 = btoa(String.fromCharCode(...bytes));
  return ["manyhands", `token.${base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`];
}

export function headersFor(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
