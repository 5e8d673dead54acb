/** The loop inside a worker: claims calls in order, runs them, and says how they ended.
 *
 *  Guarantees: at most `limit` calls run at once; every call that was claimed is answered exactly once; outcomes that
 *  wait to be announced are announced before a call that may take long; other work of the thread (timers, sockets,
 *  messages) gets its turn at least every `SLICE` ms as long as no single call takes longer. */
import { RingQueue } from "../base/ring-queue.js";
import { isThenable } from "../base/thenable.js";
import type { Outcome } from "../futures/mod.js";
import type { TaskContext } from "./context.js";
import { leaveAlone, runAlone, runAmong } from "./scope.js";

/** How the loop reaches its pool. One implementation for each kind of worker. */
export interface JobHost {
  readonly worker: TaskContext["worker"];
  /** Takes the call for good; false when the pool has taken it back. */
  claim(job: Job): boolean;
  /** A call that was claimed while its module was loading has begun. */
  begun(job: Job): void;
  settled(job: Job, outcome: Outcome<unknown>, duration: number): void;
  /** Makes known what `settled` may have kept back. */
  announce(): void;
  tookContext(job: Job): void;
  stopRequested(job: Job): boolean;
  progress(job: Job, value: unknown): void;
  /** The code of a call: itself, or a promise while its module loads. */
  resolve(job: Job): JobCode | Promise<JobCode>;
}

/** A loaded function, and what this worker has learnt about it. */
export interface JobCode {
  readonly run: (...args: never[]) => unknown;
  /** Longest of its recent runs in ms; `Infinity` before the first. */
  longest: number;
}

/** A call inside the worker. */
export class Job {
  readonly host: JobHost;
  readonly slot: number;
  readonly token: number;
  readonly code: unknown;
  readonly args: readonly unknown[];
  readonly attempt: number;
  readonly timeout: number | undefined;
  startedAt = 0;
  context: TaskContext | undefined = undefined;
  controller: AbortController | undefined = undefined;
  stopped: { readonly reason: unknown } | undefined = undefined;
  /** Code that a task leaves behind may still find its job when the job has ended, and must change nothing. */
  phase: "running" | "ended" = "running";

  constructor(
    host: JobHost,
    slot: number,
    token: number,
    code: unknown,
    args: readonly unknown[],
    attempt: number,
    timeout: number | undefined,
  ) {
    this.host = host;
    this.slot = slot;
    this.token = token;
    this.code = code;
    this.args = args;
    this.attempt = attempt;
    this.timeout = timeout;
  }
}

/** In the place of a start time: the call is claimed, and its module is being loaded. */
export const LOADING = -1;

/** A stretch without a turn of the event loop, in ms. */
const SLICE = 5;
/** A call known to stay below this is started without announcing what has ended before it, in ms. */
const SHORT = 0.2;
/** Announcements wait no longer than this while short calls run, in ms. */
const ANNOUNCE_EVERY = 1;

/** Whether a task has its thread to itself, so that a plain variable can say which one runs. */
export type TaskScope = "alone" | "among";

export class TaskLoop {
  readonly #host: JobHost;
  readonly #limit: number;
  readonly #scope: TaskScope;
  readonly #queue = new RingQueue<Job>();
  /** Jobs that have started and not ended, by slot. */
  readonly #active = new Map<number, Job>();
  /** Codes being loaded for a call that has claimed them. Others that need them wait unclaimed, and can be taken back. */
  readonly #loading = new Set<unknown>();
  #drain: "idle" | "draining" | "yielding" = "idle";
  #unannounced = 0;
  #announcedAt = 0;

  constructor(host: JobHost, limit: number, scope: TaskScope) {
    this.#host = host;
    this.#limit = limit;
    this.#scope = scope;
  }

  get active(): number {
    return this.#active.size;
  }

  get queued(): number {
    return this.#queue.length;
  }

  push(job: Job): void {
    this.#queue.push(job);
  }

  /** Asks the job in `slot` to stop, if it is still the one meant. */
  stop(slot: number, token: number, reason: unknown): void {
    const job = this.#active.get(slot);
    if (job === undefined || job.token !== token || job.stopped !== undefined) return;
    job.stopped = { reason };
    job.controller?.abort(reason);
  }

  /** Gives up a job that runs: its place is free for another. Its outcome will still be told. */
  forget(slot: number): void {
    const job = this.#active.get(slot);
    if (job === undefined) return;
    job.phase = "ended";
    this.#active.delete(slot);
    this.drain();
  }

  /** Runs what is queued, as far as the limit allows. */
  drain(): void {
    if (this.#drain !== "idle") return;
    this.#drain = "draining";
    const from = performance.now();
    let now = from;
    while (this.#queue.length > 0 && this.#active.size < this.#limit) {
      if (now - from > SLICE) return this.#yield();
      const job = this.#queue.peek();
      if (job === undefined || this.#loading.has(job.code)) break;
      this.#queue.shift();
      now = this.#begin(job, now);
    }
    this.#drain = "idle";
    this.#announcedAt = now;
    this.#unannounced = 0;
    // Also when there is nothing new: the host may be waiting for the queue to be empty.
    this.#host.announce();
  }

  /** Lets the event loop turn, then goes on. */
  #yield(): void {
    this.#announce(performance.now());
    this.#drain = "yielding";
    setImmediate(() => {
      this.#drain = "idle";
      this.drain();
    });
  }

  /** @returns the time after what could be done at once. */
  #begin(job: Job, now: number): number {
    const code = this.#host.resolve(job);
    if (code instanceof Promise) {
      this.#load(job, code);
      return performance.now();
    }
    return this.#start(job, code, now);
  }

  /** The module of a call loads while nothing else could run before it anyway, so the call is claimed already. */
  #load(job: Job, code: Promise<JobCode>): void {
    if (!this.#claim(job, LOADING)) return;
    this.#loading.add(job.code);
    this.#announce(performance.now());
    code.then(
      (loaded) => {
        this.#loading.delete(job.code);
        const now = performance.now();
        job.startedAt = performance.timeOrigin + now;
        this.#host.begun(job);
        this.#run(job, loaded, now);
        this.drain();
      },
      (reason: unknown) => {
        this.#loading.delete(job.code);
        this.#settle(job, { status: "rejected", reason }, performance.now(), performance.now());
        this.drain();
      },
    );
  }

  #start(job: Job, code: JobCode, now: number): number {
    if (this.#unannounced > 0 && (code.longest > SHORT || now - this.#announcedAt > ANNOUNCE_EVERY)) {
      this.#announce(now);
    }
    return this.#claim(job, performance.timeOrigin + now) ? this.#run(job, code, now) : now;
  }

  #claim(job: Job, startedAt: number): boolean {
    job.startedAt = startedAt;
    if (!this.#host.claim(job)) return false;
    this.#active.set(job.slot, job);
    return true;
  }

  #run(job: Job, code: JobCode, from: number): number {
    let result: unknown;
    try {
      result = this.#scope === "alone" ? runAlone(job, code.run) : runAmong(job, code.run);
      // Inside the try: a result whose `then` is a throwing getter is the task's failure, not this loop's.
      if (!isThenable(result)) return this.#end(job, code, { status: "fulfilled", value: result }, from);
    } catch (reason) {
      return this.#end(job, code, { status: "rejected", reason }, from);
    }
    Promise.resolve(result).then(
      (value) => {
        this.#end(job, code, { status: "fulfilled", value }, from);
        this.drain();
      },
      (reason: unknown) => {
        this.#end(job, code, { status: "rejected", reason }, from);
        this.drain();
      },
    );
    return performance.now();
  }

  #end(job: Job, code: JobCode, outcome: Outcome<unknown>, from: number): number {
    const now = performance.now();
    const duration = now - from;
    // Falls slowly and rises at once: what was long lately is expected to be long again.
    code.longest = code.longest === Number.POSITIVE_INFINITY ? duration : Math.max(duration, code.longest * 0.99);
    this.#settle(job, outcome, from, now);
    return now;
  }

  #settle(job: Job, outcome: Outcome<unknown>, from: number, now: number): void {
    if (this.#scope === "alone") leaveAlone();
    job.phase = "ended";
    this.#active.delete(job.slot);
    if (this.#unannounced === 0) this.#announcedAt = now;
    this.#unannounced += 1;
    this.#host.settled(job, outcome, now - from);
  }

  #announce(now: number): void {
    this.#announcedAt = now;
    if (this.#unannounced === 0) return;
    this.#unannounced = 0;
    this.#host.announce();
  }
}
