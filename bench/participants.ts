/** From subjects, which know how to call a task, to the participants of a measure, which know what to do with them. */
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Figures, Participant, Scale } from "./measure.js";
import { SUBJECTS } from "./peers/all.js";
import type { Kind, Subject, SubjectEntry } from "./subject.js";
import type { TaskName } from "./tasks/all.js";

export const WORKERS: number = availableParallelism();

/** What a measure does with a subject. */
export interface Round {
  readonly entry: SubjectEntry;
  readonly scale: Scale;
  /** Counted from 1. */
  readonly round: number;
  open(workers?: number): Promise<Subject>;
}

export interface Choice {
  readonly kinds?: readonly Kind[];
  /** Names; without it all that can run the task. */
  readonly only?: readonly string[];
  /** Names of those that the measure has a way of its own for. */
  readonly except?: readonly string[];
}

/** The subjects that can run `task`, as participants that do `run`. */
export function participantsOf(
  task: TaskName,
  run: (round: Round) => Promise<Figures>,
  choice: Choice = {},
): Participant[] {
  const { kinds = ["threads", "processes"], only, except = [] } = choice;
  return SUBJECTS.filter(
    ({ name, kind, tasks }) =>
      kinds.includes(kind) &&
      (tasks === undefined || tasks.includes(task)) &&
      (only === undefined || only.includes(name)) &&
      !except.includes(name),
  ).map((entry) => ({
    ...entry,
    run: (scale, round) => run({ entry, scale, round, open: (workers = WORKERS) => entry.open(workers, task) }),
  }));
}

/** A pool whose end never comes is not waited for: the figures are there, and the process exits. */
export function abandon(subject: Subject): void {
  void Promise.resolve(subject.close()).catch(() => undefined);
}

/** For measures to which the end belongs.
 *  @throws Error when it does not come. */
export async function closeInTime(subject: Subject, ms = 5000): Promise<void> {
  const late = Symbol("late");
  // It keeps the process alive: without it, an end that never comes would be the process's, and say nothing.
  const patience = new AbortController();
  const timeUp = setTimeout(ms, late, { signal: patience.signal });
  timeUp.catch(() => undefined);
  const end = await Promise.race([subject.close(), timeUp]);
  patience.abort();
  if (end === late) throw new Error(`its end does not come in ${ms} ms`);
}
