/** Which strip charts there are, and what each takes from a sample. */
import type { Sample, Spread } from "../../../src/dashboard/protocol.js";
import { decimal, duration, roundDuration, roundNumber } from "../format.js";

/** `main` and `second` for what is as it should be; `failed` for what is not. */
export type SeriesTone = "main" | "second" | "failed";

export interface Series {
  readonly label: string;
  readonly tone: SeriesTone;
  /** Lines of one chart differ in this too, not in colour alone. */
  readonly dash: readonly number[];
  readonly fill: "filled" | "line";
  value(sample: Sample): number | null;
  /** `last-second`: rates of single ticks jump up and down, so the mean of a second is shown. */
  readonly mean?: "last-second";
}

export interface ChartKind {
  readonly part: string;
  readonly title: string;
  /** Behind the values in the legend. */
  readonly unit: string;
  readonly series: readonly Series[];
  format(value: number): string;
  /** At the axis: round numbers. */
  mark(value: number): string;
}

const SOLID: readonly number[] = [];
const DASHED = [6, 4];
const DOTTED = [2, 3];

function spread(of: (sample: Sample) => Spread | null): readonly Series[] {
  return [
    { label: "p50", tone: "main", dash: SOLID, fill: "filled", value: (sample) => of(sample)?.p50 ?? null },
    { label: "p95", tone: "main", dash: DASHED, fill: "line", value: (sample) => of(sample)?.p95 ?? null },
    { label: "p99", tone: "second", dash: DOTTED, fill: "line", value: (sample) => of(sample)?.p99 ?? null },
  ];
}

export const CHARTS: readonly ChartKind[] = [
  {
    part: "throughput",
    title: "Throughput",
    unit: "/s",
    format: decimal,
    mark: roundNumber,
    series: [
      {
        label: "ended",
        tone: "main",
        dash: SOLID,
        fill: "filled",
        value: ({ perSecond }) => perSecond,
        mean: "last-second",
      },
    ],
  },
  {
    part: "queue",
    title: "Queue",
    unit: "",
    format: roundNumber,
    mark: roundNumber,
    series: [
      { label: "waiting", tone: "second", dash: SOLID, fill: "filled", value: ({ waiting }) => waiting },
      { label: "at workers", tone: "main", dash: DASHED, fill: "line", value: ({ atWorkers }) => atWorkers },
    ],
  },
  { part: "wait", title: "Wait", unit: "", format: duration, mark: roundDuration, series: spread(({ wait }) => wait) },
  { part: "run", title: "Run", unit: "", format: duration, mark: roundDuration, series: spread(({ run }) => run) },
  {
    part: "errors",
    title: "Errors",
    unit: "/s",
    format: decimal,
    mark: roundNumber,
    series: [
      {
        label: "failed",
        tone: "failed",
        dash: SOLID,
        fill: "filled",
        value: ({ failedPerSecond }) => failedPerSecond,
        mean: "last-second",
      },
    ],
  },
];

const SECOND = 1000;

/** What a series shows at a place of the samples. */
export function valueAt({ value, mean }: Series, samples: readonly Sample[], place: number): number | null {
  const sample = samples[place];
  if (sample === undefined) return null;
  if (mean === undefined) return value(sample);
  let [sum, count] = [0, 0];
  for (let at = place; at >= 0; at -= 1) {
    const each = samples[at];
    if (each === undefined || each.at <= sample.at - SECOND) break;
    sum += value(each) ?? 0;
    count += 1;
  }
  return sum / count;
}
