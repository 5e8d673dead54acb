/** Results as text: JSONL, CSV or plain text.
 *
 *  Guarantees: JSONL is one line for each input, whatever the result; every format is made from the JSON form, so a
 *  result looks the same whether it was computed now or read back from a job log. A failed input is a line of its own
 *  too (JSONL: `{"error":{…}}`, text: an empty line, CSV: a row of empty cells), so that lines stay beside their
 *  inputs; `--skip-failed` leaves it out. */
import { extname } from "node:path";
import type { CallOutcome } from "./job-log.js";

export const OUTPUT_FORMATS = ["jsonl", "csv", "text"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a failed input leaves in the output. */
export type FailedLines = "kept" | "skipped";

/** Turns outcomes into text, one after another. */
export interface Renderer {
  /** The text of one outcome, with its line break. */
  render(outcome: CallOutcome): string;
  /** What is still to be written when there are no more. */
  end(): string;
}

const BY_EXTENSION: Readonly<Record<string, OutputFormat>> = { ".csv": "csv", ".txt": "text", ".text": "text" };

/** The format that is asked for, else the one of the file's name, else JSONL. */
export function outputFormatOf(path: string | undefined, asked: OutputFormat | undefined): OutputFormat {
  return asked ?? BY_EXTENSION[extname(path ?? "").toLowerCase()] ?? "jsonl";
}

/** @param columns those of a CSV output that is continued: its header stands there already */
export function rendererOf(format: OutputFormat, failed: FailedLines, columns?: readonly string[]): Renderer {
  if (format === "csv") return new CsvRenderer(failed, columns);
  const line = format === "jsonl" ? jsonLine : textLine;
  return { render: (outcome) => (isLeftOut(outcome, failed) ? "" : line(outcome)), end: () => "" };
}

const isLeftOut = (outcome: CallOutcome, failed: FailedLines): boolean =>
  outcome.status === "failed" && failed === "skipped";

function jsonLine(outcome: CallOutcome): string {
  return outcome.status === "ok" ? `${outcome.text}\n` : `{"error":${JSON.stringify(outcome.error)}}\n`;
}

/** A string as it is, anything else as JSON, `null` as nothing. */
export function plainText(json: string): string {
  if (json === "null") return "";
  if (!json.startsWith('"')) return json;
  const value: unknown = JSON.parse(json);
  return String(value);
}

function textLine(outcome: CallOutcome): string {
  return outcome.status === "ok" ? `${plainText(outcome.text)}\n` : "\n";
}

/** RFC 4180 with `\n`. The columns are those of the first result that is an object; any other result has one column,
 *  `value`. A property without a column is dropped, since the header has been written by then. */
class CsvRenderer implements Renderer {
  readonly #failed: FailedLines;
  #columns: readonly string[] | undefined;
  /** Failed inputs before the first result: how wide their rows are is not known yet. */
  #held = 0;

  constructor(failed: FailedLines, columns: readonly string[] | undefined) {
    this.#failed = failed;
    this.#columns = columns;
  }

  render(outcome: CallOutcome): string {
    if (outcome.status === "ok") return this.#row(JSON.parse(outcome.text));
    if (this.#failed === "skipped") return "";
    if (this.#columns !== undefined) return csvRow(this.#columns.map(() => ""));
    this.#held += 1;
    return "";
  }

  end(): string {
    return this.#columns === undefined && this.#held > 0 ? this.#start(["value"]) : "";
  }

  #row(value: unknown): string {
    const cells = isRecord(value) ? value : { value };
    const start = this.#columns === undefined ? this.#start(Object.keys(cells)) : "";
    const row = (this.#columns ?? []).map((column) => cellOf(Object.hasOwn(cells, column) ? cells[column] : null));
    return start + csvRow(row);
  }

  #start(columns: readonly string[]): string {
    this.#columns = columns;
    return csvRow(columns) + csvRow(columns.map(() => "")).repeat(this.#held);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One row. A lone empty cell is quoted, or the row would be a blank line, which readers skip. */
export function csvRow(cells: readonly string[]): string {
  if (cells.length === 1 && cells[0] === "") return '""\n';
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}
