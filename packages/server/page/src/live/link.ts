/** How the page is connected: one tagged state and the table of its moves. */

export type Link =
  /** Nothing is known yet. */
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The connection is gone; another is tried at `retryAt` (epoch ms). */
  | { readonly kind: "lost"; readonly attempt: number; readonly retryAt: number }
  /** A token is wanted: there is none, or it was refused. */
  | { readonly kind: "locked"; readonly why: "no-token" | "wrong-token" }
  /** What was watched is over: the picture is the last one. */
  | { readonly kind: "over" };

const NEXT = {
  connecting: ["live", "lost", "locked", "over"],
  live: ["connecting", "lost", "over"],
  lost: ["connecting", "live", "lost", "locked", "over"],
  locked: ["connecting"],
  over: [],
} as const satisfies Record<Link["kind"], readonly Link["kind"][]>;

export function mayBecome(from: Link["kind"], to: Link["kind"]): boolean {
  return (NEXT[from] as readonly Link["kind"][]).includes(to);
}

/** ms to wait before attempt `attempt` (from 1): doubling up to a limit, each a little different, so that many pages do not
 *  come back to a restarted server at one stroke. `chance` is from 0 to 1. */
export function pauseBefore(attempt: number, chance: number): number {
  const longest = Math.min(5000, 250 * 2 ** (attempt - 1));
  return longest * (0.75 + chance * 0.25);
}
