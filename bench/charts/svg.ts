/** From a Vega-Lite specification to an SVG that can be read on light and on dark pages. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** The colours of charts. Each has a twin for dark pages, so that no two things may share one. */
export const COLOURS = {
  background: "#ffffff",
  text: "#1f2328",
  muted: "#59636e",
  grid: "#d1d9e0",
  ours: "#0969da",
  peer: "#afb8c1",
  limit: "#e6eaef",
  limitStripe: "#8c959f",
  second: "#bf3989",
  third: "#1a7f37",
} as const;

const DARK: Readonly<Record<keyof typeof COLOURS, string>> = {
  background: "#0d1117",
  text: "#f0f6fc",
  muted: "#9198a1",
  grid: "#2f353d",
  ours: "#4493f8",
  peer: "#565e68",
  limit: "#21262d",
  limitStripe: "#6e7681",
  second: "#db61a2",
  third: "#3fb950",
};

/** The fill of bars that are out of competition. */
export const HATCHED = "url(#hatched)";

const HATCH = `<defs><pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" fill="${COLOURS.limit}"/><rect width="2" height="6" fill="${COLOURS.limitStripe}"/></pattern></defs>`;

/** The page's own background is not known, so the chart brings one, and changes all its colours together. */
function darkStyle(): string {
  const rules = Object.entries(COLOURS).map(([name, light]) => {
    const dark = DARK[name as keyof typeof COLOURS];
    return `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`;
  });
  return `<style>@media (prefers-color-scheme: dark){${rules.join("")}}</style>`;
}

const CONFIG = {
  font: "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif",
  background: COLOURS.background,
  padding: 20,
  view: { stroke: null },
  title: {
    color: COLOURS.text,
    subtitleColor: COLOURS.muted,
    anchor: "start",
    fontSize: 13,
    subtitleFontSize: 11,
    offset: 8,
  },
  axis: {
    labelColor: COLOURS.muted,
    titleColor: COLOURS.muted,
    gridColor: COLOURS.grid,
    tickColor: COLOURS.grid,
    domainColor: COLOURS.grid,
    labelFontSize: 11,
    labelLimit: 170,
    titleFontSize: 11,
    titleFontWeight: "normal",
  },
  legend: { labelColor: COLOURS.muted, titleColor: COLOURS.muted, labelFontSize: 11, titleFontSize: 11 },
} as const;

export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile({ ...spec, config: CONFIG } as TopLevelSpec).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg.replace(/(<svg[^>]*>)/, `$1${darkStyle()}${HATCH}`)}\n`;
}
