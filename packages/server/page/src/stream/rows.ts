/** Where the rows of the stream are: one for each worker, as high as its lanes, in the order in which the server lists them. */
import type { WorkerRow } from "../../../src/dashboard/protocol.js";

export interface PlacedRow {
  readonly row: number;
  readonly name: string;
  readonly lanes: number;
  readonly top: number;
  readonly height: number;
  /** The number of lanes of the rows before, so that each lane has a number of its own. */
  readonly firstLane: number;
}

export interface RowPlan {
  readonly rows: readonly PlacedRow[];
  readonly byRow: ReadonlyMap<number, PlacedRow>;
  readonly laneHeight: number;
  /** Of all rows. */
  readonly height: number;
  readonly lanes: number;
}

const TALLEST = 22;
const LOWEST = 4;
/** Lanes get lower when the stream would be higher than this, as far as they can. */
const COMFORTABLE = 340;

export function planOf(workers: readonly WorkerRow[]): RowPlan {
  const lanes = workers.reduce((sum, worker) => sum + worker.lanes, 0);
  const fair = Math.floor(COMFORTABLE / Math.max(1, lanes));
  const laneHeight = Math.max(LOWEST, Math.min(TALLEST, fair));
  const gap = laneHeight >= 10 ? 4 : 1;
  const rows: PlacedRow[] = [];
  let top = 0;
  let first = 0;
  for (const { row, name, lanes: own } of workers) {
    const height = own * laneHeight;
    rows.push({ row, name, lanes: own, top, height, firstLane: first });
    top += height + gap;
    first += own;
  }
  const byRow = new Map(rows.map((each) => [each.row, each]));
  return { rows, byRow, laneHeight, height: Math.max(0, top - gap), lanes };
}
