/** A call inside its worker, and the runs of calls that wait there.
 *
 *  Guarantees: waiting costs nothing for each call: a run of hundreds is one object, and a call becomes a job only when
 *  it starts. */
import type { SlotValue } from "../memory/slot-value.js";
import type { TaskContext } from "./context.js";

/** How the loop reaches its pool. One implementation for each kind of worker. */
export interface JobHost {
  readonly worker: TaskContext["worker"];
  /** Takes the call for good; false when the pool has taken it back. */
  claim(job: Job): boolean;
  /** A call that was claimed while its module was loading has begun. */
  begun(job: Job): void;
  fulfilled(job: Job, value: unknown, duration: number): void;
  rejected(job: Job, reason: unknown, duration: number): void;
  /** Makes known what `fulfilled` may have kept back. */
  announce(): void;
  tookContext(job: Job): void;
  stopRequested(job: Job): boolean;
  progress(job: Job, value: unknown): void;
  /** The function that a call names: itself, or a promise while its module loads. */
  resolve(code: unknown): JobCode | Promise<JobCode>;
  /** Directly: what goes through it is the smallest of calls. */
  readonly line: PassingLine;
}

/** What the loop uses of its worker's line. */
export interface PassingLine {
  /** The call that runs came to this: makes it known, and claims the next call of its run, in the slot behind it.
   *  @param next when that begins, epoch ms. @returns whether it is claimed; if not, it is to be claimed by itself. */
  pass(job: Job, value: SlotValue, duration: number, next: number): boolean;
}

/** A loaded function, and what this worker has learnt about it. */
export interface JobCode {
  readonly run: (...args: never[]) => unknown;
  /** How long it is expected to run, in ms; `Infinity` before the first run. */
  expected: number;
}

/** What calls of one run have in common. */
export interface RunHeader {
  /** What `JobHost.resolve` finds the function by. */
  readonly code: unknown;
  readonly attempt: number;
  readonly timeout: number | undefined;
  /** Arguments of each call. */
  readonly arity: number;
  /** Slot and token of the first call. */
  readonly slot: number;
  readonly token: number;
  /** By how much the token grows from call to call. */
  readonly step: 0 | 1;
  readonly count: number;
  /** `row`: items of a map, owned through one word; what is taken back is the end of them. */
  readonly form: "calls" | "row";
}

/** Calls of one function in neighbouring slots. */
export class Run {
  readonly host: JobHost;
  readonly header: RunHeader;
  /** Holds the arguments of the next call from `at` on. */
  readonly args: readonly unknown[];
  at: number;
  #taken = 0;

  /** @param args holds the arguments of all its calls from `at` on. */
  constructor(host: JobHost, header: RunHeader, args: readonly unknown[], at: number) {
    this.host = host;
    this.header = header;
    this.args = args;
    this.at = at;
  }

  /** Calls that have not been taken. */
  get left(): number {
    return this.header.count - this.#taken;
  }

  /** What the call in a slot is claimed by. */
  tokenOf(slot: number): number {
    const { token, slot: first, step } = this.header;
    return (token + (slot - first) * step) | 0;
  }

  /** Takes the next call out. @param job one to be used again: it has ended, and nobody knows it any more. */
  next(job: Job | undefined): Job {
    const { arity } = this.header;
    const slot = this.header.slot + this.#taken;
    const { at } = this;
    this.#taken += 1;
    this.at = at + arity;
    if (job === undefined) return new Job(this, slot, this.args.slice(at, this.at));
    job.run = this;
    job.slot = slot;
    // Written over, not made anew: what the function was given is a copy of the list, and nobody else holds it.
    if (job.args.length !== arity) job.args.length = arity;
    for (let each = 0; each < arity; each += 1) job.args[each] = this.args[at + each];
    return job;
  }

  /** The next `count` calls have been run without having been taken one by one. */
  skip(count: number): void {
    this.#taken += count;
    this.at += count * this.header.arity;
  }
}

/** A call that starts, runs or has ended. */
export class Job {
  run: Run;
  slot: number;
  readonly args: unknown[];
  startedAt = 0;
  context: TaskContext | undefined = undefined;
  controller: AbortController | undefined = undefined;
  stopped: { readonly reason: unknown } | undefined = undefined;
  /** Code that a task leaves behind may still find its job when the job has ended, and must change nothing. */
  phase: "running" | "ended" = "running";

  constructor(run: Run, slot: number, args: unknown[]) {
    this.run = run;
    this.slot = slot;
    this.args = args;
  }

  get host(): JobHost {
    return this.run.host;
  }

  /** What the function is found by. */
  get code(): unknown {
    return this.run.header.code;
  }

  get token(): number {
    return this.run.tokenOf(this.slot);
  }

  get form(): RunHeader["form"] {
    return this.run.header.form;
  }

  get attempt(): number {
    return this.run.header.attempt;
  }

  get timeout(): number | undefined {
    return this.run.header.timeout;
  }
}

/** In the place of a start time: the call is claimed, and its module is being loaded. */
export const LOADING = -1;
