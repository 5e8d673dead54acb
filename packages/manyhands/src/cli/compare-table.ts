/** The table of a comparison, for people.
 *
 *  Guarantees: pure; plain text in columns, a bar for each row, colour only where it is wanted. */
import type { CompareReport, ReportRow } from "./compare-report.js";
import type { Look } from "./console-voice.js";
import { coloured } from "./console-voice.js";
import { bar } from "./progress-line.js";

const HEAD: readonly string[] = ["", "total", "start-up", "per call", "speed-up", "efficiency"];
const BAR_CELLS = 24;
const GREEN = 32;

/** A time with three significant digits, in the unit that suits it. */
export function shownTime(ms: number): string {
  if (ms >= 1000) return `${significant(ms / 1000)} s`;
  return ms >= 1 ? `${significant(ms)} ms` : `${significant(ms * 1000)} µs`;
}

function significant(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

export function tableOf(report: CompareReport, look: Look): string {
  const cells = [HEAD, ...report.rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const [head, ...rows] = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const fastest = Math.max(...report.rows.map(({ speedup }) => speedup));
  const lines = rows.map((line, index) => {
    const speedup = report.rows[index]?.speedup ?? 0;
    const drawn = bar(speedup / fastest, BAR_CELLS).trimEnd();
    return `${line}  ${speedup === fastest ? coloured(drawn, GREEN, look) : drawn}`;
  });
  return `${titleOf(report)}\n\n${head}\n${lines.join("\n")}\n`;
}

function titleOf({ function: name, inputs, cores, workers, rounds, failed }: CompareReport): string {
  const outcome = failed === 0 ? "all results agree" : `all outcomes agree, ${failed} failed`;
  return [
    `${name} × ${counted(inputs, "input")}`,
    counted(cores, "core"),
    counted(workers, "worker"),
    rounds === 1 ? "one round" : `median of ${rounds} rounds`,
    outcome,
  ].join(", ");
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function cellsOf({ name, total, startup, perCall, speedup, efficiency }: ReportRow): string[] {
  return [
    name,
    shownTime(total),
    startup === null ? "–" : shownTime(startup),
    shownTime(perCall),
    `${speedup.toFixed(2)} ×`,
    `${Math.round(efficiency * 100)} %`,
  ];
}
