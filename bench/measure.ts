/** What can be measured, and what a measurement gives. */
import type { Kind, SubjectEntry } from "./subject.js";

/** How much work a round does. */
export interface Scale {
  /** Calls in a measurement. */
  readonly calls: number;
  /** Calls pending at a time. */
  readonly window: number;
  /** How long the warm part goes on at least, in ms. */
  readonly warmFor: number;
}

/** One figure of each kind that a measure gives, by its name, such as `{ cold: 812_000, warm: 1_020_000 }`. */
export type Figures = Readonly<Record<string, number>>;

export interface Measure {
  readonly name: string;
  /** One line that says what is measured and how. */
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly full: Scale;
  readonly quick: Scale;
  /** The names of its figures, in the order of the tables. */
  readonly figures: readonly string[];
  readonly subjects: readonly SubjectEntry[];
  /** One round, in a process of its own. */
  run(entry: SubjectEntry, scale: Scale): Promise<Figures>;
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
