/** Reads inputs of every format as batches of values, in constant memory (but for `json`, which is one value).
 *
 *  Guarantees: an error names the file and the line; a batch is parsed whole before any of it is handed on, so a short
 *  malformed file starts no call at all. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { CsvError, parse } from "csv-parse";
import { systemReason, UsageError } from "./exit-code.js";
import type { InputFormat } from "./input-format.js";
import { textRecords } from "./text-records.js";

/** A place that inputs come from. */
export type Source =
  | { readonly kind: "arguments"; readonly values: readonly unknown[] }
  | { readonly kind: "file"; readonly path: string; readonly format: InputFormat }
  | { readonly kind: "stdin"; readonly format: InputFormat };

/** What a row of a CSV becomes: an object by the header, or its cells as they stand. */
export type RowShape = "object" | "cells";

export type Batches = AsyncIterable<readonly unknown[]>;

const BLOCK_BYTES = 256 * 1024;
const ROWS_PER_BATCH = 256;

/** The name of a source in messages. */
export function nameOf(source: Source): string {
  return source.kind === "file" ? source.path : source.kind === "stdin" ? "standard input" : "arguments";
}

/** Says at once, before anything has happened, whether a source can be read. */
export async function checkReadable(source: Source): Promise<void> {
  if (source.kind !== "file") return;
  try {
    await using handle = await open(source.path, "r");
    if ((await handle.stat()).isDirectory()) throw new UsageError(`cannot read ${source.path}: it is a directory`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${source.path}: ${systemReason(error)}`, { cause: error });
  }
}

/** The values of a source, batch by batch. */
export function readBatches(source: Source, rows: RowShape): Batches {
  if (source.kind === "arguments") return oneBatch(source.values);
  const where = nameOf(source);
  const bytes = blocksOf(source, where);
  switch (source.format) {
    case "lines":
    case "nul":
      return plainRecords(bytes, source.format, where);
    case "jsonl":
      return jsonLines(bytes, where);
    case "json":
      return jsonArray(bytes, where);
    case "csv":
      return delimited(bytes, { delimiter: ",", quote: '"' }, { rows, where });
    case "tsv":
      // TSV as the registry and spreadsheets' plain export mean it: a quote is a character like any other.
      return delimited(bytes, { delimiter: "\t", quote: null }, { rows, where });
  }
}

async function* oneBatch(values: readonly unknown[]): AsyncGenerator<readonly unknown[]> {
  yield values;
}

async function* blocksOf(source: Exclude<Source, { kind: "arguments" }>, where: string): AsyncGenerator<Buffer> {
  const stream =
    source.kind === "stdin" ? process.stdin : createReadStream(source.path, { highWaterMark: BLOCK_BYTES });
  try {
    for await (const block of stream) yield block;
  } catch (error) {
    throw new UsageError(`cannot read ${where}: ${systemReason(error)}`, { cause: error });
  }
}

async function* plainRecords(
  bytes: AsyncIterable<Buffer>,
  kind: "lines" | "nul",
  where: string,
): AsyncGenerator<readonly unknown[]> {
  for await (const batch of textRecords(bytes, kind, where)) yield batch.records;
}

async function* jsonLines(bytes: AsyncIterable<Buffer>, where: string): AsyncGenerator<readonly unknown[]> {
  for await (const { records, first } of textRecords(bytes, "lines", where)) {
    const values: unknown[] = [];
    for (const [index, line] of records.entries()) {
      if (line.trim() === "") continue;
      try {
        values.push(JSON.parse(line));
      } catch (error) {
        throw new UsageError(`${where}:${first + index}: ${jsonReason(error)}`, { cause: error });
      }
    }
    yield values;
  }
}

async function* jsonArray(bytes: AsyncIterable<Buffer>, where: string): AsyncGenerator<readonly unknown[]> {
  const lines: string[] = [];
  for await (const { records } of textRecords(bytes, "lines", where)) lines.push(...records);
  const value = parseWhole(lines.join("\n"), where);
  if (!Array.isArray(value)) throw new UsageError(`${where}: the json format needs one array of inputs`);
  yield value;
}

function parseWhole(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    // Without a position the text ended too early.
    const line = text.slice(0, at === undefined ? text.length : Number(at)).split("\n").length;
    throw new UsageError(`${where}:${line}: ${jsonReason(error)}`, { cause: error });
  }
}

function jsonReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `not valid JSON: ${message.replace(/ in JSON at position \d+.*$/s, "").replace(/\s+/g, " ")}`;
}

async function* delimited(
  bytes: AsyncIterable<Buffer>,
  syntax: { readonly delimiter: string; readonly quote: string | null },
  { rows, where }: { readonly rows: RowShape; readonly where: string },
): AsyncGenerator<readonly unknown[]> {
  const parser = parse({
    ...syntax,
    bom: true,
    skip_empty_lines: true,
    columns: rows === "object" ? (header: string[]) => checkedHeader(header, where) : false,
    from: rows === "object" ? 1 : 2,
  });
  // Not pipe(): an error of the bytes has to end the parser too, and comes out of the loop below.
  const feeding = feed(bytes, parser);
  let batch: unknown[] = [];
  try {
    for await (const row of parser) {
      batch.push(row);
      if (batch.length < ROWS_PER_BATCH) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const line = error instanceof CsvError && typeof error["lines"] === "number" ? `:${error["lines"]}` : "";
    const message = error instanceof Error ? error.message.replace(/ (on|at) line \d+.*$/s, "") : String(error);
    throw new UsageError(`${where}${line}: ${message}`, { cause: error });
  } finally {
    parser.destroy();
    await feeding;
  }
  yield batch;
}

/** Writes the bytes into the parser at the parser's pace; a failure to read becomes the parser's own. */
async function feed(bytes: AsyncIterable<Buffer>, parser: ReturnType<typeof parse>): Promise<void> {
  const gone = new Promise<"gone">((resolve) => parser.once("close", () => resolve("gone")));
  try {
    for await (const block of bytes) {
      if (parser.destroyed) return;
      if (parser.write(block)) continue;
      const drained = new Promise<"drained">((resolve) => parser.once("drain", () => resolve("drained")));
      if ((await Promise.race([drained, gone])) === "gone") return;
    }
    parser.end();
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function checkedHeader(header: readonly string[], where: string): string[] {
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`${where}:1: the header names the column "${twice}" twice`);
  return [...header];
}
