/** Look-ups of names, with `*.localhost` being this machine (RFC 6761, 6.3): not every system's resolver knows that. */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";

/** Finds all addresses of a name. */
export function localNames(hostname: string): Promise<readonly LookupAddress[]> {
  if (/(^|\.)localhost$/.test(hostname)) return Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  return lookup(hostname, { all: true, verbatim: true });
}
