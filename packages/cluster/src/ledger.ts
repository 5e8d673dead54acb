/** What a client waits for: its jobs, and what becomes of their calls when an agent tells something.
 *
 *  Guarantees: an item is settled once; what arrives a second time is counted and otherwise ignored; memory is bounded by what is
 *  waited for. */
import { type Call, decodeError, type PortEvents, type Runner } from "manyhands/engine";
import type { JobRecord } from "./envelope.js";
import { unpackValue } from "./packed-value.js";
import { localNow, type RedisClock } from "./redis-clock.js";
import type { Part, SentJob } from "./sent-job.js";

/** Jobs that were given up lately, whose outcomes are no duplicates. */
const MOST_GIVEN_UP = 10_000;
/** Results above so many bytes are counted as large copies. */
const LARGE = 1024 * 1024;

type Events = Pick<
  PortEvents<Call>,
  "started" | "fulfilled" | "fulfilledRun" | "rejected" | "lost" | "progress" | "copied"
>;

interface Place {
  readonly job: SentJob;
  readonly part: Part;
}

export class Ledger {
  /** Outcomes that came for items which had one. */
  duplicates = 0;
  /** Jobs that agents have started again. */
  redelivered = 0;
  readonly #events: Events;
  readonly #clock: RedisClock;
  readonly #jobs = new Map<string, SentJob>();
  readonly #places = new Map<Call, Place>();
  /** Which agent had the calls that came back last: it is asked for while their outcomes are told. */
  readonly #runners = new WeakMap<Call, Runner>();
  readonly #givenUp = new Set<string>();

  constructor(events: Events, clock: RedisClock) {
    this.#events = events;
    this.#clock = clock;
  }

  add(job: SentJob): void {
    this.#jobs.set(job.id, job);
    for (const part of job.parts) this.#places.set(part.call, { job, part });
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  job(id: string): SentJob | undefined {
    return this.#jobs.get(id);
  }

  get jobs(): IterableIterator<SentJob> {
    return this.#jobs.values();
  }

  /** In the order in which they were sent. */
  get calls(): readonly Call[] {
    return [...this.#places.keys()];
  }

  jobOf(call: Call): SentJob | undefined {
    return this.#places.get(call)?.job;
  }

  runnerOf(call: Call): Runner | undefined {
    return this.#runners.get(call);
  }

  /** The call is not waited for any more. @returns its job, when nothing of that is. */
  drop(call: Call): SentJob | undefined {
    const place = this.#places.get(call);
    if (place === undefined) return undefined;
    this.#places.delete(call);
    place.job.drop(place.part);
    if (!place.job.over) return undefined;
    this.forget(place.job);
    return place.job;
  }

  /** Nothing is waited for any more. */
  clear(): void {
    this.#jobs.clear();
    this.#places.clear();
  }

  forget(job: SentJob): void {
    this.#jobs.delete(job.id);
    this.expectAgain(job.id);
  }

  /** What else comes of the job is no work that was done twice. */
  expectAgain(id: string): void {
    this.#givenUp.add(id);
    const [oldest] = this.#givenUp;
    if (this.#givenUp.size > MOST_GIVEN_UP && oldest !== undefined) this.#givenUp.delete(oldest);
  }

  /** Something is told of a job. @param runner who tells it. */
  take(record: JobRecord, runner: Runner): void {
    if (record.type === "again") this.redelivered += 1;
    const job = this.#jobs.get(record.job);
    if (job === undefined) return this.#unclaimed(record);
    // Also when it is over: who ran it is asked for while its outcome is told.
    job.runner = runner;
    switch (record.type) {
      case "started":
        return this.#begun(job, runner, this.#clock.local(record.at));
      case "progress":
        if (!job.begun) this.#begun(job, runner, localNow());
        return this.#events.progress(job.first, unpackValue(record.value));
      case "numbers":
        return this.#numbers(job, record, runner);
      case "again":
        return undefined;
      default:
        return this.#outcome(job, record, runner);
    }
  }

  /** All that is left of the job is lost. */
  lose(job: SentJob, error: Error): void {
    for (const item of [...job.open()]) {
      this.#settle(job, item, (call, offset) => this.#events.lost(call, offset, error, job.startedAt, "as-planned"));
    }
  }

  /** All that is left of it fails. */
  reject(job: SentJob, reason: unknown): void {
    for (const item of [...job.open()]) {
      this.#settle(job, item, (call, offset) => this.#events.rejected(call, offset, reason, 0, 0));
    }
  }

  #unclaimed({ type, job }: JobRecord): void {
    // Not what an agent says that only found a job begun too often: nothing was done for that.
    if (type === "value" || type === "error" || type === "numbers") {
      if (!this.#givenUp.has(job)) this.duplicates += 1;
    }
  }

  #begun(job: SentJob, runner: Runner, at: number): void {
    job.startedAt = at;
    for (const { call, left } of job.parts) {
      if (left === 0) continue;
      this.#runners.set(call, runner);
      this.#events.started(call);
    }
  }

  #outcome(
    job: SentJob,
    record: Extract<JobRecord, { readonly type: "value" | "error" | "lost" }>,
    runner: Runner,
  ): void {
    const at = record.at > 0 ? this.#clock.local(record.at) : 0;
    const events = this.#events;
    this.#settle(job, record.item, (call, offset) => {
      this.#runners.set(call, runner);
      if (record.type === "lost") {
        return events.lost(call, offset, asError(decodeError(record.error)), at, record.again);
      }
      if (record.type === "error") return events.rejected(call, offset, decodeError(record.error), at, record.took);
      if ("bytes" in record.value && record.value.bytes.length > LARGE) events.copied(record.value.bytes.length);
      events.fulfilled(call, offset, unpackValue(record.value), at, record.took);
    });
  }

  #numbers(job: SentJob, record: Extract<JobRecord, { readonly type: "numbers" }>, runner: Runner): void {
    const { item, values, durations, longest } = record;
    const starts = record.starts.map((at) => this.#clock.local(at));
    const part = job.settleRun(item, values.length);
    if (part !== undefined && part.count > 1) {
      this.#runners.set(part.call, runner);
      this.#closeIfOver(job, part);
      return this.#events.fulfilledRun(part.call, item - part.from, { values, starts, durations, longest });
    }
    if (part !== undefined) {
      this.#runners.set(part.call, runner);
      this.#closeIfOver(job, part);
      return this.#events.fulfilled(part.call, 0, values[0], starts[0] ?? 0, durations[0] ?? 0);
    }
    for (let at = 0; at < values.length; at += 1) {
      this.#settle(job, item + at, (call, offset) => {
        this.#runners.set(call, runner);
        this.#events.fulfilled(call, offset, values[at], starts[at] ?? 0, durations[at] ?? 0);
      });
    }
  }

  #settle(job: SentJob, item: number, tell: (call: Call, offset: number) => void): void {
    const part = job.settle(item);
    if (part === undefined) {
      this.duplicates += 1;
      return;
    }
    // First: whoever is told may send the same call again.
    this.#closeIfOver(job, part);
    tell(part.call, item - part.from);
  }

  #closeIfOver(job: SentJob, part: Part): void {
    if (part.left === 0) this.#places.delete(part.call);
    if (job.over) this.#jobs.delete(job.id);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
