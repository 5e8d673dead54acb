/** The job log: one JSON line for the run, then one for each call that ended.
 *
 *  ```
 *  {"manyhands":"joblog","version":1,"function":{…},"input":{…},"results":"log"}
 *  {"seq":1,"key":"7","start":1763703186123.4,"duration":6.7,"attempt":1,"worker":"threads-1","status":"ok","result":true}
 *  {"seq":2,"key":"x","start":…,"status":"failed","error":{"name":"Error","message":"…"}}
 *  ```
 *  A line holds the result itself, so there is one truth and no second file to keep in step: a resumed run writes its
 *  whole output again, in input order, from the log and from what it computes. With `--out-dir` the file is written
 *  first and the line after it. A line counts when its line break is there; a torn last line never happened.
 *
 *  Guarantees: lines are buffered for a bounded time and size, and written in order; `flush` leaves nothing behind. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { systemReason, UsageError } from "./exit-code.js";
import type { InputIdentity } from "./input-plan.js";
import type { ErrorForm } from "./json-form.js";

/** The first line. */
export interface LogHeader {
  readonly manyhands: "joblog";
  readonly version: 1;
  readonly function: { readonly module: string; readonly export: string; readonly hash: string };
  readonly input: InputIdentity;
  /** Where results are: `"log"`, in the lines of the log itself; else the template of `--out-dir`. */
  readonly results: string;
}

/** How a call ended. `text` is the result in JSON. */
export type CallOutcome =
  | { readonly status: "ok"; readonly text: string }
  | { readonly status: "failed"; readonly error: ErrorForm };

/** What a line says besides the outcome. */
export interface CallRecord {
  /** Number of the input, from 1. */
  readonly seq: number;
  readonly key: string;
  /** ms since the Unix epoch. */
  readonly start: number;
  /** ms. */
  readonly duration: number;
  readonly attempt: number;
  readonly worker: string;
  /** Of a record of a stream. */
  readonly fingerprint: string | undefined;
}

const FLUSH_BYTES = 64 * 1024;
const FLUSH_MS = 100;

export class JobLog {
  readonly #path: string;
  readonly #results: string;
  readonly #file: number;
  #buffer = "";
  #timer: NodeJS.Timeout | undefined;
  #onFailure: (error: UsageError) => void = raise;

  private constructor(path: string, results: string, file: number) {
    this.#path = path;
    this.#results = results;
    this.#file = file;
  }

  /** Starts a log; what the file held is gone, as with GNU parallel. */
  static create(path: string, header: LogHeader): JobLog {
    const log = new JobLog(path, header.results, openLog(path, "w"));
    log.#buffer = `${JSON.stringify(header)}\n`;
    log.flush();
    return log;
  }

  /** Goes on with a log that was read, and cut behind its last whole line. */
  static continue(path: string, header: LogHeader): JobLog {
    return new JobLog(path, header.results, openLog(path, "a"));
  }

  /** Where a failure of the timed flush goes, which has no caller to throw to. */
  onFailure(listener: (error: UsageError) => void): void {
    this.#onFailure = listener;
  }

  append(record: CallRecord, outcome: CallOutcome): void {
    this.#buffer += this.#lineOf(record, outcome);
    if (this.#buffer.length >= FLUSH_BYTES) return this.flush();
    this.#timer ??= setTimeout(() => this.#flushOnTime(), FLUSH_MS).unref();
  }

  /** Writes what is buffered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#buffer === "") return;
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = "";
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw new UsageError(`cannot write ${this.#path}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** Flushes, makes it durable, closes. */
  close(): void {
    try {
      this.flush();
      fsyncIfPossible(this.#file);
    } finally {
      closeSync(this.#file);
    }
  }

  #flushOnTime(): void {
    try {
      this.flush();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#onFailure(error);
    }
  }

  /** Built by hand: a million of these are written, and the result's text is JSON already. */
  #lineOf(record: CallRecord, outcome: CallOutcome): string {
    const input = record.fingerprint === undefined ? "" : `"input":"${record.fingerprint}",`;
    const end =
      outcome.status === "failed"
        ? `"status":"failed","error":${JSON.stringify(outcome.error)}`
        : this.#results === "log"
          ? `"status":"ok","result":${outcome.text}`
          : `"status":"ok"`;
    return (
      `{"seq":${record.seq},"key":${JSON.stringify(record.key)},"start":${rounded(record.start)},` +
      `"duration":${rounded(record.duration)},"attempt":${record.attempt},"worker":${JSON.stringify(record.worker)},` +
      `${input}${end}}\n`
    );
  }
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

function raise(error: UsageError): never {
  throw error;
}

function openLog(path: string, flags: "w" | "a"): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}

/** A pipe or a device has nothing to make durable. */
export function fsyncIfPossible(file: number): void {
  try {
    fsyncSync(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "EINVAL" || error.code === "ENOTSUP")))
      throw error;
  }
}
