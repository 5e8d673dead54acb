/** One uPlot chart that follows the samples: made anew for a theme, fed with each picture, as wide as its frame.
 *
 *  Guarantees: what it made is removed when it is disposed of; it draws when it is fed or resized, never by itself. */
import uPlot from "uplot";
import type { Picture } from "../../../src/dashboard/protocol.js";
import type { Theme } from "../stream/palette.js";
import { type ChartKind, type SeriesTone, valueAt } from "./kinds.js";

const HEIGHT = 132;
const FONT = "11px system-ui, -apple-system, Segoe UI, Roboto, sans-serif";
/** The charts show the time of their cursors together. */
const TOGETHER = "strip";
/** A chart begins with so much room, in s, and is filled from the right. */
const LEAST_SPAN = 30;

export class Chart implements Disposable {
  readonly #plot: uPlot;
  readonly #kind: ChartKind;
  readonly #sizes: ResizeObserver;

  /** @param pointed told which sample the cursor is at; `undefined`: none. */
  constructor(frame: HTMLElement, kind: ChartKind, theme: Theme, pointed: (at: number | undefined) => void) {
    this.#kind = kind;
    this.#plot = new uPlot(optionsFor(kind, theme, frame.clientWidth, pointed), [[]], frame);
    this.#sizes = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot.setSize({ width, height: HEIGHT });
    });
    this.#sizes.observe(frame);
  }

  feed({ samples, origin }: Picture): void {
    const times = samples.map(({ at }) => (origin + at) / 1000);
    const values = this.#kind.series.map((series) => samples.map((_sample, place) => valueAt(series, samples, place)));
    this.#plot.setData([times, ...values]);
  }

  [Symbol.dispose](): void {
    this.#sizes.disconnect();
    this.#plot.destroy();
  }
}

export function toneOf(theme: Theme, tone: SeriesTone): string {
  switch (tone) {
    case "main":
      return theme.accent;
    case "second":
      return theme.functions[2] ?? theme.accent;
    case "failed":
      return theme.failed;
  }
}

function optionsFor(
  kind: ChartKind,
  theme: Theme,
  width: number,
  pointed: (at: number | undefined) => void,
): uPlot.Options {
  const grid = { stroke: theme.grid, width: 1 };
  const axis = { stroke: theme.muted, font: FONT, grid, ticks: { show: false } };
  return {
    width: Math.max(100, width),
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    cursor: { sync: { key: TOGETHER }, y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { time: true, range: (_plot, _min, max) => rangeOfTime(_plot, max) },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      { ...axis, size: 24, gap: 4, space: 70, values: (_plot, splits) => splits.map(timeOf) },
      { ...axis, size: 52, gap: 4, space: 30, values: (_plot, splits) => splits.map(kind.mark) },
    ],
    series: [
      {},
      ...kind.series.map(({ label, tone, dash, fill }) => {
        const stroke = toneOf(theme, tone);
        const filled = fill === "filled" ? { fill: `${stroke}22` } : {};
        return { label, stroke, width: 1.5, points: { show: false }, dash: [...dash], ...filled };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => pointed(cursor.idx ?? undefined)] },
  };
}

function rangeOfTime(plot: uPlot, max: number): uPlot.Range.MinMax {
  const [times] = plot.data;
  const first = times[0] ?? max;
  return [Math.min(first, max - LEAST_SPAN), max];
}

function timeOf(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
