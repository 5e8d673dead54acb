/** A flame graph: below each function what it called, as wide as it took long. */
import type { TopLevelSpec } from "vega-lite";
import type { Frame, Owner } from "../profiles/profile.js";
import { COLOURS, toSvg } from "./svg.js";

const WIDTH = 1000;
const ROW = 15;
/** Narrower than this, as a part of all, nothing can be read off a frame. */
const LEAST = 0.004;
const DEEPEST = 24;
/** About as wide as a letter, in pixels. */
const LETTER = 6;

const FILL: Readonly<Record<Owner, string>> = {
  manyhands: COLOURS.ours,
  "task and benchmark": COLOURS.third,
  Node: COLOURS.peer,
  V8: COLOURS.second,
};

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly owner: Owner;
  readonly label: string;
}

function labelOf(name: string, width: number): string {
  const letters = Math.floor((width * WIDTH) / LETTER) - 1;
  if (letters < 3) return "";
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}

function barsOf(root: Frame): Bar[] {
  const bars: Bar[] = [];
  const lay = (frame: Frame, from: number, depth: number): void => {
    const width = frame.time / root.time;
    if (width < LEAST || depth > DEEPEST) return;
    const share = `${frame.name} ${(width * 100).toFixed(0)} %`;
    bars.push({ from, to: from + width, depth, owner: frame.owner, label: labelOf(share, width) });
    let at = from;
    for (const child of [...frame.children.values()].sort((a, b) => b.time - a.time)) {
      lay(child, at, depth + 1);
      at += child.time / root.time;
    }
  };
  lay(root, 0, 0);
  return bars;
}

const ENCODING = {
  x: { field: "from", type: "quantitative", axis: null, scale: { domain: [0, 1] } },
  y: { field: "depth", type: "ordinal", axis: null },
} as const;

function panel(root: Frame): object {
  const bars = barsOf(root);
  const owners = Object.keys(FILL);
  const colour = { domain: owners, range: owners.map((owner) => FILL[owner as Owner]) };
  return {
    title: `${root.name}: ${root.time.toFixed(0)} ms of work`,
    width: WIDTH,
    height: (Math.max(...bars.map((bar) => bar.depth)) + 1) * ROW,
    data: { values: bars },
    layer: [
      {
        mark: { type: "rect", stroke: COLOURS.background, strokeWidth: 1 },
        encoding: {
          ...ENCODING,
          x2: { field: "to" },
          color: { field: "owner", scale: colour, legend: { title: null, orient: "bottom" } },
        },
      },
      {
        mark: { type: "text", align: "left", dx: 3, fontSize: 10, color: COLOURS.text },
        encoding: { ...ENCODING, text: { field: "label" } },
      },
    ],
  };
}

/** @param title what ran; each tree is a panel: the main thread, the workers. */
export function flameChart(title: string, trees: readonly Frame[]): Promise<string> {
  const spec = { title, vconcat: trees.filter((tree) => tree.time > 0).map(panel), spacing: 16 };
  return toSvg(spec as unknown as TopLevelSpec);
}
