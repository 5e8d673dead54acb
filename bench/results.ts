/** bench/results.json: what the last runs gave.
 *
 *  A run of some measures replaces the rows of those and keeps the others'. So machine, versions and date are those of
 *  the last run, and rows of older runs may stand beside newer ones: only rows of one measure may be compared. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Measure, Row } from "./measure.js";
import { MEASURES } from "./measures/all.js";
import { pythonVersion } from "./python.js";

export interface Results {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
  readonly rows: readonly Row[];
}

/** The version of an installed package, found by its package.json however its exports hide it. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version;
  }
  return "unknown";
}

function versions(): Record<string, string> {
  const packages = new Set(MEASURES.flatMap(({ participants }) => participants.flatMap((each) => each.package ?? [])));
  const python = pythonVersion();
  return {
    node: process.version,
    ...(python === undefined ? {} : { python }),
    ...Object.fromEntries(["manyhands", ...packages].map((name) => [name, versionOf(name)])),
  };
}

const begins = (row: Row, { name }: Measure): boolean =>
  row.measure.startsWith(`${name} `) || row.measure.startsWith(`${name},`);

/** Whether `row` is one of `measure`'s, of this or of an earlier run. Of several whose names it begins with it is that of the
 *  longest: it would be written once for each otherwise. */
const belongs = (row: Row, measure: Measure): boolean =>
  begins(row, measure) && !MEASURES.some((each) => each.name.length > measure.name.length && begins(row, each));

/** The rows of `measures` replaced by new ones, in the order of all measures. */
export function merged(old: readonly Row[], measures: readonly Measure[], rows: readonly Row[]): Row[] {
  const kept = old.filter((row) => !measures.some((measure) => belongs(row, measure)));
  return MEASURES.flatMap((measure) => [...kept, ...rows].filter((row) => belongs(row, measure)));
}

export function readResults(file: string): Results | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

export function writeResults(file: string, measures: readonly Measure[], rows: readonly Row[]): Results {
  const results = {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform}-${process.arch}`,
    },
    versions: versions(),
    date: new Date().toISOString(),
    rows: merged(readResults(file)?.rows ?? [], measures, rows),
  };
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}
