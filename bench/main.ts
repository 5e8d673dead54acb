/** Measures manyhands beside its peers: `npm run bench -- [MEASURE…] [--rounds N] [--quick] [--only NAME,…] [--draw] [--flame]`.
 *
 *  Tables go to stdout, what happens meanwhile to stderr, the figures of a whole run to bench/results.json and the charts.
 *  Machines differ and are noisy: only ratios of one run count. */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { draw } from "./charts/draw.js";
import { drawFlames } from "./flame.js";
import { floorsOf, pointsOf, rises } from "./growth.js";
import type { Measure, Participant, Row, Scale } from "./measure.js";
import { MEASURES, WORDS, wordOf } from "./measures/all.js";
import { pythonVersion } from "./python.js";
import { readResults, writeResults } from "./results.js";
import { runRounds } from "./rounds.js";
import { LIMIT, OURS, toRows, toSummary, toTable } from "./rows.js";

const folder = dirname(import.meta.dirname);
const resultsFile = join(folder, "results.json");

interface Order {
  readonly measures: readonly Measure[];
  readonly rounds: number;
  readonly scale: Scale;
  /** Measure; or draw what was measured before; or draw where the time goes. */
  readonly wanted: "figures" | "charts" | "flames";
  /** Names; all when empty. */
  readonly only: readonly string[];
}

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

function fail(text: string): never {
  tell(text);
  process.exit(2);
}

function readOrder(): Order {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean" },
      only: { type: "string" },
      draw: { type: "boolean" },
      flame: { type: "boolean" },
    },
  });
  const scale = values.quick === true ? "quick" : "full";
  const rounds = Number(values.rounds ?? (scale === "quick" ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds: not a number of rounds: ${values.rounds}`);
  const unknown = positionals.find((word) => !WORDS.includes(word));
  if (unknown !== undefined) fail(`No measure "${unknown}"; there are: ${WORDS.join(", ")}`);
  const measures = MEASURES.filter((measure) => positionals.length === 0 || positionals.includes(wordOf(measure)));
  const wanted = values.draw === true ? "charts" : values.flame === true ? "flames" : "figures";
  return { measures, rounds, scale, wanted, only: values.only?.split(",") ?? [] };
}

function participantsIn(measure: Measure, { only, scale }: Order): Participant[] {
  const quickNames = [OURS, LIMIT, ...measure.quickPeers];
  return measure.participants.filter(({ name, kind, needs }) => {
    if (needs === "python3" && !hasPython) return false;
    if (scale === "quick" && !(measure.quickKinds?.includes(kind) ?? true)) return false;
    if (only.length > 0) return only.includes(name);
    return scale === "full" || quickNames.includes(name);
  });
}

async function measureAll(order: Order): Promise<void> {
  if (!hasPython && order.scale === "full") tell("There is no python3: CPython's pools are left out");
  const rows: Row[] = [];
  for (const measure of order.measures) {
    tell(`${measure.name}: ${measure.title}`);
    const outcomes = await runRounds(measure, participantsIn(measure, order), order.rounds, order.scale, tell);
    rows.push(...toRows(measure, outcomes));
  }
  if (order.scale === "full") process.stdout.write(`${toTable(rows)}\n\n`);
  process.stdout.write(`${toSummary(rows)}\n`);
  // A short run has no rounds that could agree.
  const lines = order.scale === "full" ? rises(pointsOf(rows), floorsOf(rows)) : [];
  for (const line of lines) process.stdout.write(`Worse than linear: ${line}\n`);
  // A part of the subjects, or a short run, must not replace the figures of a whole one.
  if (order.scale === "quick" || order.only.length > 0) return;
  await draw(folder, writeResults(resultsFile, order.measures, rows));
  tell("Figures written to bench/results.json, charts to bench/results.svg and bench/growth.svg");
}

const order = readOrder();
const hasPython = pythonVersion() !== undefined;
if (order.wanted === "charts") {
  const results = readResults(resultsFile);
  if (results === undefined) fail("Nothing was measured yet: there is no bench/results.json");
  await draw(folder, results);
} else if (order.wanted === "flames") {
  for (const measure of order.measures) await drawFlames(measure, join(folder, "flames"), tell);
} else {
  await measureAll(order);
}
