/** Where a `Listener` listens and a `Client` connects to. */
import { InvalidOptionError } from "../base/errors.js";

/** A path: of a Unix socket, on Windows of a named pipe. Or a port, of this machine unless `host` says otherwise. */
export type Address = string | { readonly host?: string; readonly port: number };

/** As Node's net module wants it. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

/** @throws InvalidOptionError (`ERR_INVALID_OPTION`). */
export function endpointOf(address: Address): Endpoint {
  if (typeof address === "string" && address !== "") return { path: address };
  if (typeof address === "object" && address !== null) {
    const { host = "127.0.0.1", port } = address;
    if (typeof host === "string" && Number.isInteger(port) && port >= 0 && port < 65_536) return { host, port };
  }
  throw new InvalidOptionError(
    "address",
    "address must be the path of a socket, or { host, port } with port 0 to 65535",
  );
}

/** Whether only programs of this machine can reach it. */
export function isLocal(endpoint: Endpoint): boolean {
  return "path" in endpoint || /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(endpoint.host);
}

export const shownAddress = (endpoint: Endpoint): string =>
  "path" in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
