/** What the rows of the growth measures say: curves, and where one rises by more than its floor does. */
import type { Row } from "./measure.js";
import { LIMIT, OURS } from "./rows.js";
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

/** The curves of manyhands. */
export const pointsOf = (rows: readonly Row[]): Point[] => pointsOfSubject(rows, OURS);

/** The curves of the raw limit in the same shapes, where it has them. */
export const floorsOf = (rows: readonly Row[]): Point[] => pointsOfSubject(rows, LIMIT);

function pointsOfSubject(rows: readonly Row[], wanted: string): Point[] {
  return rows.flatMap(({ measure, kind, subject, median, min, max }) => {
    const [, curve, amount] = /^growth (\w+) (\d+),/.exec(measure) ?? [];
    return curve === undefined || subject !== wanted ? [] : [{ curve, kind, amount: Number(amount), median, min, max }];
  });
}

/** A line for each step where the cost of an item rises more than is tolerated, and all rounds agree that it does.
 *
 *  What the floor rises by, in µs, is taken off first: it is what promises that wait cost the collector, or workers the
 *  machine, and no library is without it. Not the ratio: a floor near nothing doubles easily, and would excuse anything. */
export function rises(points: readonly Point[], floors: readonly Point[] = []): string[] {
  return points.flatMap((point) => {
    const before = points
      .filter(({ curve, kind, amount }) => curve === point.curve && kind === point.kind && amount < point.amount)
      .at(-1);
    if (before === undefined) return [];
    const tolerated = TOLERATED ** Math.log10(point.amount / before.amount);
    const given = riseOfFloor(floors, before, point);
    const rise = (point.median - given) / before.median;
    if (rise <= tolerated || point.min - given <= before.max) return [];
    const cost = `${before.median.toFixed(2)} → ${point.median.toFixed(2)} µs`;
    const floor = given > 0 ? ` beyond the ${given.toFixed(2)} µs that the raw limit rises by` : "";
    return [
      `${point.curve}, ${point.kind}: ${before.amount} → ${point.amount}: ${cost} each, ${rise.toFixed(2)} ×${floor}`,
    ];
  });
}

/** In µs; 0 where it falls, or is not known. */
function riseOfFloor(floors: readonly Point[], from: Point, to: Point): number {
  const at = (point: Point): number | undefined =>
    floors.find(({ curve, kind, amount }) => curve === point.curve && kind === point.kind && amount === point.amount)
      ?.median;
  return Math.max(0, (at(to) ?? 0) - (at(from) ?? Number.POSITIVE_INFINITY));
}
