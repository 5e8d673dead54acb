/** From rounds to rows, and from rows to a table. */
import type { Measure, Row } from "./measure.js";
import type { SubjectRounds } from "./rounds.js";
import type { Kind } from "./subject.js";

const OURS = "manyhands";
const LIMIT = "limit";

function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** How many times better `ours` is than `theirs`. */
function advantage(better: Measure["better"], ours: number, theirs: number | undefined): number | null {
  if (theirs === undefined) return null;
  return better === "higher" ? ours / theirs : theirs / ours;
}

function rowsOf(measure: Measure, figure: string, kind: Kind, all: readonly SubjectRounds[]): Row[] {
  const plain = all
    .filter(({ entry, figures }) => entry.kind === kind && figures.length > 0)
    .map(({ entry, figures }) => {
      const values = figures.map((each) => each[figure] ?? Number.NaN).sort((a, b) => a - b);
      return { name: entry.name, values, median: median(values) };
    })
    .sort((a, b) => (measure.better === "higher" ? b.median - a.median : a.median - b.median));
  // Sorted best first, so the first peer is the best one.
  const bestPeer = plain.find(({ name }) => name !== OURS && name !== LIMIT)?.median;
  const limit = plain.find(({ name }) => name === LIMIT)?.median;
  return plain.map(({ name, values, median }) => ({
    measure: `${measure.name} ${figure}, ${kind}`,
    kind,
    subject: name,
    unit: measure.unit,
    better: measure.better,
    median,
    min: values[0] ?? Number.NaN,
    max: values.at(-1) ?? Number.NaN,
    rounds: values.length,
    toBestPeer: name === OURS ? advantage(measure.better, median, bestPeer) : null,
    toLimit: name === OURS ? advantage(measure.better, median, limit) : null,
  }));
}

/** The rows of a measure, best subject first within each figure and kind. */
export function toRows(measure: Measure, all: readonly SubjectRounds[]): Row[] {
  const kinds = [...new Set(all.map(({ entry }) => entry.kind))];
  return kinds.flatMap((kind) => measure.figures.flatMap((figure) => rowsOf(measure, figure, kind, all)));
}

const grouped = (value: number): string => Math.round(value).toLocaleString("en-US").replaceAll(",", " ");

/** A table of Markdown for each group of rows. The last column says how many times better manyhands is. */
export function toTable(rows: readonly Row[]): string {
  const groups = [...new Set(rows.map((row) => row.measure))];
  return groups.map((group) => groupTable(rows.filter((row) => row.measure === group))).join("\n\n");
}

function groupTable(rows: readonly Row[]): string {
  const [first] = rows;
  const ours = rows.find((row) => row.subject === OURS)?.median;
  const cells = rows.map((row) => {
    const ratio = ours === undefined ? null : advantage(row.better, ours, row.median);
    const figures = [row.median, row.min, row.max].map(grouped);
    return [row.subject, ...figures, ratio === null || row.subject === OURS ? "" : `${ratio.toFixed(2)} ×`];
  });
  const head = [first?.measure ?? "", `median ${first?.unit ?? ""}`, "min", "max", "manyhands is"];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const pad = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [pad(head), rule, ...cells.map(pad)].join("\n");
}
