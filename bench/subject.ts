/** What is measured: something that runs `square(n)` elsewhere or later, behind the same two methods for all. */

/** Where a subject runs its calls. Subjects are compared within one kind. */
export type Kind = "threads" | "processes" | "event-loop";

export interface Subject {
  /** Runs `square(n)`: a promise, or what can be awaited like one, of its own for each call. */
  call(n: number): PromiseLike<number>;
  close(): Promise<unknown>;
}

/** How to make a subject. Modules are loaded inside, so that a round loads the one library that it measures. */
export interface SubjectEntry {
  /** `manyhands`, `limit` (the raw mechanism by hand), or a peer's name. */
  readonly name: string;
  readonly kind: Kind;
  /** The npm package whose version belongs to the figures. */
  readonly package?: string;
  open(workers: number): Promise<Subject>;
}

/** The most calls in flight where a subject limits them on one event loop. */
export const EVENT_LOOP_CONCURRENCY = 16;
