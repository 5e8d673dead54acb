/** `--out-dir`: one file for each result.
 *
 *  Guarantees: a file is there whole or not at all; two inputs never write one file: the second fails instead. */
import { hash, randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemReason, UsageError } from "./exit-code.js";
import type { FileTemplate } from "./file-template.js";
import { filePathOf, needsDistinctKeys } from "./file-template.js";
import type { CallOutcome } from "./job-log.js";
import { plainText } from "./output-format.js";

export class FilePerResult {
  readonly #template: FileTemplate;
  readonly #content: (json: string) => string;
  /** Who writes which file, by 48 bits of its name: whole names of a million files would be hundreds of MB. */
  readonly #writers = new Map<number, number>();
  readonly #temporary = `.manyhands-${randomUUID().slice(0, 8)}.tmp`;

  constructor(template: FileTemplate, format: "json" | "text") {
    this.#template = template;
    this.#content = format === "json" ? (json) => `${json}\n` : (json) => `${plainText(json)}\n`;
  }

  /** Says that input `seq` has its file, from this run or an earlier one; or which input had it before. */
  claim(key: string, seq: number): number | undefined {
    if (!needsDistinctKeys(this.#template)) return undefined;
    const name = Number.parseInt(hash("sha256", key).slice(0, 12), 16);
    const before = this.#writers.get(name);
    if (before === undefined) this.#writers.set(name, seq);
    return before;
  }

  /** Writes the result; gives back the outcome, which is a failure when the file belongs to another input. */
  save(key: string, seq: number, outcome: CallOutcome): CallOutcome {
    if (outcome.status === "failed") return outcome;
    const before = this.claim(key, seq);
    const path = filePathOf(this.#template, key, seq);
    if (before !== undefined) {
      const message = `${path} holds the result of input ${before}, which has the same key; use {seq} in --out-dir`;
      return { status: "failed", error: { name: "DuplicateKeyError", message, code: "ERR_DUPLICATE_KEY" } };
    }
    this.#writeWhole(path, this.#content(outcome.text));
    return outcome;
  }

  #writeWhole(path: string, content: string): void {
    const temporary = join(dirname(path), this.#temporary);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw new UsageError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
    }
  }
}
