/** What an earlier run left in its job log: who succeeded, who failed, and the results.
 *
 *  Guarantees: keeps nine bytes for each input, not the results, which are read again where they stand; a torn last
 *  line is cut off; anything else that is no job log is refused; the last line of an input is the one that counts. */
import { closeSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { systemReason, UsageError } from "./exit-code.js";
import type { CallOutcome, LogHeader } from "./job-log.js";
import type { ErrorForm } from "./json-form.js";

/** What a run does with inputs that failed before: their failure stands, or they are run again. */
export type Resumption = "resume" | "resume-failed";

/** A line of the log, read back. */
export interface StoredCall {
  readonly outcome: CallOutcome;
  readonly fingerprint: string | undefined;
}

const STATE = { none: 0, ok: 1, failed: 2 } as const;
const BLOCK_BYTES = 2 ** 20;
const NEWLINE = 10;

export class EarlierRun {
  readonly #path: string;
  readonly #file: number;
  readonly #resumption: Resumption;
  #states = new Uint8Array(1024);
  #offsets = new Float64Array(1024);
  #highest = 0;
  #block = Buffer.alloc(0);
  #blockStart = 0;

  private constructor(path: string, file: number, resumption: Resumption) {
    this.#path = path;
    this.#file = file;
    this.#resumption = resumption;
  }

  /** Reads the log at `path` and checks that it belongs to `header`; `undefined` when there is none yet. */
  static open(path: string, header: LogHeader, resumption: Resumption): EarlierRun | undefined {
    const file = openExisting(path);
    if (file === undefined) return undefined;
    const run = new EarlierRun(path, file, resumption);
    const size = statSync(path).size;
    const first = run.#lineAt(0);
    // A run that was killed before its first line was whole has done nothing.
    if (first === undefined) {
      if (size > 0 && !looksTorn(run.#block)) throw new UsageError(`${path}:1: not a job log of manyhands`);
      closeSync(file);
      return undefined;
    }
    requireSame(path, parseHeader(first, path), header);
    run.#readLines(Buffer.byteLength(first) + 1, size);
    return run;
  }

  /** The largest number of an input that the log knows. */
  get highest(): number {
    return this.#highest;
  }

  /** How input `seq` ended, as far as the log knows. */
  stateOf(seq: number): "ok" | "failed" | "none" {
    const state = this.#states[seq];
    return state === STATE.ok ? "ok" : state === STATE.failed ? "failed" : "none";
  }

  /** Whether this input is not run again. */
  stands(seq: number): boolean {
    const state = this.stateOf(seq);
    return state === "ok" || (state === "failed" && this.#resumption === "resume");
  }

  /** How the input ended. Only for one that {@link stands}. */
  read(seq: number): StoredCall {
    const offset = this.#offsets[seq] ?? 0;
    const line = this.#lineAt(offset);
    if (line === undefined) throw new UsageError(`${this.#path}: changed while it was read`);
    const entry = parseEntry(line, this.#path);
    if (entry === undefined || entry.seq !== seq) throw new UsageError(`${this.#path}: changed while it was read`);
    const outcome: CallOutcome =
      entry.status === "failed"
        ? { status: "failed", error: entry.error ?? { name: "Error", message: "" } }
        : { status: "ok", text: JSON.stringify(entry.result ?? null) };
    return { outcome, fingerprint: entry.input };
  }

  close(): void {
    closeSync(this.#file);
  }

  #readLines(from: number, size: number): void {
    let offset = from;
    for (let number = 2; ; number++) {
      const line = this.#lineAt(offset);
      if (line === undefined) break;
      const end = offset + Buffer.byteLength(line) + 1;
      const entry = parseEntry(line, this.#path);
      // Zeros or half a line at the very end are what a crash of the machine leaves; elsewhere they are damage.
      if (entry === undefined && end >= size) break;
      if (entry === undefined) throw new UsageError(`${this.#path}:${number}: not a line of a job log`);
      this.#remember(entry.seq, entry.status, offset);
      offset = end;
    }
    if (offset < size) truncateSync(this.#path, offset);
  }

  #remember(seq: number, status: "ok" | "failed", offset: number): void {
    if (seq >= this.#states.length) {
      const length = Math.max(seq + 1, this.#states.length * 2);
      const [states, offsets] = [new Uint8Array(length), new Float64Array(length)];
      states.set(this.#states);
      offsets.set(this.#offsets);
      [this.#states, this.#offsets] = [states, offsets];
    }
    this.#states[seq] = STATE[status];
    this.#offsets[seq] = offset;
    this.#highest = Math.max(this.#highest, seq);
  }

  /** The whole line at `offset`; `undefined` when it has no end. Neighbouring lines come from one read block. */
  #lineAt(offset: number): string | undefined {
    let start = offset - this.#blockStart;
    let end = start < 0 ? -1 : this.#block.indexOf(NEWLINE, start);
    for (let bytes = BLOCK_BYTES; end < 0; bytes *= 2) {
      const block = Buffer.allocUnsafe(bytes);
      const read = readSync(this.#file, block, 0, bytes, offset);
      this.#block = block.subarray(0, read);
      this.#blockStart = offset;
      start = 0;
      end = this.#block.indexOf(NEWLINE);
      if (end < 0 && read < bytes) return undefined;
    }
    return this.#block.toString("utf8", start, end);
  }
}

interface Entry {
  readonly seq: number;
  readonly status: "ok" | "failed";
  readonly result?: unknown;
  readonly error?: ErrorForm;
  readonly input?: string;
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`, { cause: error });
  }
}

function looksTorn(bytes: Buffer): boolean {
  const start = `{"manyhands":"joblog"`;
  const text = bytes.toString("latin1", 0, start.length);
  return start.startsWith(text) || text.startsWith(start);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseHeader(line: string, path: string): LogHeader {
  const header = parseLine(line);
  const isLog = typeof header === "object" && header !== null && "manyhands" in header && header.manyhands === "joblog";
  if (!isLog) throw new UsageError(`${path}:1: not a job log of manyhands`);
  if (!("version" in header) || header.version !== 1) {
    throw new UsageError(`${path}:1: written by another version of manyhands`);
  }
  return header as unknown as LogHeader;
}

function parseEntry(line: string, path: string): Entry | undefined {
  const entry = parseLine(line);
  if (typeof entry !== "object" || entry === null || !("seq" in entry) || !("status" in entry)) return undefined;
  if (!Number.isSafeInteger(entry.seq) || Number(entry.seq) < 1) return undefined;
  if (Number(entry.seq) > 2 ** 32) throw new UsageError(`${path}: more than 2^32 inputs`);
  return entry.status === "ok" || entry.status === "failed" ? (entry as Entry) : undefined;
}

/** Refuses a log of another run: mixing the results of two functions or inputs would be silent nonsense. */
function requireSame(path: string, was: LogHeader, is: LogHeader): void {
  const start = `cannot resume from ${path}`;
  const end = "remove it, or run without --resume to start again";
  if (was.function.export !== is.function.export) {
    throw new UsageError(`${start}: it is of the function ${was.function.export}, not ${is.function.export}; ${end}`);
  }
  if (was.function.hash !== is.function.hash) {
    throw new UsageError(`${start}: the function changed (${is.function.module} is not what it was); ${end}`);
  }
  if (JSON.stringify(was.input) !== JSON.stringify(is.input)) {
    throw new UsageError(`${start}: the input changed; ${end}`);
  }
  if (was.results !== is.results) {
    throw new UsageError(
      `${start}: that run wrote ${placeOf(was.results)}, this one writes ${placeOf(is.results)}; ${end}`,
    );
  }
}

const placeOf = (results: string): string => (results === "log" ? "one output" : `files ${results}`);
