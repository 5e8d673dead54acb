/** Measures manyhands beside its peers: `npm run bench -- [MEASURE…] [--rounds N] [--quick] [--only NAME,…]`.
 *
 *  The table goes to stdout, what happens meanwhile to stderr, the figures to bench/results.json. Machines differ and are
 *  noisy: only ratios of one run count. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Measure, Row } from "./measure.js";
import { MEASURES } from "./measures/all.js";
import { runRounds } from "./rounds.js";
import { toRows, toTable } from "./rows.js";

interface Order {
  readonly measures: readonly Measure[];
  readonly rounds: number;
  readonly scale: "full" | "quick";
  /** Subjects' names; all when empty. */
  readonly only: readonly string[];
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}

function readOrder(): Order {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" }, quick: { type: "boolean" }, only: { type: "string" } },
  });
  const scale = values.quick === true ? "quick" : "full";
  const rounds = Number(values.rounds ?? (scale === "quick" ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds: not a number of rounds: ${values.rounds}`);
  for (const name of positionals) {
    if (!MEASURES.some((measure) => measure.name === name)) {
      fail(`No measure "${name}"; there are: ${MEASURES.map((measure) => measure.name).join(", ")}`);
    }
  }
  const measures = MEASURES.filter((measure) => positionals.length === 0 || positionals.includes(measure.name));
  return { measures, rounds, scale, only: values.only?.split(",") ?? [] };
}

/** The version of an installed package, found by its package.json however its exports hide it. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "unknown";
}

function describeRun(measures: readonly Measure[]): object {
  const packages = new Set(measures.flatMap((measure) => measure.subjects.flatMap((entry) => entry.package ?? [])));
  const versions = Object.fromEntries(["manyhands", ...packages].map((name) => [name, versionOf(name)]));
  return {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform}-${process.arch}`,
    },
    versions: { node: process.version, ...versions },
    date: new Date().toISOString(),
  };
}

const order = readOrder();
const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const rows: Row[] = [];
for (const measure of order.measures) {
  tell(`${measure.name}: ${measure.title}`);
  const subjects = measure.subjects.filter((entry) => order.only.length === 0 || order.only.includes(entry.name));
  const rounds = await runRounds(measure, subjects, order.rounds, order.scale, tell);
  rows.push(...toRows(measure, rounds));
  for (const { entry, failure } of rounds) if (failure !== undefined) tell(`${entry.kind} ${entry.name}: ${failure}`);
}
process.stdout.write(`${toTable(rows)}\n`);
// A part of the subjects, or a short run, must not replace the figures of a whole one.
const whole = order.scale === "full" && order.only.length === 0;
if (whole) {
  const file = join(dirname(import.meta.dirname), "results.json");
  writeFileSync(file, `${JSON.stringify({ ...describeRun(order.measures), rows }, null, 2)}\n`);
  tell("Figures written to bench/results.json");
}
