/** What can be measured, and what a measurement gives. */
import type { Kind } from "./subject.js";

/** How much work a round does: all of it, or what a look needs. */
export type Scale = "full" | "quick";

/** What a round gives, by the names of its figures, such as `{ cold: 812_000, warm: 1_020_000 }`. A round may leave out
 *  what it did not measure. */
export type Figures = Readonly<Record<string, number>>;

/** One of the figures that a measure gives. */
export interface Figure {
  /** As the rows name it behind the measure; may be empty when there is just one. */
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
}

/** Somebody who takes part in a measure. */
export interface Participant {
  /** `manyhands`, `limit` (the raw mechanism by hand), or a peer's name. */
  readonly name: string;
  readonly kind: Kind;
  /** The npm package whose version belongs to the figures. */
  readonly package?: string;
  /** A program that must be there. */
  readonly needs?: "python3";
  /** One round, in a process of its own. `round` counts from 1. */
  run(scale: Scale, round: number): Promise<Figures>;
}

export interface Measure {
  /** The first word is the command's word for it, and measures may share it: `headline` runs all that begin with it. */
  readonly name: string;
  /** One line that says what is measured and how. */
  readonly title: string;
  /** In the order of the tables. */
  readonly figures: readonly Figure[];
  readonly participants: readonly Participant[];
  /** The peers that a quick look includes, beside manyhands and the limit: the fastest of each kind. */
  readonly quickPeers: readonly string[];
  /** The kinds that a quick look includes; all without it. */
  readonly quickKinds?: readonly Kind[];
  /** With which Node runs its rounds, such as a limit of its memory. */
  readonly nodeOptions?: readonly string[];
}

/** What the rounds gave for one participant: its figures, or why there are none. */
export interface Outcome {
  readonly participant: Pick<Participant, "name" | "kind">;
  readonly figures: Figures[];
  failure?: string;
}

/** One line of the results. */
export interface Row {
  /** The measure, its figure and the kind of subject, such as `"submit cold, threads"`. */
  readonly measure: string;
  readonly kind: Kind;
  readonly subject: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  /** How many times better than the best peer, and than the raw limit. In the rows of manyhands only. */
  readonly toBestPeer: number | null;
  readonly toLimit: number | null;
}
