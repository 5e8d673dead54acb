/** The calls that are worth a look: the slowest of late, and those that failed, put together by what they failed with.
 *
 *  Guarantees: each list is bounded, and holds no error object, which could hold anything. */
import type { TaskEnded, TaskMessage, TaskRetrying, TaskRun, WatchedExecutor } from "../pool/watch-messages.js";

/** Which executor it was: its facts, and not what leads to it. */
export type ExecutorFacts = Pick<WatchedExecutor, "id" | "kind" | "name">;

export function factsOf({ id, kind, name }: WatchedExecutor): ExecutorFacts {
  return { id, kind, name };
}

/** A call that took long. */
export interface SlowCall {
  readonly id: number;
  readonly task: string;
  readonly executor: ExecutorFacts;
  readonly attempt: number;
  readonly worker: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** In ms. */
  readonly duration: number;
}

/** Attempts that failed with the same error, but for numbers and quoted texts in its message. */
export interface FailureGroup {
  /** Unique in its aggregate. */
  readonly id: number;
  readonly task: string;
  readonly executor: ExecutorFacts;
  /** The error's name. */
  readonly name: string;
  readonly code: string | undefined;
  /** Of the last. */
  readonly message: string;
  /** Of the last. */
  readonly stack: string | undefined;
  readonly count: number;
  /** Of them, those after which the call was tried again. */
  readonly retried: number;
  /** Epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** The numbers of the latest calls, at most `SOME_CALLS`, the latest first. */
  readonly calls: readonly number[];
}

const SOME_CALLS = 5;

export class SlowCalls {
  readonly #most: number;
  readonly #windowMs: number;
  /** The slowest first. */
  #calls: SlowCall[] = [];

  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  add(
    { id, task, attempt, executor }: TaskEnded | TaskRetrying,
    { worker, startedAt, duration }: TaskRun,
    at: number,
  ): void {
    const last = this.#calls[this.#most - 1];
    if (last !== undefined && last.duration >= duration && this.#isOfLate(last, at)) return;
    const call = { id, task, executor: factsOf(executor), attempt, worker: worker.name, startedAt, duration };
    this.#calls = [...this.list(at), call].sort((a, b) => b.duration - a.duration).slice(0, this.#most);
  }

  list(at: number): readonly SlowCall[] {
    return this.#calls.filter((call) => this.#isOfLate(call, at));
  }

  #isOfLate({ startedAt, duration }: SlowCall, at: number): boolean {
    return startedAt + duration > at - this.#windowMs;
  }
}

export class Failures {
  readonly #most: number;
  /** The one that was last met last. */
  readonly #groups = new Map<string, FailureGroup>();
  #made = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the group's number. */
  add({ id: call, task, executor, at }: TaskMessage, error: unknown, fate: "final" | "retried"): number {
    const { name, code, message, stack } = told(error);
    const pattern = message.replace(/"[^"]*"|'[^']*'|`[^`]*`|\d+/g, "#");
    const key = JSON.stringify([executor.id, task, name, code, pattern]);
    const before = this.#groups.get(key);
    this.#made += before === undefined ? 1 : 0;
    const id = before?.id ?? this.#made;
    this.#groups.delete(key);
    this.#groups.set(key, {
      id,
      task,
      executor: factsOf(executor),
      name,
      code,
      message,
      stack,
      count: (before?.count ?? 0) + 1,
      retried: (before?.retried ?? 0) + (fate === "retried" ? 1 : 0),
      firstAt: before?.firstAt ?? at,
      lastAt: at,
      calls: [call, ...(before?.calls ?? [])].slice(0, SOME_CALLS),
    });
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > this.#most && oldest !== undefined) this.#groups.delete(oldest);
    return id;
  }

  /** The latest first. */
  list(): readonly FailureGroup[] {
    return [...this.#groups.values()].reverse();
  }
}

/** In UTF-16 units: a message may hold a whole document. */
const LONGEST = 1000;

function told(error: unknown): Pick<FailureGroup, "name" | "code" | "message" | "stack"> {
  if (!(error instanceof Error)) {
    return { name: typeof error, code: undefined, message: cut(described(error)), stack: undefined };
  }
  const code: unknown = Reflect.get(error, "code");
  return {
    name: String(error.name),
    code: typeof code === "string" ? code : undefined,
    message: cut(String(error.message)),
    stack: typeof error.stack === "string" ? error.stack.slice(0, 4 * LONGEST) : undefined,
  };
}

function described(thrown: unknown): string {
  try {
    return typeof thrown === "object" ? (JSON.stringify(thrown) ?? "undefined") : String(thrown);
  } catch {
    // A circle, or a toJSON that throws.
    return Object.prototype.toString.call(thrown);
  }
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
