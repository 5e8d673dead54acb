/** What can become of an address: one tagged state, and one table of legal moves.
 *
 *  Guarantees: whoever moves an address goes through {@link moved}; an end is final. */
import { InvariantError } from "manyhands";

/** Why an address gave no page though nothing failed. */
export type SkipReason =
  /** Forbidden by robots.txt, or robots.txt could not be had. */
  | "robots"
  /** An address that a site can make without end. */
  | "trap"
  /** Neither HTML nor what `accept` names. */
  | "content-type"
  /** The page names another address as its own (`rel=canonical`). */
  | "duplicate"
  /** Answered with nothing to read: 204, 304 and the like. */
  | "empty";

/** How an address stands. */
export type AddressState =
  | { readonly kind: "queued" }
  | { readonly kind: "fetching" }
  /** Its page waits for the consumer, or is in its hands. */
  | { readonly kind: "fetched" }
  | { readonly kind: "done" }
  /** A sitemap that was read. */
  | { readonly kind: "listed" }
  | { readonly kind: "redirected"; readonly to: string }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly to?: string }
  | { readonly kind: "failed"; readonly code: string };

type Kind = AddressState["kind"];

/** `fetching → queued` is another attempt; `queued → skipped` is what needs no request to be known. */
export const LEGAL_MOVES: Readonly<Record<Kind, readonly Kind[]>> = {
  queued: ["fetching", "skipped", "failed"],
  fetching: ["queued", "fetched", "listed", "redirected", "skipped", "failed"],
  fetched: ["done"],
  done: [],
  listed: [],
  redirected: [],
  skipped: [],
  failed: [],
};

/** The end of an address: what is written down, and never changes. */
export type AddressEnd = Exclude<AddressState, { readonly kind: "queued" | "fetching" | "fetched" }>;

export const isEnd = (state: AddressState): state is AddressEnd => LEGAL_MOVES[state.kind].length === 0;

/** The state after a move.
 *  @throws InvariantError when the table does not have that move. */
export function moved(address: string, from: AddressState, to: AddressState): AddressState {
  if (LEGAL_MOVES[from.kind].includes(to.kind)) return to;
  throw new InvariantError(`${address} cannot go from ${from.kind} to ${to.kind}`);
}
