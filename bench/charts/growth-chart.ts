/** The chart of bench/NOTES.md: what one more of something costs when there are many already. Flat is what it should be. */
import type { TopLevelSpec } from "vega-lite";
import { type Point, pointsOf } from "../growth.js";
import type { Row } from "../measure.js";
import { COLOURS, toSvg } from "./svg.js";

const TITLES: Readonly<Record<string, string>> = {
  workers: "Workers",
  tasks: "Calls, 1000 pending",
  pending: "Calls, all pending",
  callbacks: "Callbacks of one future",
  signals: "Calls under one signal",
  aborts: "Calls aborted by one signal",
  priorities: "Priorities in use",
};

const KINDS = ["threads", "processes", "event-loop"] as const;

function panel(curve: string, points: readonly Point[]): object {
  const x = {
    field: "amount",
    type: "quantitative",
    title: null,
    scale: { type: "log", nice: false, padding: 10 },
    axis: {
      values: [...new Set(points.map(({ amount }) => amount))],
      grid: false,
      labelExpr: "datum.value >= 1e4 ? format(datum.value, '~s') : format(datum.value, 'd')",
    },
  } as const;
  const y = { type: "quantitative", title: null, scale: { zero: true }, axis: { tickCount: 4 } } as const;
  const color = {
    field: "kind",
    type: "nominal",
    title: null,
    scale: { domain: [...KINDS], range: [COLOURS.ours, COLOURS.second, COLOURS.third] },
    legend: { orient: "top", symbolType: "circle", symbolOpacity: 1, offset: 4 },
  } as const;
  return {
    title: { text: TITLES[curve] ?? curve, subtitle: "µs each, median, least and greatest" },
    width: 220,
    height: 130,
    data: { values: points },
    layer: [
      { mark: { type: "rule", opacity: 0.5 }, encoding: { x, y: { ...y, field: "min" }, y2: { field: "max" }, color } },
      {
        mark: { type: "line", point: { size: 30, filled: true }, strokeWidth: 2 },
        encoding: { x, y: { ...y, field: "median" }, color },
      },
    ],
  };
}

export function growthChart(rows: readonly Row[], about: string): Promise<string> {
  const points = pointsOf(rows);
  const curves = [...new Set(points.map(({ curve }) => curve))];
  return toSvg({
    title: { text: "What one more costs", subtitle: about, fontSize: 18, subtitleFontSize: 12, offset: 16 },
    concat: curves.map((curve) =>
      panel(
        curve,
        points.filter((point) => point.curve === curve),
      ),
    ),
    columns: 4,
    spacing: { row: 28, column: 28 },
    resolve: { scale: { x: "independent", y: "independent", color: "shared" } },
  } as TopLevelSpec);
}
