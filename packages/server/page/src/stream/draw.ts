/** Draws one frame of the stream on a canvas.
 *
 *  Guarantees: the brush changes once for each look and colour, not for each bar; failures differ in height and hatching, not in
 *  colour alone; texts come from a cache. */
import type { Boxes } from "./layout.js";
import { LOOKS, type Scene } from "./layout.js";
import { inkOn, type Theme } from "./palette.js";
import { stepOf } from "./view.js";

export interface Frame {
  readonly scene: Scene;
  readonly theme: Theme;
  /** Pixels on the left for the names of workers. */
  readonly gutter: number;
  /** Epoch ms of time 0. */
  readonly origin: number;
  /** Of each function, short. */
  readonly names: readonly string[];
  /** A ring around the bar that is picked; `undefined` when none is or it is out of sight. */
  readonly ring: Ring | undefined;
}

export interface Ring {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export const AXIS = 22;
const FONT = "11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
const LABEL_FONT = "11px system-ui, -apple-system, Segoe UI, Roboto, sans-serif";

/** What is made once for a canvas and a theme. */
export class Brush {
  readonly context: CanvasRenderingContext2D;
  readonly #hatches = new Map<string, CanvasPattern | string>();
  readonly #inks = new Map<string, string>();
  readonly #texts = new Map<string, string[]>();
  #characterWidth = 0;

  constructor(context: CanvasRenderingContext2D) {
    this.context = context;
  }

  /** Stripes of a theme, for failures. */
  hatch(theme: Theme): CanvasPattern | string {
    const known = this.#hatches.get(theme.name);
    if (known !== undefined) return known;
    const made = hatchOf(this.context, theme) ?? theme.failed;
    this.#hatches.set(theme.name, made);
    return made;
  }

  /** What is written on a colour. */
  ink(colour: string): string {
    const known = this.#inks.get(colour);
    if (known !== undefined) return known;
    const ink = inkOn(colour);
    this.#inks.set(colour, ink);
    return ink;
  }

  /** As much of `name` as has room in `width`; nothing when that says too little. */
  fitted(name: string, width: number): string {
    if (this.#characterWidth === 0) {
      this.context.font = FONT;
      this.#characterWidth = this.context.measureText("0000000000").width / 10;
    }
    const room = Math.floor(width / this.#characterWidth);
    if (room >= name.length) return name;
    if (room < 4) return "";
    let cuts = this.#texts.get(name);
    if (cuts === undefined) {
      cuts = [];
      this.#texts.set(name, cuts);
    }
    let text = cuts[room];
    if (text === undefined) {
      text = `${name.slice(0, room - 1)}…`;
      cuts[room] = text;
    }
    return text;
  }
}

function hatchOf(context: CanvasRenderingContext2D, theme: Theme): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = 6;
  tile.height = 6;
  const brush = tile.getContext("2d");
  if (brush === null) return null;
  brush.fillStyle = theme.failed;
  brush.fillRect(0, 0, 6, 6);
  brush.strokeStyle = theme.hatch;
  brush.lineWidth = 1.3;
  brush.beginPath();
  for (const shift of [-6, 0, 6]) {
    brush.moveTo(shift - 1, 7);
    brush.lineTo(shift + 7, -1);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat");
}

/** Draws everything. `boxes` are those of the frame's scene. */
export function draw(brush: Brush, frame: Frame, boxes: Boxes): void {
  const { context } = brush;
  const { scene, theme, gutter } = frame;
  const height = scene.plan.height + AXIS;
  context.clearRect(0, 0, gutter + scene.width, height);
  drawRows(context, frame);
  context.save();
  context.translate(gutter, 0);
  context.beginPath();
  context.rect(0, 0, scene.width, height);
  context.clip();
  drawGrid(context, frame);
  for (let look = 0; look < LOOKS.length; look += 1) {
    for (let colour = 0; colour < theme.functions.length; colour += 1) drawList(brush, frame, boxes, look, colour);
  }
  drawRing(context, frame);
  context.restore();
}

function drawRows(context: CanvasRenderingContext2D, { scene: { plan, width }, theme, gutter }: Frame): void {
  context.font = LABEL_FONT;
  context.textBaseline = "middle";
  context.textAlign = "left";
  let free = Number.NEGATIVE_INFINITY;
  for (const { name, top, height } of plan.rows) {
    context.fillStyle = theme.rowGround;
    context.fillRect(gutter, top, width, height);
    const middle = top + Math.min(height, 22) / 2;
    if (gutter === 0 || middle - 6 < free) continue;
    context.fillStyle = theme.muted;
    context.fillText(name, 2, middle + 0.5, gutter - 8);
    free = middle + 6;
  }
}

function drawGrid(context: CanvasRenderingContext2D, { scene, theme, origin }: Frame): void {
  const { stretch, width, plan } = scene;
  const step = stepOf(stretch.to - stretch.from, width, 84);
  const scale = width / (stretch.to - stretch.from);
  // On round times of day, so that marks move with the bars.
  const first = Math.ceil((stretch.from + origin) / step) * step - origin;
  context.font = LABEL_FONT;
  context.textAlign = "center";
  for (let time = first; time <= stretch.to; time += step) {
    const x = Math.round((time - stretch.from) * scale) + 0.5;
    context.fillStyle = theme.grid;
    context.fillRect(x - 0.5, 0, 1, plan.height + 4);
    context.fillStyle = theme.muted;
    context.fillText(timeLabel(time + origin, step), Math.min(width - 26, Math.max(26, x)), plan.height + 14);
  }
}

function timeLabel(epochMs: number, step: number): string {
  const at = new Date(Math.round(epochMs));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (step < 1000) return `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function drawList(brush: Brush, frame: Frame, boxes: Boxes, look: number, colour: number): void {
  let box = boxes.first(look, colour);
  if (box < 0) return;
  const { context } = brush;
  const { theme } = frame;
  const lane = frame.scene.plan.laneHeight;
  const tone = theme.functions[colour] ?? theme.accent;
  const name = LOOKS[look];
  context.fillStyle = name === "waiting" ? theme.waiting : name === "failed" ? brush.hatch(theme) : tone;
  context.strokeStyle = tone;
  // Failures fill their lane, other bars keep a distance to its edges, waiting is a line: heights tell what colours tell.
  const inset =
    name === "failed" ? 0 : name === "waiting" ? Math.floor(lane * 0.42) : lane >= 10 ? 2 : lane >= 6 ? 1 : 0;
  const height = Math.max(1, lane - 2 * inset);
  while (box >= 0) {
    const left = boxes.left[box] ?? 0;
    const width = (boxes.right[box] ?? 0) - left;
    const top = (boxes.top[box] ?? 0) + inset;
    // A hair of room between neighbours, where there is some.
    const shown = width > 4 ? width - 1 : width;
    if (width < 4 || name === "succeeded" || name === "failed" || name === "waiting") {
      context.fillRect(left, top, shown, height);
    } else if (name === "cancelled") strokeBox(context, left, top, shown, height);
    else openBox(context, left, top, width, height);
    box = boxes.next(box);
  }
  if (lane >= 14 && name !== "waiting") drawNames(brush, frame, boxes, look, colour);
}

/** Only an outline: it came to nothing. */
function strokeBox(context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
  context.lineWidth = 1.5;
  context.strokeRect(left + 0.75, top + 0.75, width - 1.5, height - 1.5);
}

/** A tint with an edge on three sides: nobody knows yet where it ends. */
function openBox(context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
  context.globalAlpha = 0.28;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
  context.fillRect(left, top, 2.5, height);
  context.fillRect(left, top, width, 1.5);
  context.fillRect(left, top + height - 1.5, width, 1.5);
}

const LEAST_NAMED = 36;

function drawNames(brush: Brush, { scene, theme, names }: Frame, boxes: Boxes, look: number, colour: number): void {
  const { context } = brush;
  const { laneHeight } = scene.plan;
  const kind = LOOKS[look];
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let box = boxes.first(look, colour); box >= 0; box = boxes.next(box)) {
    const left = boxes.left[box] ?? 0;
    const width = (boxes.right[box] ?? 0) - left;
    if (width < LEAST_NAMED) continue;
    const text = brush.fitted(names[fnOf(scene, boxes.item[box] ?? 0)] ?? "", width - 12);
    if (text === "") continue;
    const middle = (boxes.top[box] ?? 0) + laneHeight / 2;
    if (kind === "failed") {
      // Stripes make letters hard to read: they get a plate of the plain colour.
      context.fillStyle = theme.failed;
      context.fillRect(left + 3, middle - 6, context.measureText(text).width + 6, 12);
    }
    const ground = kind === "failed" ? theme.failed : kind === "succeeded" ? theme.functions[colour] : undefined;
    context.fillStyle = ground === undefined ? theme.text : brush.ink(ground);
    context.fillText(text, left + 6, middle + 0.5);
  }
}

function fnOf({ bars, running }: Scene, item: number): number {
  return (item < 0 ? running[~item] : bars[item])?.fn ?? 0;
}

function drawRing(context: CanvasRenderingContext2D, { ring, theme, scene: { plan } }: Frame): void {
  if (ring === undefined) return;
  context.lineWidth = 2;
  context.strokeStyle = theme.text;
  const left = ring.left - 2;
  context.strokeRect(left, ring.top - 1, Math.max(6, ring.right - left + 2), plan.laneHeight + 2);
}
