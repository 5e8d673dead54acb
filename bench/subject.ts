/** Who is measured: something that runs a function elsewhere or later, behind the same few methods for all. */
import type { TaskName } from "./tasks/all.js";

/** Where a subject runs its calls. Subjects are compared within one kind. */
export type Kind = "threads" | "processes" | "event-loop";

export interface Subject {
  /** Runs the task with `value`: a promise, or what can be awaited like one, of its own for each call. */
  call(value: unknown): PromiseLike<unknown>;
  /** Runs the task for each item, where the subject has a way of its own for that. */
  map?(items: readonly unknown[]): PromiseLike<readonly unknown[]>;
  /** Runs the task for each item as results are taken, where the subject has a way of its own for that. */
  stream?(items: Iterable<unknown>): AsyncIterable<unknown>;
  close(): Promise<unknown>;
}

/** How to make a subject. Modules are loaded inside, so that a round loads the one library that it measures. */
export interface SubjectEntry {
  /** `manyhands`, `limit` (the raw mechanism by hand), or a peer's name. */
  readonly name: string;
  readonly kind: Kind;
  /** The npm package whose version belongs to the figures. */
  readonly package?: string;
  /** The tasks that it can run; all without it. */
  readonly tasks?: readonly TaskName[];
  open(workers: number, task: TaskName): Promise<Subject>;
}

/** The most calls in flight where a subject limits them on one event loop. */
export const EVENT_LOOP_CONCURRENCY = 16;
