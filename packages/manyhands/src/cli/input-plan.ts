/** What the calls are made with: the sources, how their values become calls, and what they are known by.
 *
 *  Guarantees: every source is checked before anything happens; the identity of an input is its content, not its name
 *  or date, so a moved file resumes and a changed one does not. */
import { createHash, hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { systemReason, UsageError } from "./exit-code.js";
import { product } from "./matrix.js";
import type { Batches, Source } from "./readers.js";
import { checkReadable, nameOf, readBatches } from "./readers.js";

/** How an input becomes a call: `one` argument, or an array `spread` over several. */
export type CallShape = "one" | "spread";

export interface InputPlan {
  readonly sources: readonly Source[];
  /** Whether the sources follow one another or are the axes of a product. */
  readonly combine: "sequence" | "matrix";
  readonly shape: CallShape;
  /** The field that names an input, when `--key` gives one. */
  readonly keyField: string | undefined;
}

/** What an input is known by. A stream is read once, so each of its records carries a fingerprint of its own. */
export interface InputIdentity {
  readonly shape: string;
  readonly sources: readonly string[];
}

/** Checks that every source can be read. */
export async function checkSources(plan: InputPlan): Promise<void> {
  for (const source of plan.sources) await checkReadable(source);
  if (plan.sources.filter((source) => source.kind === "stdin").length > 1) {
    throw new UsageError("standard input can be read only once: give --input - once");
  }
}

/** The inputs of a plan, batch by batch; with `spread`, every one is an array. */
export async function* inputsOf(plan: InputPlan): AsyncGenerator<readonly unknown[]> {
  const rows = plan.shape === "spread" && plan.combine === "sequence" ? "cells" : "object";
  if (plan.combine === "matrix") return yield* product(plan.sources.map((source) => readBatches(source, "object")));
  for (const source of plan.sources) {
    let before = 0;
    for await (const batch of readBatches(source, rows)) {
      if (plan.shape === "spread") requireArrays(batch, nameOf(source), before);
      before += batch.length;
      yield batch;
    }
  }
}

function requireArrays(batch: readonly unknown[], where: string, before: number): void {
  const index = batch.findIndex((value) => !Array.isArray(value));
  if (index < 0) return;
  const given = JSON.stringify(batch[index]) ?? "undefined";
  const shown = given.length > 60 ? `${given.slice(0, 59)}…` : given;
  throw new UsageError(`${where}: --spread needs arrays, but input ${before + index + 1} is ${shown}`);
}

/** How many inputs there will be, when that is known without reading them. */
export function knownTotal(plan: InputPlan): number | undefined {
  const sizes = plan.sources.map((source) => (source.kind === "arguments" ? source.values.length : undefined));
  return sizes.reduce((total, size) => {
    if (total === undefined || size === undefined) return undefined;
    return plan.combine === "matrix" ? total * size : total + size;
  });
}

/** How many inputs there will be, by counting separators in the files; `undefined` for streams. An estimate: a blank
 *  line or a quoted line break of a CSV counts too. It only feeds the progress line. */
export async function estimateTotal(plan: InputPlan): Promise<number | undefined> {
  const known = plan.sources.length === 0 ? 0 : knownTotal(plan);
  if (known !== undefined || plan.combine === "matrix") return known;
  let total = 0;
  for (const source of plan.sources) {
    const count = source.kind === "arguments" ? source.values.length : await countRecords(source);
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}

async function countRecords(source: Exclude<Source, { kind: "arguments" }>): Promise<number | undefined> {
  if (source.kind === "stdin" || source.format === "json" || !(await isRegular(source.path))) return undefined;
  const separator = source.format === "nul" ? 0 : 10;
  let count = 0;
  let last = separator;
  for await (const block of createReadStream(source.path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    for (let at = block.indexOf(separator); at >= 0; at = block.indexOf(separator, at + 1)) count += 1;
    last = block[block.length - 1] ?? last;
  }
  const records = last === separator ? count : count + 1;
  return source.format === "csv" || source.format === "tsv" ? Math.max(0, records - 1) : records;
}

async function isRegular(path: string): Promise<boolean> {
  return (await stat(path)).isFile();
}

const STREAM = "stream";

/** Whether records need fingerprints, since a source cannot be read twice. */
export function isStreamed(identity: InputIdentity): boolean {
  return identity.sources.includes(STREAM);
}

/** The identity of a plan's inputs; files are read once for it. */
export async function identify(plan: InputPlan): Promise<InputIdentity> {
  const sources: string[] = [];
  for (const source of plan.sources) sources.push(await identifySource(source));
  return { shape: `${plan.combine} ${plan.shape} key=${plan.keyField ?? ""}`, sources };
}

async function identifySource(source: Source): Promise<string> {
  if (source.kind === "arguments") return `arguments ${hash("sha256", JSON.stringify(source.values)).slice(0, 32)}`;
  if (source.kind === "stdin" || !(await isRegular(source.path))) return STREAM;
  const digest = createHash("sha256");
  try {
    for await (const block of createReadStream(source.path, { highWaterMark: 2 ** 20 })) digest.update(block);
  } catch (error) {
    throw new UsageError(`cannot read ${source.path}: ${systemReason(error)}`, { cause: error });
  }
  return `${source.format} ${digest.digest("hex").slice(0, 32)}`;
}

/** The fingerprint of one record of a stream. */
export function fingerprint(value: unknown): string {
  return hash("sha256", JSON.stringify(value) ?? "undefined").slice(0, 16);
}

export type { Batches };
