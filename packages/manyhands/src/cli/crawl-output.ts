/** Where the records of a crawl go, and how far they have come.
 *
 *  Guarantees: a record is in the file, or with whoever reads standard output, when `write` returns or `whenDrained` resolves; the
 *  position that is noted in the state of a crawl is that of whole records; the output of a crawl that is continued is
 *  cut back to where its state was, so that no record is there twice. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { parse } from "csv-parse/sync";
import type { CrawlRequest } from "./crawl-command.js";
import { systemReason, UsageError } from "./exit-code.js";
import { FileSink, type LineSink, StreamSink } from "./line-sink.js";
import { type Renderer, rendererOf } from "./output-format.js";

/** Records on their way out. */
export interface RecordOutput {
  readonly sink: LineSink;
  readonly renderer: Renderer;
  /** How far the output has come, in bytes; `undefined` where it cannot be continued. */
  readonly position: (() => number) | undefined;
}

/** Opens the output.
 *  @param resumedAt how far it had come when its crawl was broken off; `undefined` when there was none
 *  @throws UsageError when it cannot be written, or is not what the earlier run has left. */
export function openOutput(
  { output, state }: Pick<CrawlRequest, "output" | "state">,
  resumedAt: number | undefined,
  stdout: NodeJS.WritableStream & import("node:stream").Writable,
  beforeWrite: () => void,
): RecordOutput {
  if (output.kind === "stdout") {
    const renderer = rendererOf(output.format, "skipped");
    return { sink: new StreamSink(stdout, beforeWrite), renderer, position: undefined };
  }
  if (state === undefined) {
    return { sink: FileSink.open(output.path), renderer: rendererOf(output.format, "skipped"), position: undefined };
  }
  const sink = ContinuedFile.open(output.path, resumedAt ?? 0);
  const columns = output.format === "csv" && sink.position > 0 ? sink.header() : undefined;
  return { sink, renderer: rendererOf(output.format, "skipped", columns), position: () => sink.position };
}

/** A file that grows record by record, over several runs. Not one that appears when it is complete: what has been written by a
 *  run that is killed is to stay. */
class ContinuedFile implements LineSink {
  readonly congested = false;
  readonly #path: string;
  readonly #file: number;
  position: number;

  private constructor(path: string, file: number, position: number) {
    this.#path = path;
    this.#file = file;
    this.position = position;
  }

  static open(path: string, position: number): ContinuedFile {
    try {
      const file = openSync(path, position === 0 ? "w+" : "r+");
      const { size } = fstatSync(file);
      if (size < position) {
        closeSync(file);
        throw new UsageError(`${path} is shorter (${size} bytes) than the crawl has left it (${position} bytes)`);
      }
      // Records of pages that the state does not know: they will come again.
      ftruncateSync(file, position);
      return new ContinuedFile(path, file, position);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** Written at once, with one call for a record: only what has been written may be noted. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; )
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.position + at);
    } catch (error) {
      throw new UsageError(`cannot write ${this.#path}: ${systemReason(error)}`, { cause: error });
    }
    this.position += bytes.length;
  }

  /** The columns in its first line. */
  header(): readonly string[] {
    const head = Buffer.alloc(Math.min(this.position, MOST_HEADER_BYTES));
    const length = readSync(this.#file, head, 0, head.length, 0);
    const [columns] = parse(head.subarray(0, length), { to: 1, relax_quotes: true }) as string[][];
    return columns ?? [];
  }

  async whenDrained(): Promise<void> {
    // Never congested: a write is over when it returns.
  }

  async complete(): Promise<void> {
    closeSync(this.#file);
  }

  async abandon(): Promise<undefined> {
    closeSync(this.#file);
  }
}

const MOST_HEADER_BYTES = 64 * 1024;
