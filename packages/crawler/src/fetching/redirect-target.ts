/** Where an answer sends its reader. */
import type { IncomingHttpHeaders } from "node:http";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The address in `Location`, made whole, as the server spelt it; `undefined` when the answer is no redirect.
 *  One whose target is no address at all gives `""`. */
export function redirectTarget(status: number, headers: IncomingHttpHeaders, url: string): string | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  const location = headers.location;
  return location !== undefined && URL.canParse(location, url) ? new URL(location, url).href : "";
}
