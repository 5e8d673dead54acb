/** Connections that only go to public addresses.
 *
 *  The check is made on the very addresses that are then connected to: between a check of the URL and a later look-up of our
 *  own, a name server could change its answer (DNS rebinding).
 *
 *  Guarantees: no byte is sent to an address that was not judged; a name with one private address among public ones
 *  is refused as a whole, since which one is used is not ours to say. */

import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { judgeAddress, judgeHost } from "./address-verdict.js";
import { AddressRefusedError } from "./errors.js";

/** Finds all addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** How connections are made. Times are in ms. */
export interface DispatcherOptions {
  /** Lets connections go to private addresses. @default false */
  readonly allowPrivate?: boolean;
  /** Finds the addresses of a name. @default the system's resolver */
  readonly lookup?: Lookup;
  /** Connections to one origin at once. @default unlimited */
  readonly connections?: number;
  /** Longest time to connect, TLS included. @default 10000 */
  readonly connectTimeout?: number;
  /** Longest time until the headers of an answer are complete. @default 30000 */
  readonly headersTimeout?: number;
  /** Longest time between two pieces of a body. @default 30000 */
  readonly bodyTimeout?: number;
  /** Largest header block of an answer, in bytes. @default 32768 */
  readonly maxHeaderSize?: number;
  /** What else `tls.connect` is to be told, such as `ca`. */
  readonly tls?: {
    readonly ca?: string | Buffer | readonly (string | Buffer)[];
    readonly rejectUnauthorized?: boolean;
  };
}

const DEFAULT_HEADER_SIZE = 32 * 1024;

/** Makes the dispatcher of undici that all requests go through. Close it when done: it holds sockets.
 *
 *  Requests fail with AddressRefusedError (`ERR_ADDRESS_REFUSED`) when their host is, or leads to, a private address. */
export function safeDispatcher(options: DispatcherOptions = {}): Agent {
  const { connections, connectTimeout = 10_000, headersTimeout = 30_000, bodyTimeout = 30_000 } = options;
  return new Agent({
    connect: checkedConnector(options, connectTimeout),
    connections: connections ?? null,
    headersTimeout,
    bodyTimeout,
    maxHeaderSize: options.maxHeaderSize ?? DEFAULT_HEADER_SIZE,
  });
}

/** A literal address never comes to the look-up, so hosts are judged before it as well. */
function checkedConnector(options: DispatcherOptions, timeout: number): buildConnector.connector {
  const { allowPrivate = false, lookup = everyAddress, tls = {} } = options;
  const judged: Lookup = allowPrivate ? lookup : (hostname) => publicAddresses(hostname, lookup);
  const connect = buildConnector({
    ...(tls as object),
    lookup: asNodeLookup(judged),
    autoSelectFamily: true,
    timeout,
  });
  return (target, callback) => {
    const verdict = allowPrivate ? { kind: "public" as const } : judgeHost(target.hostname);
    if (verdict.kind === "public") connect(target, callback);
    else callback(new AddressRefusedError(target.hostname, undefined, verdict.reason), null);
  };
}

const everyAddress: Lookup = (hostname) => systemLookup(hostname, { all: true, verbatim: true });

async function publicAddresses(hostname: string, lookup: Lookup): Promise<readonly LookupAddress[]> {
  const addresses = await lookup(hostname);
  for (const { address } of addresses) {
    const verdict = judgeAddress(address);
    if (verdict.kind === "refused") throw new AddressRefusedError(hostname, address, verdict.reason);
  }
  return addresses;
}

/** The form in which `net.connect` wants it: one address or all of them, of one family or of both. */
function asNodeLookup(lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname).then(
      (addresses) => answer(hostname, addresses.filter(isWanted(options)), options, callback),
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

function isWanted({ family }: LookupOptions): (address: LookupAddress) => boolean {
  const wanted = family === "IPv4" ? 4 : family === "IPv6" ? 6 : (family ?? 0);
  return (address) => wanted === 0 || address.family === wanted;
}

function answer(
  hostname: string,
  addresses: LookupAddress[],
  options: LookupOptions,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (first === undefined) {
    callback(Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND", hostname }), []);
  } else if (options.all === true) callback(null, addresses);
  else callback(null, first.address, first.family);
}
