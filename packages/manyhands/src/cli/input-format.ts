/** The formats an input can have, and which one a file has by its name.
 *
 *  Guarantees: pure; a format that is asked for wins over the name. */
import { extname } from "node:path";

/** `lines` and `nul`: each record is a string. `csv`, `tsv`: each row is an object by the header. `jsonl`: each line is
 *  a value. `json`: the file is one array of values, and the only format that is read whole. */
export const INPUT_FORMATS = ["lines", "nul", "csv", "tsv", "jsonl", "json"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, InputFormat>> = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".json": "json",
};

export function inputFormatOf(path: string, asked: InputFormat | undefined): InputFormat {
  return asked ?? BY_EXTENSION[extname(path).toLowerCase()] ?? "lines";
}

/** A value given on the command line: what parses as JSON is that value, anything else is the string it is.
 *  An integer that a number cannot hold exactly stays a string, since a silently different number helps nobody. */
export function argumentValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" && !isExact(text, value) ? text : value;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function isExact(text: string, value: number): boolean {
  return Number.isFinite(value) && (!/^\s*-?\d+\s*$/.test(text) || Number.isSafeInteger(value));
}
