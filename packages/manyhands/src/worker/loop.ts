/** The loop inside a worker: claims calls in order, runs them, and says how they ended.
 *
 *  Guarantees: at most `limit` calls run at once; every call that was claimed is answered exactly once; outcomes that
 *  wait to be announced are announced before a call that may take long; other work of the thread (timers, sockets,
 *  messages) gets its turn at least every `SLICE` ms as long as no single call takes longer. */
import { TIME_ORIGIN } from "../base/clock.js";
import { RingQueue } from "../base/ring-queue.js";
import { isThenable } from "../base/thenable.js";
import { fitsSlot, type SlotValue } from "../memory/slot-value.js";
import { type Job, type JobCode, type JobHost, LOADING, Run } from "./job.js";
import { enterAlone, leaveAlone, runAlone, runAmong } from "./scope.js";

/** A stretch without a turn of the event loop, in ms. */
const SLICE = 5;
/** Drains no further apart than this belong to one stretch: a port goes on reading messages that arrive while others are
 *  dealt with, up to a thousand of them, and the event loop does not turn between them. In ms. */
const SAME_STRETCH = 0.5;
/** A call known to stay below this is started without announcing what has ended before it, in ms. */
const SHORT = 0.2;
/** Announcements wait no longer than this while short calls run, in ms. */
const ANNOUNCE_EVERY = 1;

/** Not by the name of the global, which is a getter. */
const clock = performance;

/** Whether a task has its thread to itself, so that a plain variable can say which one runs. */
export type TaskScope = "alone" | "among";

export class TaskLoop {
  readonly #host: JobHost;
  readonly #limit: number;
  readonly #scope: TaskScope;
  readonly #queue = new RingQueue<Run>();
  /** Jobs that have started and went on after their first stretch, by slot. */
  readonly #active = new Map<number, Job>();
  /** Codes being loaded for a call that has claimed them. Others that need them wait unclaimed, and can be taken back. */
  readonly #loading = new Set<unknown>();
  /** The job of a call that ended at once, for the next one: a small call costs less than making a job. */
  #spare: Job | undefined;
  /** What a job belongs to that waits to be used again. */
  readonly #nothing: Run;
  #drain: "idle" | "draining" | "yielding" = "idle";
  #unannounced = 0;
  #announcedAt = 0;
  #stretchFrom = 0;
  #drainedAt = Number.NEGATIVE_INFINITY;

  constructor(host: JobHost, limit: number, scope: TaskScope) {
    this.#host = host;
    this.#limit = limit;
    const header = { code: 0, attempt: 1, timeout: undefined, arity: 0, slot: 0, token: 0, count: 0 } as const;
    this.#nothing = new Run(host, { ...header, step: 0, form: "calls" }, [], 0);
    this.#scope = scope;
  }

  get active(): number {
    return this.#active.size;
  }

  get idle(): boolean {
    return this.#active.size === 0 && this.#queue.length === 0;
  }

  push(run: Run): void {
    this.#queue.push(run);
  }

  /** Asks the job in `slot` to stop, if it is still the one meant. */
  stop(slot: number, token: number, reason: unknown): void {
    const job = this.#active.get(slot);
    if (job === undefined || job.token !== token || job.stopped !== undefined) return;
    job.stopped = { reason };
    job.controller?.abort(reason);
  }

  /** Runs what is queued, as far as the limit allows. */
  drain(): void {
    if (this.#drain !== "idle") return;
    this.#drain = "draining";
    let now = clock.now();
    if (now - this.#drainedAt > SAME_STRETCH) this.#stretchFrom = now;
    while (this.#active.size < this.#limit) {
      const run = this.#queue.peek();
      if (run === undefined || (this.#loading.size > 0 && this.#loading.has(run.header.code))) break;
      if (now - this.#stretchFrom > SLICE) return this.#yield();
      now = this.#begin(this.#take(run), now);
      const code = this.#scope === "alone" && run.left > 0 ? this.#host.resolve(run.header.code) : undefined;
      if (this.#active.size > 0 || code === undefined || code instanceof Promise || code.expected >= SHORT) continue;
      now = this.#stretch(run, code, now);
    }
    this.#drain = "idle";
    this.#drainedAt = now;
    this.#announcedAt = now;
    this.#unannounced = 0;
    // Also when there is nothing new: the host may be waiting for the queue to be empty.
    this.#host.announce();
  }

  /** Runs the calls of one run that end at once with small values, as long as nothing else is due. The same as
   *  {@link #begin} for each, in the smallest loop there is: a program's first thousands of calls are run before any of
   *  this is compiled, and cost as much as the functions they go through.
   *  @returns the time. */
  #stretch(run: Run, code: JobCode, from: number): number {
    const { args, header } = run;
    const { arity } = header;
    const until = Math.min(from + SLICE, this.#announcedAt + ANNOUNCE_EVERY);
    const { line } = this.#host;
    const job = this.#take(run);
    job.startedAt = TIME_ORIGIN + from;
    if (!this.#host.claim(job)) return this.#unclaimed(job, from);
    enterAlone(job);
    let began = from;
    // Counted here, and told to the run when the stretch ends.
    let left = run.left;
    for (let at = run.at - arity; ; at += arity) {
      let result: unknown;
      try {
        result = arity === 1 ? code.run(args[at] as never) : code.run(...(args.slice(at, at + arity) as never[]));
        if (typeof result !== "number" && isThenable(result)) {
          this.#passed(run, left);
          return this.#await(job, code, result, began);
        }
      } catch (reason) {
        this.#passed(run, left);
        return this.#failed(job, code, reason, began);
      }
      const now = clock.now();
      const small = typeof result === "number" || fitsSlot(result);
      // What is not the common case ends the stretch, and is done where all calls are.
      if (!small || left === 0 || now >= until || job.context !== undefined) {
        this.#passed(run, left);
        return this.#fulfilled(job, code, result, began);
      }
      const next = TIME_ORIGIN + now;
      if (!line.pass(job, result as SlotValue, now - began, next)) {
        this.#passed(run, left);
        this.#ended(job, now);
        this.#reuse(job);
        return now;
      }
      left -= 1;
      job.slot += 1;
      job.startedAt = next;
      began = now;
    }
  }

  /** The pool has taken the call back; of a row all that is left.
   *  @returns the time. */
  #unclaimed(job: Job, now: number): number {
    const { run } = job;
    if (run.header.form === "row" && run.left > 0) {
      run.skip(run.left);
      this.#queue.shift();
    }
    this.#reuse(job);
    return now;
  }

  /** So many items of the run are left. */
  #passed(run: Run, left: number): void {
    const passed = run.left - left;
    if (passed === 0) return;
    this.#unannounced += passed;
    run.skip(passed);
    if (left === 0) this.#queue.shift();
  }

  #take(run: Run): Job {
    const job = run.next(this.#spare);
    this.#spare = undefined;
    if (run.left === 0) this.#queue.shift();
    return job;
  }

  /** Lets the event loop turn, then goes on. */
  #yield(): void {
    this.#announce(clock.now());
    this.#drain = "yielding";
    setImmediate(() => {
      this.#drain = "idle";
      // However little time the turn took, it was one.
      this.#drainedAt = Number.NEGATIVE_INFINITY;
      this.drain();
    });
  }

  /** @returns the time after what could be done at once. */
  #begin(job: Job, now: number): number {
    const code = this.#host.resolve(job.run.header.code);
    if (code instanceof Promise) {
      this.#load(job, code);
      return clock.now();
    }
    if (this.#unannounced > 0 && (code.expected > SHORT || now - this.#announcedAt > ANNOUNCE_EVERY)) {
      this.#announce(now);
    }
    job.startedAt = TIME_ORIGIN + now;
    if (this.#host.claim(job)) return this.#run(job, code, now);
    return this.#unclaimed(job, now);
  }

  /** The module of a call loads while nothing else could run before it anyway, so the call is claimed already. */
  #load(job: Job, loading: Promise<JobCode>): void {
    job.startedAt = LOADING;
    if (!this.#host.claim(job)) return;
    const { code } = job;
    this.#active.set(job.slot, job);
    this.#loading.add(code);
    this.#announce(clock.now());
    loading.then(
      (loaded) => {
        this.#loading.delete(code);
        const now = clock.now();
        job.startedAt = TIME_ORIGIN + now;
        this.#host.begun(job);
        this.#run(job, loaded, now);
        this.drain();
      },
      (reason: unknown) => {
        this.#loading.delete(code);
        this.#rejected(job, reason, clock.now(), clock.now());
        this.drain();
      },
    );
  }

  #run(job: Job, code: JobCode, from: number): number {
    let result: unknown;
    // Where several share the thread, one may be stopped by what another does in its first stretch, or by itself.
    if (this.#scope === "among") this.#active.set(job.slot, job);
    try {
      result = this.#scope === "alone" ? runAlone(job, code.run) : runAmong(job, code.run);
      // Inside the try: a result whose `then` is a throwing getter is the task's failure, not this loop's.
      if (!isThenable(result)) return this.#fulfilled(job, code, result, from);
    } catch (reason) {
      return this.#failed(job, code, reason, from);
    }
    return this.#await(job, code, result, from);
  }

  #await(job: Job, code: JobCode, result: PromiseLike<unknown>, from: number): number {
    this.#active.set(job.slot, job);
    Promise.resolve(result).then(
      (value) => {
        this.#goOn(this.#fulfilled(job, code, value, from));
      },
      (reason: unknown) => {
        this.#goOn(this.#failed(job, code, reason, from));
      },
    );
    return clock.now();
  }

  /** Runs what is next after a call that awaited something. Perhaps only promises: then the event loop has not turned,
   *  however long it took. */
  #goOn(now: number): void {
    this.#drainedAt = now;
    this.drain();
  }

  #fulfilled(job: Job, code: JobCode, value: unknown, from: number): number {
    const now = clock.now();
    learn(code, now - from);
    this.#ended(job, now);
    this.#host.fulfilled(job, value, now - from);
    // Nobody else knows the job of a call that ended at once without having taken its context.
    if (this.#scope === "alone" && job.context === undefined) this.#reuse(job);
    return now;
  }

  #failed(job: Job, code: JobCode, reason: unknown, from: number): number {
    const now = clock.now();
    learn(code, now - from);
    this.#rejected(job, reason, from, now);
    return now;
  }

  #rejected(job: Job, reason: unknown, from: number, now: number): void {
    this.#ended(job, now);
    this.#host.rejected(job, reason, now - from);
  }

  #ended(job: Job, now: number): void {
    if (this.#scope === "alone") leaveAlone();
    job.phase = "ended";
    if (this.#active.size > 0) this.#active.delete(job.slot);
    if (this.#unannounced === 0) this.#announcedAt = now;
    this.#unannounced += 1;
  }

  #reuse(job: Job): void {
    job.phase = "running";
    job.stopped = undefined;
    // What it was given must not live on with it.
    job.args.fill(undefined);
    job.run = this.#nothing;
    this.#spare = job;
  }

  #announce(now: number): void {
    this.#announcedAt = now;
    if (this.#unannounced === 0) return;
    this.#unannounced = 0;
    this.#host.announce();
  }
}

/** A mean of the latest runs. Not the longest of them: on a busy machine any run may be interrupted, and every call after
 *  it would be announced alone. A call that is long for once holds up outcomes until the pool looks of its own accord. */
function learn(code: JobCode, duration: number): void {
  const { expected } = code;
  code.expected = expected === Number.POSITIVE_INFINITY ? duration : expected + (duration - expected) / 4;
}
