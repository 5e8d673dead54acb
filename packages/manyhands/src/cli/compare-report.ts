/** The figures of a comparison.
 *
 *  Guarantees: pure; times in ms, medians over the rounds. */
import type { Measured, RowName } from "./compare-measure.js";

export interface CompareSetting {
  readonly label: string;
  readonly inputs: number;
  readonly cores: number;
  readonly workers: number;
}

/** What the figures are made from. */
export type Timed = Pick<Measured, "total" | "startup">;

export interface ReportRow {
  readonly name: RowName;
  /** ms, the median of the rounds. */
  readonly total: number;
  /** ms; `null` where there is nothing to start. */
  readonly startup: number | null;
  /** ms. */
  readonly perCall: number;
  /** Against one after another. */
  readonly speedup: number;
  /** Speed-up over the cores there are, 1 being all of them. */
  readonly efficiency: number;
  /** ms, round by round. */
  readonly totals: readonly number[];
}

export interface CompareReport {
  readonly function: string;
  readonly inputs: number;
  readonly failed: number;
  readonly rounds: number;
  readonly cores: number;
  readonly workers: number;
  readonly agree: true;
  readonly rows: readonly ReportRow[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The report on rows that agree; the first row is what the others are measured against. */
export function reportOf(
  setting: CompareSetting,
  measured: ReadonlyMap<RowName, readonly Timed[]>,
  failed: number,
): CompareReport {
  const { label, inputs, cores, workers } = setting;
  const baseline = median(([...measured.values()][0] ?? []).map(({ total }) => total));
  const rows = [...measured].map(([name, rounds]): ReportRow => {
    const totals = rounds.map(({ total }) => total);
    const total = median(totals);
    const startups = rounds.flatMap(({ startup }) => (startup === undefined ? [] : [startup]));
    const startup = startups.length === 0 ? null : median(startups);
    const speedup = baseline / total;
    return { name, total, startup, perCall: total / inputs, speedup, efficiency: speedup / cores, totals };
  });
  const rounds = rows[0]?.totals.length ?? 0;
  return { function: label, inputs, failed, rounds, cores, workers, agree: true, rows };
}
