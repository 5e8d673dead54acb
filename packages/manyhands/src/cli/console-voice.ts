/** Everything the command says on standard error: messages, failures, progress.
 *
 *  Guarantees: a bar is drawn only on a terminal, and never mixed with another line; elsewhere progress is a plain line
 *  every few seconds, and a run that is shorter says nothing; colour only on a terminal without NO_COLOR. */
import type { WriteStream } from "node:tty";
import type { ProgressView } from "./progress-line.js";
import { progressLine, progressText } from "./progress-line.js";

/** How a stream can be written to. */
export type Look = "plain" | "terminal" | "coloured-terminal";

const DEFAULT_COLUMNS = 80;
const REDRAW_MS = 100;
const PLAIN_MS = 5000;
const ERASE_LINE = "\r\x1b[2K";
const MOST_FAILURES_ON_TERMINAL = 20;

/** NO_COLOR counts when it is there and not empty (no-color.org). */
export function lookOf(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Look {
  if (stream.isTTY !== true) return "plain";
  return (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb" ? "terminal" : "coloured-terminal";
}

/** `text` in an SGR colour, where that is wanted. */
export function coloured(text: string, sgr: number, look: Look): string {
  return look === "coloured-terminal" ? `\x1b[${sgr}m${text}\x1b[0m` : text;
}

export class ConsoleVoice implements Disposable {
  readonly #stream: NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;
  readonly #look: Look;
  #view: (() => ProgressView) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #bar: "drawn" | "none" = "none";
  #failures = 0;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#look = lookOf(stream, env);
    // Whoever read our messages has left: there is nobody to tell.
    stream.on("error", () => this[Symbol.dispose]());
  }

  /** A message of the command, in one line. */
  say(message: string): void {
    this.clear();
    this.#stream.write(`manyhands: ${message}\n`);
  }

  /** A failed call. On a terminal, where thousands would push everything else away, only the first are shown. */
  failure(seq: number, key: string, text: string): void {
    this.#failures += 1;
    const bounded = this.#look !== "plain";
    if (bounded && this.#failures > MOST_FAILURES_ON_TERMINAL) return;
    this.say(`${coloured("failed", 31, this.#look)} input ${seq} (${key}): ${text}`);
    if (bounded && this.#failures === MOST_FAILURES_ON_TERMINAL) {
      this.say("further failures are only counted here; --joblog FILE lists them all");
    }
  }

  /** Shows `view` from now on. */
  startProgress(view: () => ProgressView): void {
    this.#view = view;
    const draws = this.#look !== "plain";
    this.#timer = setInterval(
      () => (draws ? this.#draw() : this.say(progressText(view()))),
      draws ? REDRAW_MS : PLAIN_MS,
    );
    this.#timer.unref();
  }

  /** Takes the bar away, so that something else can be written. It comes back with the next redraw. */
  clear(): void {
    if (this.#bar === "none") return;
    this.#bar = "none";
    this.#stream.write(ERASE_LINE);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  #draw(): void {
    if (this.#view === undefined) return;
    // A terminal that does not know its width says 0.
    const columns = this.#stream.columns ?? 0;
    const line = progressLine(this.#view(), columns > 0 ? columns : DEFAULT_COLUMNS);
    this.#bar = "drawn";
    this.#stream.write(ERASE_LINE + coloured(line, 36, this.#look));
  }
}
