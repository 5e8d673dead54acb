/** A file of trace events in Chrome's JSON array form, which Perfetto and chrome://tracing read.
 *
 *  Guarantees: memory is bounded by one buffer, whatever the length of the trace; the file ends as complete JSON when it is
 *  closed, or when the program exits; of a program that is killed it holds what was written, and an array that is not closed is
 *  valid in this format. A failure to write ends the writing, and is told once, by `close`. */
import { closeSync, openSync, writeSync } from "node:fs";

/** One event; times in µs. What the letters mean: "Trace Event Format", Google. */
export interface TraceEvent {
  readonly ph: "X" | "b" | "e" | "s" | "f" | "C" | "M" | "i";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly bp?: "e";
  readonly s?: "t";
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Where a trace is written. */
export interface TraceSink {
  write(event: TraceEvent): void;
}

/** In UTF-16 units. */
const BUFFER = 64 * 1024;

type State =
  | { readonly kind: "open"; readonly fd: number }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "closed" };

export class TraceFile implements TraceSink {
  #state: State;
  #text = "[\n";
  #first = true;
  // Written at once then: an asynchronous write would not come to its end.
  readonly #exit = (): void => this.#end();

  /** @throws the system's error when the file cannot be opened. */
  constructor(path: string | URL) {
    this.#state = { kind: "open", fd: openSync(path, "w") };
    process.on("exit", this.#exit);
  }

  write(event: TraceEvent): void {
    if (this.#state.kind !== "open") return;
    this.#text += this.#first ? JSON.stringify(event) : `,\n${JSON.stringify(event)}`;
    this.#first = false;
    if (this.#text.length >= BUFFER) this.#flush();
  }

  /** Completes the file. Idempotent.
   *  @throws what writing failed with, now or before. */
  close(): void {
    this.#end();
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "failed") throw state.error;
  }

  #end(): void {
    process.off("exit", this.#exit);
    this.#text += "\n]\n";
    this.#flush();
    const state = this.#state;
    if (state.kind !== "open") return;
    this.#state = { kind: "closed" };
    closeSync(state.fd);
  }

  /** Not asynchronously: the program submits and settles at its own pace, and what waits to be written would pile up. */
  #flush(): void {
    const state = this.#state;
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    if (state.kind !== "open") return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(state.fd, bytes, at);
    } catch (error) {
      this.#state = { kind: "failed", error };
      closeSync(state.fd);
    }
  }
}
