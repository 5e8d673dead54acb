/** Who owns each call of one worker process: marks in a small file that pool and worker both hold open.
 *
 *  Processes share no memory without native code, but they share the page cache: a `pwrite` of one sees the next
 *  `pread` of the other, and neither ever blocks (0.4 µs each). The worker claims short calls a block at a time.
 *
 *  Guarantees: a call is run by the worker or taken back by the pool, never both; a call of which both lay hold at the
 *  same moment is skipped by the worker, who says so, and goes back to the pool. See PROTOCOL.md.
 *
 *  Layout, in bytes; a token counts the calls sent to this worker, in the order in which it runs them:
 *  ```
 *  0     claimed    token i32: calls up to this one are the worker's; token i32 and start f64 of the one it began with
 *  32    taken      values by the pool, arguments by the worker: see parcels.ts
 *  64    recalled   SLOTS × 1: the mark of the call that the pool has taken back
 *  …     stop       SLOTS × 1: the mark of the call that is asked to stop
 *  …     starts     SLOTS × 16: token i32, flags i32, start f64, of calls that run beside others or took their context
 *  …     outcomes   see outcome-ring.ts
 *  …     values, arguments; large values, large arguments: see byte-room.ts
 *  ``` */
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARGE_ROOM, type Place, SMALL_ROOM } from "./byte-room.js";
import { OutcomeReader, type OutcomeVisitor, OutcomeWriter, RING_BYTES } from "./outcome-ring.js";
import { type ParcelLayout, ParcelReader, ParcelWriter } from "./parcels.js";

export const FILE_SLOTS = 2048;
/** How long the worker may go on without looking at the marks of calls taken back, in ms. */
export const LEASE = 1;
const RECALLED_AT = 64;
const STOP_AT = RECALLED_AT + FILE_SLOTS;
const STARTS_AT = STOP_AT + FILE_SLOTS;
const START_BYTES = 16;
/** On a page of its own, so that no record lies across two pages. */
const RING_AT = Math.ceil((STARTS_AT + FILE_SLOTS * START_BYTES) / 4096) * 4096;
const PARCELS_AT = RING_AT + RING_BYTES;
const LARGE_AT = PARCELS_AT + 2 * SMALL_ROOM;
const VALUES: ParcelLayout = { taken: 32, small: PARCELS_AT, large: LARGE_AT };
const ARGUMENTS: ParcelLayout = { taken: 40, small: PARCELS_AT + SMALL_ROOM, large: LARGE_AT + LARGE_ROOM };
const COOPERATIVE = 1;
let made = 0;

/** What a call is marked with: never 0, which is no mark, and never that of the slot's former calls. */
function markOf(token: number): number {
  return (token & 127) + 1;
}

/** Whether the call of token `a` was sent after that of token `b`. Tokens wrap. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** One entry of four bytes, four bytes and a double, which is how claims and starts are written. */
class Entry {
  readonly bytes = new Uint8Array(16);
  readonly #words = new Int32Array(this.bytes.buffer);
  readonly #doubles = new Float64Array(this.bytes.buffer);

  get first(): number {
    return this.#words[0] ?? 0;
  }

  get second(): number {
    return this.#words[1] ?? 0;
  }

  get start(): number {
    return this.#doubles[1] ?? 0;
  }

  write(fd: number, at: number, first: number, second: number, start: number): void {
    this.#words[0] = first;
    this.#words[1] = second;
    this.#doubles[1] = start;
    writeSync(fd, this.bytes, 0, 16, at);
  }

  read(fd: number, at: number): this {
    readSync(fd, this.bytes, 0, 16, at);
    return this;
  }
}

/** What the worker has claimed. */
export interface Claimed {
  /** Calls up to this token are the worker's. */
  readonly upTo: number;
  /** The call that the claim began with, and when that started. */
  readonly token: number;
  readonly startedAt: number;
}

/** The pool's side of the file. Once it is disposed of nothing is written: the descriptor's number may by then be that
 *  of a file of the user's. */
export class CallFile implements Disposable {
  readonly fd: number;
  readonly #outcomes: OutcomeReader;
  readonly #entry = new Entry();
  readonly #byte = new Uint8Array(1);
  /** Slots with a mark, which must be gone before the slot is used again. */
  readonly #marked = new Set<number>();
  readonly #values: ParcelReader;
  readonly #arguments: ParcelWriter;
  #open: "open" | "closed" = "open";

  /** @param fd from {@link openCallFile}; closed when this is disposed of. */
  constructor(fd: number) {
    this.fd = fd;
    this.#values = new ParcelReader(this.fd, VALUES);
    this.#arguments = new ParcelWriter(this.fd, ARGUMENTS);
    this.#outcomes = new OutcomeReader(this.fd, RING_AT);
  }

  /** Whether it is not disposed of. */
  get state(): "open" | "closed" {
    return this.#open;
  }

  /** Shows the outcomes that were not taken yet, and takes them. */
  take(visitor: OutcomeVisitor): void {
    if (this.#open === "closed") return;
    this.#outcomes.take(visitor);
    this.#values.tell();
  }

  /** The bytes of a value that a record has placed; to be read while that record is shown. */
  value(place: Place): Buffer {
    return this.#values.read(place, (most) => this.#outcomes.placedFrom(place, most));
  }

  /** The value's place is needed no more, once the records at hand have been shown. */
  passValue(place: Place): void {
    this.#values.pass(place);
  }

  /** Puts bytes where the worker finds them. @returns where; -1 when there is no room. */
  putArguments(bytes: Uint8Array): Place {
    return this.#open === "open" ? this.#arguments.put(bytes) : -1;
  }

  /** Shows the outcomes that were not taken yet, and leaves them. The visitor must not take any. */
  peek(visitor: OutcomeVisitor): void {
    if (this.#open === "open") this.#outcomes.peek(visitor);
  }

  /** Gives back the pages of large values. For a worker that holds no call: nothing of them is in use then. */
  trim(): void {
    if (this.#open === "open") ftruncateSync(this.fd, LARGE_AT);
  }

  /** Marks the call as taken back. It is, when the worker's claim, read afterwards, does not reach it. */
  recall(slot: number, token: number): void {
    this.#mark(RECALLED_AT + slot, slot, token);
  }

  requestStop(slot: number, token: number): void {
    this.#mark(STOP_AT + slot, slot, token);
  }

  /** Wipes the marks of a slot that is free, so that they are not taken for those of its next call. */
  wipe(slot: number): void {
    if (this.#open === "closed" || !this.#marked.delete(slot)) return;
    this.#byte[0] = 0;
    for (const at of [RECALLED_AT, STOP_AT]) writeSync(this.fd, this.#byte, 0, 1, at + slot);
  }

  /** The same for neighbours. */
  wipeRun(slot: number, count: number): void {
    if (this.#marked.size > 0) for (let at = slot; at < slot + count; at += 1) this.wipe(at);
  }

  claimed(): Claimed {
    const { first, second, start } = this.#open === "open" ? this.#entry.read(this.fd, 0) : this.#entry;
    return { upTo: first, token: second, startedAt: start };
  }

  /** When a call started that runs beside others; 0 when that is not known. */
  startedAt(slot: number, token: number): number {
    const entry = this.#startOf(slot);
    return entry?.first === token ? entry.start : 0;
  }

  cooperative(slot: number, token: number): boolean {
    const entry = this.#startOf(slot);
    return entry?.first === token && (entry.second & COOPERATIVE) !== 0;
  }

  [Symbol.dispose](): void {
    if (this.#open === "open") closeSync(this.fd);
    this.#open = "closed";
  }

  #startOf(slot: number): Entry | undefined {
    return this.#open === "open" ? this.#entry.read(this.fd, STARTS_AT + slot * START_BYTES) : undefined;
  }

  #mark(at: number, slot: number, token: number): void {
    if (this.#open === "closed") return;
    this.#marked.add(slot);
    this.#byte[0] = markOf(token);
    writeSync(this.fd, this.#byte, 0, 1, at);
  }
}

/** The worker's side of the file, by inherited descriptor. */
export class InheritedCallFile {
  readonly outcomes: OutcomeWriter;
  readonly values: ParcelWriter;
  readonly #arguments: ParcelReader;
  readonly #fd: number;
  readonly #entry = new Entry();
  readonly #byte = new Uint8Array(1);
  /** The marks as they were when the last claim was made. */
  readonly #recalled = new Uint8Array(FILE_SLOTS);

  constructor(fd: number) {
    this.#fd = fd;
    this.outcomes = new OutcomeWriter(fd, RING_AT);
    this.values = new ParcelWriter(fd, VALUES);
    this.#arguments = new ParcelReader(fd, ARGUMENTS);
  }

  /** Takes the bytes that the pool has put there. */
  takeArguments(place: Place): Buffer {
    const bytes = this.#arguments.read(place);
    this.#arguments.pass(place);
    this.#arguments.tell();
    return bytes;
  }

  /** Says which calls are the worker's from now on: those up to `upTo`, which may be fewer than before. */
  own(upTo: number, token: number, startedAt: number): void {
    this.#entry.write(this.#fd, 0, upTo, token, startedAt);
  }

  /** Claims the calls up to `upTo`, then looks which of them the pool has taken back: `recalled` tells. */
  claim(upTo: number, token: number, startedAt: number): void {
    this.own(upTo, token, startedAt);
    readSync(this.#fd, this.#recalled, 0, FILE_SLOTS, RECALLED_AT);
  }

  /** Whether the pool had taken, or may have taken, the call back when the last claim was made: then it must not run. */
  recalled(slot: number, token: number): boolean {
    return this.#recalled[slot] === markOf(token);
  }

  started(slot: number, token: number, startedAt: number): void {
    this.#entry.write(this.#fd, STARTS_AT + slot * START_BYTES, token, 0, startedAt);
  }

  markCooperative(slot: number, token: number, startedAt: number): void {
    this.#entry.write(this.#fd, STARTS_AT + slot * START_BYTES, token, COOPERATIVE, startedAt);
  }

  stopRequested(slot: number, token: number): boolean {
    readSync(this.#fd, this.#byte, 0, 1, STOP_AT + slot);
    return this.#byte[0] === markOf(token);
  }
}

/** Opens a new file for the calls of one worker, without a name. @returns its descriptor. */
export function openCallFile(): number {
  // Memory first: a file on a disk may keep its writers waiting while it is written out.
  for (const folder of process.platform === "linux" ? ["/dev/shm"] : []) {
    try {
      return openIn(folder);
    } catch {
      // Not there, not writable or full: the ordinary place does as well.
    }
  }
  return openIn(tmpdir());
}

function openIn(folder: string): number {
  made += 1;
  const path = join(folder, `manyhands-${process.pid}-${made}-${Math.random().toString(36).slice(2)}`);
  const fd = openSync(path, "wx+", 0o600);
  try {
    // The descriptor is all that is needed; without the name nothing is left behind, however this process ends.
    unlinkSync(path);
    // Written, not only made long: that there is no room shows here, and not in the middle of a call.
    const zeros = new Uint8Array(RING_AT + RING_BYTES);
    if (writeSync(fd, zeros) < zeros.length) throw new Error(`no room for ${zeros.length} bytes in ${folder}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
