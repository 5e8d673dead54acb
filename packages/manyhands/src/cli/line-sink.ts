/** Where the lines of the output go: standard output, or a file that appears when it is complete.
 *
 *  Guarantees: `write` never waits; `congested` says when to pause, and `whenDrained` until when. A file is written
 *  under another name in the same directory, made durable and renamed, so no reader ever sees half of it. */
import { randomUUID } from "node:crypto";
import { closeSync, fchmodSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { systemReason, UsageError } from "./exit-code.js";
import { fsyncIfPossible } from "./job-log.js";

/** What becomes of an output that is not complete. */
export type Leftover = "discard" | "keep-partial";

export interface LineSink {
  write(text: string): void;
  readonly congested: boolean;
  whenDrained(): Promise<void>;
  /** Everything was written: the output is complete. */
  complete(): Promise<void>;
  /** The run ended early. Returns the name of what is kept, if anything is. */
  abandon(leftover: Leftover): Promise<string | undefined>;
}

const BUFFER_CHARS = 64 * 1024;

/** Standard output. Lines are gathered until the event loop turns, so that a lone line is not delayed and a million
 *  do not cost a million writes. */
export class StreamSink implements LineSink {
  readonly #stream: Writable;
  readonly #beforeWrite: () => void;
  #buffer = "";
  #flush: "none" | "scheduled" = "none";
  #drained: Promise<void> | undefined;

  /** `beforeWrite` clears a progress bar that would stand in the way. */
  constructor(stream: Writable, beforeWrite: () => void) {
    this.#stream = stream;
    this.#beforeWrite = beforeWrite;
  }

  get congested(): boolean {
    return this.#drained !== undefined;
  }

  write(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER_CHARS) return this.#send();
    if (this.#flush === "scheduled") return;
    this.#flush = "scheduled";
    setImmediate(() => this.#send());
  }

  async whenDrained(): Promise<void> {
    await this.#drained;
  }

  async complete(): Promise<void> {
    const text = this.#buffer;
    this.#buffer = "";
    this.#beforeWrite();
    // The callback also comes when the reader has gone: then there is nobody to wait for.
    await new Promise<void>((resolve) => this.#stream.write(text, () => resolve()));
  }

  async abandon(): Promise<undefined> {
    await this.complete();
    return undefined;
  }

  #send(): void {
    this.#flush = "none";
    if (this.#buffer === "") return;
    const text = this.#buffer;
    this.#buffer = "";
    this.#beforeWrite();
    if (this.#stream.write(text) || this.#stream.destroyed) return;
    this.#drained = new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        this.#stream.off("drain", done).off("close", done);
        resolve();
      };
      this.#stream.once("drain", done).once("close", done);
    });
  }
}

/** A file. Written synchronously: to the page cache that is faster than a round through the thread pool, and the order
 *  of result and log line needs no care. */
export class FileSink implements LineSink {
  readonly congested = false;
  readonly #path: string;
  readonly #temporary: string | undefined;
  readonly #file: number;
  #buffer = "";
  #state: "open" | "closed" = "open";
  readonly #removeOnExit = (): void => this.#remove();

  private constructor(path: string, temporary: string | undefined, file: number) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    process.once("exit", this.#removeOnExit);
  }

  static open(asked: string): FileSink {
    try {
      const existing = statSync(asked, { throwIfNoEntry: false });
      if (existing?.isDirectory() === true) throw new UsageError(`cannot write ${asked}: it is a directory`);
      // A device or a pipe cannot be replaced by renaming.
      if (existing !== undefined && !existing.isFile()) return new FileSink(asked, undefined, openSync(asked, "w"));
      // Through a link, the file it points to is replaced, not the link.
      const path = existing === undefined ? asked : realpathSync(asked);
      const temporary = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.tmp`);
      const file = openSync(temporary, "wx");
      if (existing !== undefined) fchmodSync(file, existing.mode);
      return new FileSink(path, temporary, file);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`cannot write ${asked}: ${systemReason(error)}`, { cause: error });
    }
  }

  write(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER_CHARS) this.#flush();
  }

  async whenDrained(): Promise<void> {
    // Never congested: a write is over when it returns.
  }

  async complete(): Promise<void> {
    this.#close();
    if (this.#temporary !== undefined) this.#rename(this.#temporary, this.#path);
  }

  async abandon(leftover: Leftover): Promise<string | undefined> {
    if (this.#temporary === undefined || leftover === "discard") return this.#remove();
    this.#close();
    const partial = `${this.#path}.partial`;
    this.#rename(this.#temporary, partial);
    return partial;
  }

  #flush(): void {
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = "";
    this.#guarded(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    });
  }

  #close(): void {
    this.#flush();
    this.#guarded(() => fsyncIfPossible(this.#file));
    closeSync(this.#file);
    this.#state = "closed";
    process.off("exit", this.#removeOnExit);
  }

  #rename(from: string, to: string): void {
    this.#guarded(() => {
      try {
        renameSync(from, to);
      } catch (error) {
        rmSync(from, { force: true });
        throw error;
      }
    });
  }

  #remove(): undefined {
    if (this.#state === "closed") return;
    this.#state = "closed";
    process.off("exit", this.#removeOnExit);
    closeSync(this.#file);
    if (this.#temporary !== undefined) rmSync(this.#temporary, { force: true });
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new UsageError(`cannot write ${this.#path}: ${systemReason(error)}`, { cause: error });
    }
  }
}

/** No lines at all: the results are in files of their own. */
export class NoSink implements LineSink {
  readonly congested = false;

  write(): void {
    // The result is in its file already.
  }

  async whenDrained(): Promise<void> {
    // Never congested.
  }

  async complete(): Promise<void> {
    // Every file was complete when it appeared.
  }

  async abandon(): Promise<undefined> {
    return undefined;
  }
}
