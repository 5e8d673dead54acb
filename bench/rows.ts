/** From rounds to rows, and from rows to tables. */
import type { Figure, Measure, Outcome, Row } from "./measure.js";
import type { Kind } from "./subject.js";

export const OURS = "manyhands";
export const LIMIT = "limit";

function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** How many times better `ours` is than `theirs`. */
function advantage(better: Figure["better"], ours: number, theirs: number | undefined): number | null {
  if (theirs === undefined) return null;
  return better === "higher" ? ours / theirs : theirs / ours;
}

function rowsOf(measure: Measure, figure: Figure, kind: Kind, all: readonly Outcome[]): Row[] {
  const { name: figureName, unit, better } = figure;
  const plain = all
    .filter(({ participant }) => participant.kind === kind)
    .map(({ participant: { name }, figures }) => {
      const values = figures.flatMap((each) => each[figureName] ?? []).sort((a, b) => a - b);
      return { name, values, median: median(values) };
    })
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => (better === "higher" ? b.median - a.median : a.median - b.median));
  // Sorted best first, so the first peer is the best one.
  const bestPeer = plain.find(({ name }) => name !== OURS && name !== LIMIT)?.median;
  const limit = plain.find(({ name }) => name === LIMIT)?.median;
  return plain.map(({ name, values, median }) => ({
    measure: `${`${measure.name} ${figureName}`.trim()}, ${kind}`,
    kind,
    subject: name,
    unit,
    better,
    median,
    min: values[0] ?? Number.NaN,
    max: values.at(-1) ?? Number.NaN,
    rounds: values.length,
    toBestPeer: name === OURS ? advantage(better, median, bestPeer) : null,
    toLimit: name === OURS ? advantage(better, median, limit) : null,
  }));
}

/** The rows of a measure, best subject first within each figure and kind. */
export function toRows(measure: Measure, all: readonly Outcome[]): Row[] {
  const kinds = [...new Set(all.map(({ participant }) => participant.kind))];
  return kinds.flatMap((kind) => measure.figures.flatMap((figure) => rowsOf(measure, figure, kind, all)));
}

/** Three digits at least, in groups of three. */
export function shown(value: number): string {
  if (Math.abs(value) < 100) return String(Number(value.toPrecision(3)));
  return Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
}

const times = (ratio: number | null): string => (ratio === null ? "" : `${ratio.toFixed(2)} ×`);

/** The rows by what they measure, in their order. */
export function grouped(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.measure, [...(groups.get(row.measure) ?? []), row]);
  return groups;
}

/** A table of Markdown for each group of rows. The last column says how many times better manyhands is. */
export function toTable(rows: readonly Row[]): string {
  return [...grouped(rows).values()].map(groupTable).join("\n\n");
}

function groupTable(rows: readonly Row[]): string {
  const [first] = rows;
  const ours = rows.find((row) => row.subject === OURS)?.median;
  const lines = rows.map((row) => {
    const ratio = ours === undefined || row.subject === OURS ? null : advantage(row.better, ours, row.median);
    return [row.subject, ...[row.median, row.min, row.max].map(shown), times(ratio)];
  });
  return markdown([first?.measure ?? "", `median ${first?.unit ?? ""}`, "min", "max", "manyhands is"], lines);
}

/** The ratios that matter, a line for each figure and kind that somebody else has, too. */
export function toSummary(rows: readonly Row[]): string {
  const lines = [...grouped(rows)].flatMap(([group, members]) => {
    const ours = members.find((row) => row.subject === OURS);
    if (ours === undefined || members.length === 1) return [];
    const best = members.find((row) => row.subject !== OURS && row.subject !== LIMIT);
    return [
      [group, `${shown(ours.median)} ${ours.unit}`, times(ours.toBestPeer), best?.subject ?? "", times(ours.toLimit)],
    ];
  });
  return markdown(["manyhands", "median", "to best peer", "which is", "to the limit"], lines);
}

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [pad(head), rule, ...lines.map(pad)].join("\n");
}
