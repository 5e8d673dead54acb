/** The call marks of one worker process, in a small file that pool and worker both hold open.
 *
 *  Processes share no memory without native code, but they share the page cache: a `pwrite` of one sees the next
 *  `pread` of the other, and neither ever blocks. It costs 1–2 µs a call, only for calls handed over ahead of turn.
 *
 *  Guarantees: a call is run by the worker or taken back by the pool, never both; a call of which both lay hold at the
 *  same moment is skipped by the worker, who says so, and goes back to the pool. As in Dekker's algorithm each side
 *  writes its own mark first and reads the other's after, so at least one of them sees the other. See PROTOCOL.md.
 *
 *  Layout: SLOTS × 4 bytes: claimed, recalled, stop, unused. A mark holds the call's generation (1–255); 0 is none. */
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const FILE_SLOTS = 1024;
const CLAIMED = 0;
const RECALLED = 1;
const STOP = 2;
let made = 0;

/** The pool's side of the file. Once it is disposed of nothing is written: the descriptor's number may by then be that
 *  of a file of the user's. */
export class CallFile implements Disposable {
  readonly fd: number;
  readonly #marks: Marks;
  #open: "open" | "closed" = "open";

  constructor() {
    made += 1;
    const path = join(tmpdir(), `manyhands-${process.pid}-${made}-${Math.random().toString(36).slice(2)}`);
    this.fd = openSync(path, "wx+", 0o600);
    // The descriptor is all that is needed; without the name nothing is left behind, however this process ends.
    unlinkSync(path);
    ftruncateSync(this.fd, FILE_SLOTS * 4);
    this.#marks = new Marks(this.fd);
  }

  /** @returns true when the worker will never run the call. */
  recall(slot: number, generation: number): boolean {
    if (this.#open === "closed") return true;
    this.#marks.write(slot, RECALLED, generation);
    return this.#marks.read(slot, CLAIMED) !== generation;
  }

  /** Wipes the marks of a slot whose generations begin anew, so that old ones are not taken for new. */
  wipe(slot: number): void {
    if (this.#open === "closed") return;
    for (const mark of [CLAIMED, RECALLED, STOP]) this.#marks.write(slot, mark, 0);
  }

  requestStop(slot: number, generation: number): void {
    if (this.#open === "closed") return;
    this.#marks.write(slot, STOP, generation);
  }

  [Symbol.dispose](): void {
    if (this.#open === "open") closeSync(this.fd);
    this.#open = "closed";
  }
}

/** The worker's side of the file, by inherited descriptor. */
export class InheritedCallFile {
  readonly #marks: Marks;

  constructor(fd: number) {
    this.#marks = new Marks(fd);
  }

  /** @returns false when the pool has taken, or may have taken, the call back: then it must not run. */
  claim(slot: number, generation: number): boolean {
    this.#marks.write(slot, CLAIMED, generation);
    return this.#marks.read(slot, RECALLED) !== generation;
  }

  stopRequested(slot: number, generation: number): boolean {
    return this.#marks.read(slot, STOP) === generation;
  }
}

class Marks {
  readonly #fd: number;
  readonly #byte = Buffer.alloc(1);

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(slot: number, mark: number, generation: number): void {
    this.#byte[0] = generation;
    writeSync(this.#fd, this.#byte, 0, 1, slot * 4 + mark);
  }

  read(slot: number, mark: number): number {
    readSync(this.#fd, this.#byte, 0, 1, slot * 4 + mark);
    return this.#byte[0] ?? 0;
  }
}
