/** What the rows of the growth measures say: curves, and where one rises. */
import type { Row } from "./measure.js";
import type { Kind } from "./subject.js";

/** How much the cost of an item may rise for each ten times as many. */
const TOLERATED = 1.5;

export interface Point {
  /** What grows: `workers`, `tasks`, … */
  readonly curve: string;
  readonly kind: Kind;
  readonly amount: number;
  /** µs for one item. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function pointsOf(rows: readonly Row[]): Point[] {
  return rows.flatMap(({ measure, kind, median, min, max }) => {
    const [, curve, amount] = /^growth (\w+) (\d+),/.exec(measure) ?? [];
    return curve === undefined ? [] : [{ curve, kind, amount: Number(amount), median, min, max }];
  });
}

/** A line for each step where the cost of an item rises more than is tolerated, and all rounds agree that it does. */
export function rises(points: readonly Point[]): string[] {
  return points.flatMap((point) => {
    const before = points
      .filter(({ curve, kind, amount }) => curve === point.curve && kind === point.kind && amount < point.amount)
      .at(-1);
    if (before === undefined) return [];
    const tolerated = TOLERATED ** Math.log10(point.amount / before.amount);
    const rise = point.median / before.median;
    if (rise <= tolerated || point.min <= before.max) return [];
    const cost = `${before.median.toFixed(2)} → ${point.median.toFixed(2)} µs`;
    return [`${point.curve}, ${point.kind}: ${before.amount} → ${point.amount}: ${cost} each, ${rise.toFixed(2)} ×`];
  });
}
