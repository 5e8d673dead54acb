/** From what executors tell to the events of a timeline. */
import type { TaskEnded, TaskMessage, TaskRun, TaskSubmitted, WorkerMessage } from "../pool/watch-messages.js";
import { Activity, type ExecutorActivity } from "./activity.js";
import type { TraceSink } from "./trace-file.js";
import { TraceRows } from "./trace-rows.js";

/** The row of all submits: process and thread. */
const PROGRAM = { pid: 0, tid: 0 };
/** A submit is a moment, but arrows begin at slices. In µs, as all times of events are. */
const SUBMIT = 0.25;
/** How exact a time since 1970 in ms is in a double: by so much neighbours may seem to overlap. */
const GRAIN = 0.25;
/** Counters are written at most so often, in µs. */
const COUNT_EVERY = 1000;

export class Tracer {
  readonly #file: TraceSink;
  readonly #rows: TraceRows;
  readonly #activity = new Activity();
  readonly #origin = performance.timeOrigin + performance.now();
  /** Calls that have not ended, and since when they wait. */
  readonly #open = new Map<number, { readonly message: TaskSubmitted; readonly submitAt: number; since: number }>();
  /** When counters of an executor were last written. */
  readonly #counted = new Map<number, number>();
  #submitEnd = 0;
  #state: "open" | "ended" = "open";

  constructor(file: TraceSink) {
    this.#file = file;
    this.#rows = new TraceRows(file);
    file.write({ ph: "M", name: "process_name", ...PROGRAM, args: { name: "program" } });
    file.write({ ph: "M", name: "thread_name", ...PROGRAM, args: { name: "submits" } });
    file.write({ ph: "i", name: "trace begins", ...PROGRAM, ts: 0, s: "t", args: { epochMs: this.#origin } });
  }

  heardOfTask(message: TaskMessage): void {
    switch (message.type) {
      case "submitted":
        this.#submitted(message);
        break;
      case "started":
        this.#waited(message.id, this.#time(message.at));
        break;
      case "retrying":
        if (message.run !== undefined) this.#ran(message, message.run, "failed");
        this.#waitsAgain(message.id, this.#time(message.at));
        break;
      case "ended":
        this.#ended(message);
        break;
      case "handed":
      case "returned":
        break;
    }
    this.#count(this.#activity.heardOfTask(message), this.#time(message.at));
  }

  heardOfWorker(message: WorkerMessage): void {
    const { worker, at, type } = message;
    const ts = this.#time(at);
    const { pid, tid } = this.#rows.of(worker, ts, ts);
    const how = type === "exited" || type === "crashed" ? { exitCode: message.exitCode, signal: message.signal } : {};
    this.#file.write({ ph: "i", name: `worker ${type}`, pid, tid, ts, s: "t", args: { id: worker.id, ...how } });
    this.#count(this.#activity.heardOfWorker(message), ts);
  }

  /** Writes what is still open. Idempotent. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    const now = this.#time(performance.timeOrigin + performance.now());
    for (const id of [...this.#open.keys()]) this.#waited(id, now);
    for (const executor of this.#activity.executors) this.#writeCounters(executor, now);
  }

  /** µs since the trace began. */
  #time(epochMs: number): number {
    return Math.max(0, Math.round((epochMs - this.#origin) * 1e6) / 1000);
  }

  #submitted(message: TaskSubmitted): void {
    const ts = Math.max(this.#time(message.at), this.#submitEnd);
    this.#submitEnd = ts + SUBMIT;
    this.#open.set(message.id, { message, submitAt: ts, since: ts });
    const { args, argBytes, item } = message;
    const what = { call: message.id, args, argBytes, item };
    this.#file.write({ ph: "X", name: `submit ${message.task}`, ...PROGRAM, ts, dur: SUBMIT, args: what });
  }

  /** A wait is over. */
  #waited(id: number, until: number): void {
    const open = this.#open.get(id);
    if (open === undefined || open.since === Number.POSITIVE_INFINITY) return;
    const { message, since } = open;
    open.since = Number.POSITIVE_INFINITY;
    const wait = { name: message.task, cat: "wait", id, pid: message.executor.id, tid: 0 };
    this.#file.write({ ph: "b", ...wait, ts: since });
    this.#file.write({ ph: "e", ...wait, ts: Math.max(since, until) });
  }

  #waitsAgain(id: number, since: number): void {
    const open = this.#open.get(id);
    if (open !== undefined) open.since = since;
  }

  #ran(message: TaskMessage, run: TaskRun, outcome: TaskEnded["outcome"]): void {
    const ts = this.#time(run.startedAt);
    const dur = Math.max(0, Math.round(run.duration * 1e6) / 1000 - GRAIN);
    const row = this.#rows.of(run.worker, ts, ts + dur);
    const { id, task: name, attempt } = message;
    this.#file.write({ ph: "X", name, cat: outcome, ...row, ts, dur, args: { call: id, attempt, outcome } });
    const open = this.#open.get(id);
    if (open === undefined || attempt > 1) return;
    const arrow = { name: "call", cat: "call", id };
    this.#file.write({ ph: "s", ...arrow, ...PROGRAM, ts: open.submitAt });
    this.#file.write({ ph: "f", ...arrow, ...row, ts, bp: "e" });
  }

  #ended(message: TaskEnded): void {
    this.#waited(message.id, this.#time(message.at));
    if (message.run !== undefined) this.#ran(message, message.run, message.outcome);
    this.#open.delete(message.id);
  }

  #count(executor: ExecutorActivity, ts: number): void {
    const before = this.#counted.get(executor.executor.id) ?? Number.NEGATIVE_INFINITY;
    if (ts - before >= COUNT_EVERY) this.#writeCounters(executor, ts);
  }

  #writeCounters({ executor, waiting, atWorkers, busy }: ExecutorActivity, ts: number): void {
    this.#counted.set(executor.id, ts);
    const row = { ph: "C", pid: executor.id, tid: 0, ts } as const;
    this.#file.write({ ...row, name: "calls", args: { waiting, "at workers": atWorkers } });
    this.#file.write({ ...row, name: "busy workers", args: { busy } });
  }
}
