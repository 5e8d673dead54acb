/** `--out-dir`: which file a result goes to.
 *
 *  Guarantees: pure; whatever the key, the file is in the directory that the template names. */
import { join } from "node:path";
import { UsageError } from "./exit-code.js";
import { fileNameOf } from "./record-key.js";

/** A directory, and the name of a file in it with its placeholders. */
export interface FileTemplate {
  readonly directory: string;
  readonly name: string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** `DIR/{key}.json`, `DIR/part-{seq}.txt`; a plain `DIR` means `DIR/{key}.json`. */
export function parseTemplate(text: string): FileTemplate {
  const parts = text.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.slice(0, -1).some((part) => part.includes("{"))) {
    throw new UsageError(`--out-dir ${text}: {key} and {seq} may stand only in the name of the file`);
  }
  if (!name.includes("{")) return { directory: text === "" ? "." : text, name: "{key}.json" };
  for (const [whole, placeholder] of name.matchAll(PLACEHOLDER)) {
    if (placeholder !== "key" && placeholder !== "seq") {
      throw new UsageError(`--out-dir ${text}: there is no ${whole}, only {key} and {seq}`);
    }
  }
  return { directory: parts.length === 1 ? "." : parts.slice(0, -1).join("/") || "/", name };
}

/** Whether two inputs of one key would share a file. */
export function needsDistinctKeys(template: FileTemplate): boolean {
  return !template.name.includes("{seq}");
}

export function filePathOf(template: FileTemplate, key: string, seq: number): string {
  const name = template.name.replace(PLACEHOLDER, (_, placeholder) =>
    placeholder === "seq" ? String(seq) : fileNameOf(key),
  );
  return join(template.directory, name);
}
