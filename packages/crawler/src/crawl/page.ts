/** What a crawl gives. */
import type { SkipReason } from "../frontier/address-state.js";
import type { Origin } from "../frontier/journal.js";

/** A page that came, whatever its status.
 *  @typeParam R what `extract` returns, or the fields of `select` */
export interface Page<R = unknown> {
  readonly url: string;
  /** HTTP status. Pages of errors are given too, but their links are not followed. */
  readonly status: number;
  /** Links followed from a seed to here; the shortest way, when there is a `maxDepth`. */
  readonly depth: number;
  /** How the address came into the crawl. */
  readonly origin: Origin;
  readonly title: string;
  /** Whole addresses, each once, in the order of the page. */
  readonly links: readonly string[];
  /** Characters that a reader sees. */
  readonly textLength: number;
  /** Bytes of the page, unpacked. */
  readonly bytes: number;
  readonly contentType: string;
  /** How the bytes were read: `utf-8`, `windows-1252` … */
  readonly charset: string;
  /** What `extract` returned, or what `select` has found. */
  readonly record: R | undefined;
  /** The page's text, with `content: "keep"`. */
  readonly html: string | undefined;
  /** In ms. */
  readonly timings: PageTimings;
}

export interface PageTimings {
  /** From the request to the end of the body. */
  readonly fetch: number;
  /** Reading the page and taking the record, waiting for a worker included. */
  readonly parse: number;
}

/** An address that gave no page. */
export type Miss =
  | { readonly kind: "skipped"; readonly url: string; readonly reason: SkipReason; readonly detail: string }
  | { readonly kind: "failed"; readonly url: string; readonly code: string; readonly detail: string };

/** Why a crawl has ended. */
export type CrawlEnd = "complete" | "max-pages" | "max-bytes" | "max-time" | "drained" | "stopped";

/** A frozen snapshot of a crawl. */
export interface CrawlStats {
  /** Addresses known, with those of earlier runs. */
  readonly found: number;
  /** Addresses that wait for their turn, or for another attempt. */
  readonly queued: number;
  /** Requests under way. */
  readonly fetching: number;
  /** Pages being read by the executor. */
  readonly parsing: number;
  /** Pages that wait for the consumer. */
  readonly ready: number;
  /** Pages that the consumer has done with. */
  readonly done: number;
  readonly redirected: number;
  readonly skipped: number;
  readonly failed: number;
  /** Further attempts. */
  readonly retried: number;
  readonly hosts: number;
  /** Bytes of bodies, unpacked. */
  readonly bytes: number;
  /** Ms that this crawl has run, with earlier runs. */
  readonly elapsed: number;
}
