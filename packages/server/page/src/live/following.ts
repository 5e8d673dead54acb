/** What the page knows, message by message: pure.
 *
 *  Guarantees: deltas are applied in the order of their numbers, each once, on the picture of the server that they are of; what
 *  does not fit is never guessed at, but is a `gap`, for which a fresh picture is needed. */
import { applied } from "../../../src/dashboard/apply.js";
import type { Farewell, Picture, ToPage } from "../../../src/dashboard/protocol.js";

/** What is known. */
export interface Known {
  readonly seq: number;
  readonly picture: Picture;
  /** How many messages a snapshot stood for, because this page was too slow for them; 0: it keeps up. */
  readonly skipped: number;
}

export type Step =
  | { readonly kind: "known"; readonly known: Known }
  | { readonly kind: "over"; readonly why: Farewell["why"] }
  | { readonly kind: "gap" };

/** Takes a message in.
 *
 *  @param fresh whether the message is the first of a connection, where a snapshot is no sign of being slow. */
export function follow(before: Known | undefined, message: ToPage, place: "first" | "later"): Step {
  switch (message.type) {
    case "farewell":
      return { kind: "over", why: message.why };
    case "snapshot": {
      const { seq, picture } = message;
      const late = place === "later" && before?.picture.hub === picture.hub ? seq - before.seq : 0;
      return { kind: "known", known: { seq, picture, skipped: Math.max(0, late) } };
    }
    case "delta": {
      if (before === undefined || message.seq !== before.seq + 1) return { kind: "gap" };
      const { seq, changes } = message;
      return { kind: "known", known: { seq, picture: applied(before.picture, changes), skipped: before.skipped } };
    }
  }
}
