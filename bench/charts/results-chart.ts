/** The chart of the README: manyhands, its peers and the raw limit, a panel for each figure that matters. */
import type { TopLevelSpec } from "vega-lite";
import type { Row } from "../measure.js";
import { grouped, LIMIT, OURS, shown } from "../rows.js";
import { COLOURS, HATCHED, toSvg } from "./svg.js";

/** The rows that are drawn, and what a reader who knows no measure by name calls them. */
const PANELS: Readonly<Record<string, string>> = {
  "submit warm, threads": "Small calls, threads",
  "submit warm, processes": "Small calls, processes",
  "submit warm, event-loop": "Small calls, event loop",
  "headline apply in all, threads": "20 000 calls with start and end, threads",
  "headline apply in all, processes": "20 000 calls with start and end, processes",
  "map array, event-loop": "Map over an array, event loop",
  "map array, threads": "Map over an array, threads",
  "map array, processes": "Map over an array, processes",
  "start two, threads": "Import to first results, threads",
  "latency p50, threads": "Round trip of a lone call, threads",
  "latency p50, processes": "Round trip of a lone call, processes",
  "cpu, threads": "Speed-up of pure computing, threads",
};

/** From here on bars of equal steps would show the largest only. */
const LOG_FROM = 6;

/** One width for the names of all panels, so that those of a column begin at one line. */
const AXIS = { ticks: false, domain: false, minExtent: 135, maxExtent: 135 } as const;

const fillOf = (subject: string): string =>
  subject === OURS ? COLOURS.ours : subject === LIMIT ? HATCHED : COLOURS.peer;

/** Short enough for the space beside the bars. */
const nameOf = (subject: string): string => (subject === LIMIT ? "raw limit" : subject.replace(/Executor$/, ""));

function panel(title: string, rows: readonly Row[]): object {
  const values = rows.map(({ subject, median }) => ({
    name: nameOf(subject),
    value: median,
    label: shown(median),
    fill: fillOf(subject),
    weight: subject === OURS ? "bold" : "normal",
  }));
  const medians = rows.map(({ median }) => median);
  const [least, greatest] = [Math.min(...medians), Math.max(...medians)];
  const log = greatest / least > LOG_FROM;
  // The shortest bar of a logarithmic axis still has a length, and the longest leaves room for its figure.
  const domain = log ? [least / 2, greatest * (greatest / least) ** 0.35] : [0, greatest * 1.25];
  const y = { field: "name", type: "nominal", sort: null, title: null, axis: AXIS } as const;
  const x = {
    field: "value",
    type: "quantitative",
    scale: { type: log ? "log" : "linear", domain, nice: false },
    axis: null,
    stack: null,
  } as const;
  const [{ unit = "", better = "higher" } = {}] = rows;
  return {
    title: {
      text: title,
      subtitle: `${unit}, ${better === "higher" ? "more" : "less"} is better${log ? ", log" : ""}`,
    },
    width: 200,
    height: { step: 18 },
    data: { values },
    layer: [
      {
        mark: { type: "bar", cornerRadiusEnd: 2, height: 13 },
        encoding: { y, x, x2: { datum: domain[0] }, fill: { field: "fill", type: "nominal", scale: null } },
      },
      {
        mark: { type: "text", align: "left", dx: 4, fontSize: 11, color: COLOURS.text },
        encoding: { y, x, text: { field: "label" } },
      },
    ],
  };
}

/** @param about one line: machine, versions, date. */
export function resultsChart(rows: readonly Row[], about: string): Promise<string> {
  const groups = grouped(rows);
  const panels = Object.entries(PANELS).flatMap(([measure, title]) => {
    const members = groups.get(measure);
    return members === undefined ? [] : [panel(title, members)];
  });
  return toSvg({
    title: { text: "manyhands beside its peers", subtitle: about, fontSize: 18, subtitleFontSize: 12, offset: 16 },
    concat: panels,
    columns: 3,
    spacing: { row: 28, column: 24 },
    resolve: { scale: { x: "independent", y: "independent" } },
  } as TopLevelSpec);
}
