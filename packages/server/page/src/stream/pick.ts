/** Finding bars, and from one to the next by keys: pure. */
import type { Bar } from "../../../src/dashboard/protocol.js";
import type { RowPlan } from "./rows.js";

/** Bars are told apart by this. */
export interface Picked {
  readonly call: number;
  readonly attempt: number;
}

/** Of bars, or of calls that are running. */
export function find<P extends Picked>(among: readonly P[], picked: Picked | undefined): P | undefined {
  if (picked === undefined) return undefined;
  return among.findLast(({ call, attempt }) => call === picked.call && attempt === picked.attempt);
}

export type Direction = "earlier" | "later" | "row-above" | "row-below";

/** The bar to which a key leads: the newest when none is picked, the same when there is no other. */
export function neighbour(
  bars: readonly Bar[],
  plan: RowPlan,
  picked: Bar | undefined,
  way: Direction,
): Bar | undefined {
  if (picked === undefined) return bars.findLast(({ row }) => plan.byRow.has(row));
  if (way === "earlier" || way === "later") return alongRow(bars, picked, way) ?? picked;
  const step = way === "row-above" ? -1 : 1;
  const place = plan.rows.findIndex(({ row }) => row === picked.row);
  for (let at = place + step; at >= 0 && at < plan.rows.length; at += step) {
    const found = nearest(bars, plan.rows[at]?.row, picked.startedAt);
    if (found !== undefined) return found;
  }
  return picked;
}

function alongRow(bars: readonly Bar[], { row, startedAt, call }: Bar, way: "earlier" | "later"): Bar | undefined {
  let best: Bar | undefined;
  for (const bar of bars) {
    if (bar.row !== row || bar.call === call) continue;
    if (way === "earlier" ? bar.startedAt > startedAt : bar.startedAt < startedAt) continue;
    const nearer =
      best === undefined || (way === "earlier" ? bar.startedAt > best.startedAt : bar.startedAt < best.startedAt);
    if (nearer) best = bar;
  }
  return best;
}

function nearest(bars: readonly Bar[], row: number | undefined, time: number): Bar | undefined {
  let best: Bar | undefined;
  for (const bar of bars) {
    if (bar.row !== row) continue;
    if (best === undefined || Math.abs(bar.startedAt - time) < Math.abs(best.startedAt - time)) best = bar;
  }
  return best;
}
