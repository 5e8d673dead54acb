/** The worker's end of its connection with the pool, in a process: outcomes and claims in the call file, messages on a
 *  pipe. See memory/PROTOCOL.md.
 *
 *  Guarantees: what a call came to is out of this process before the next call begins; calls that were claimed and do
 *  not begin at once are given up again, before anything else of this process may run. */
import { serializer } from "../base/serializer.js";
import {
  fitsSlot,
  InheritedCallFile,
  isAfter,
  LEASE,
  type Place,
  RECORD,
  recordKind,
  type SlotValue,
} from "../memory/mod.js";
import { FrameWriter } from "./frames.js";
import type { Job } from "./job.js";
import { type FromWorker, LOOK } from "./messages.js";
import type { Line } from "./worker-host.js";

/** A look at the call file costs a system call; a busy loop that asks all the time is answered from the last look. */
const LOOK_EVERY = 0.05;
/** Kept from the start: a task may replace the clock, and the protocol rests on this one. */
const clock: () => number = performance.now.bind(performance);
/** The work that is claimed at once, in ms, as far as is known. */
const BLOCK = 0.25;
/** And no more calls than this. */
const BLOCK_CALLS = 256;

export class ProcessLine implements Line {
  readonly kind = "process";
  readonly id: number = process.pid;
  readonly #limit: number;
  readonly #frames = new FrameWriter(4);
  readonly #file = new InheritedCallFile(5);
  readonly #looks = new WeakMap<Job, { readonly at: number; readonly stop: boolean }>();
  /** By function's index: the longest of its recent runs, in ms. */
  readonly #longest: number[] = [];
  /** The last call that has been received, that is claimed, that has begun; the function of the claimed ones. */
  #received = 0;
  #claimed = 0;
  #begun = 0;
  #begunAt = 0;
  #code: unknown;
  /** When the marks were read. */
  #lookedAt = 0;
  #ring: "announced" | "news" = "announced";
  #first: "to come" | "here" | "answered" = "to come";
  /** How long the call ran whose outcome is posted next. */
  #ran: { readonly job: Job; readonly duration: number; readonly reports: "some" | "none" } | undefined;

  /** @param limit calls that run at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls have come, of which this is the last. */
  received(last: number): void {
    this.#received = last;
    if (this.#first === "to come") this.#first = "here";
  }

  /** Whether the pool waits for the answer to the first calls. */
  get hurries(): boolean {
    return this.#first === "here";
  }

  post(message: FromWorker): void {
    const ran = this.#ran;
    if (ran === undefined) return this.#frames.message(message, 0, 0);
    const { job, duration, reports } = ran;
    // What stands in the file is seen before what is still in the pipe.
    const places = message !== LOOK && message.type === "value" && reports === "none";
    const place = places ? this.#place(message.value) : -1;
    if (place < 0) this.#frames.message(message, job.startedAt, duration);
    this.#ran = undefined;
    // After the value or message: a record without it would be an outcome that is known to be there, and is not.
    const kind = place < 0 ? RECORD.message : RECORD.placed;
    this.#file.outcomes.write(job.slot, job.token, kind, Math.max(place, 0), job.startedAt, duration);
    this.#ring = "news";
  }

  /** Takes the calls that the pool has put into the call file. */
  takeArguments(place: Place): Buffer {
    return this.#file.takeArguments(place);
  }

  /** Puts a value into the call file. @returns where; -1 when it must be a message. */
  #place(value: unknown): Place {
    return this.#file.values.put(serializer().serialize(value));
  }

  claim(job: Job): boolean {
    // Taken now, after the outcome of the call before has been written: the time until which the marks are good.
    const now = clock();
    if (isAfter(job.token, this.#claimed) || job.code !== this.#code || now - this.#lookedAt > LEASE) {
      this.#claim(job, now);
    }
    if (this.#file.recalled(job.slot, job.token)) return this.#skip(job);
    this.#begun = job.token;
    this.#begunAt = job.startedAt;
    return true;
  }

  pass(job: Job, value: SlotValue, duration: number, next: number): boolean {
    this.publish(job, value, duration);
    const [slot, token] = [job.slot + 1, (job.token + 1) | 0];
    if (isAfter(token, this.#claimed) || clock() - this.#lookedAt > LEASE || this.#file.recalled(slot, token))
      return false;
    this.#begun = token;
    this.#begunAt = next;
    return true;
  }

  begun(job: Job): void {
    if (this.#limit === 1) this.#file.own(this.#claimed, job.token, job.startedAt);
    else this.#file.started(job.slot, job.token, job.startedAt);
  }

  stopRequested(job: Job): boolean {
    const now = clock();
    const last = this.#looks.get(job);
    // Once asked to stop, always asked to stop.
    if (last !== undefined && (last.stop || now - last.at < LOOK_EVERY)) return last.stop;
    const stop = this.#file.stopRequested(job.slot, job.token);
    this.#looks.set(job, { at: now, stop });
    return stop;
  }

  tookContext(job: Job): void {
    this.#file.markCooperative(job.slot, job.token, job.startedAt);
  }

  publish(job: Job, value: unknown, duration: number): boolean {
    if (!fitsSlot(value)) return false;
    const number = typeof value === "number" ? value : 0;
    this.#file.outcomes.write(job.slot, job.token, recordKind(value), number, job.startedAt, duration);
    this.#ring = "news";
    this.#learn(job, duration);
    return true;
  }

  ended(job: Job, duration: number, reports: "some" | "none"): void {
    this.#ran = { job, duration, reports };
    this.#learn(job, duration);
  }

  announce(): void {
    // What is claimed and has not begun may wait now for something other than the calls before it.
    if (isAfter(this.#claimed, this.#begun)) this.#giveUp();
    if (this.#ring === "announced") return;
    this.#ring = "announced";
    this.#first = "answered";
    this.#frames.look();
  }

  memory(): number {
    return process.memoryUsage.rss();
  }

  exit(code: number): void {
    process.exit(code);
  }

  /** Claims the call, and those behind it that are short enough to begin almost at once. */
  #claim(job: Job, now: number): void {
    const longest = this.#limit === 1 ? (this.#longest[job.code as number] ?? BLOCK) : BLOCK;
    const calls = Math.max(1, Math.min(BLOCK_CALLS, Math.floor(BLOCK / longest)));
    const last = (job.token + calls - 1) | 0;
    this.#claimed = isAfter(last, this.#received) ? this.#received : last;
    this.#code = job.code;
    this.#lookedAt = now;
    if (this.#limit > 1) this.#file.started(job.slot, job.token, job.startedAt);
    this.#file.claim(this.#claimed, job.token, job.startedAt);
  }

  #giveUp(): void {
    this.#claimed = this.#begun;
    this.#file.own(this.#begun, this.#begun, this.#begunAt);
  }

  #skip(job: Job): false {
    this.#begun = job.token;
    this.#file.outcomes.write(job.slot, job.token, RECORD.skipped, 0, 0, 0);
    this.#ring = "news";
    // At once: the pool may be waiting for the call, and the next one may be long.
    this.announce();
    return false;
  }

  /** Falls slowly and rises at once, as in the loop. */
  #learn(job: Job, duration: number): void {
    const index = job.code as number;
    this.#longest[index] = Math.max(duration, (this.#longest[index] ?? 0) * 0.95);
  }
}
