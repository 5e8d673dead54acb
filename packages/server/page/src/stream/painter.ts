/** Keeps the stream's canvas up to date: one frame when something has changed, and none when nothing has.
 *
 *  Guarantees: while the stream follows, it is redrawn when it has moved by a pixel of the screen; who wants stillness gets a
 *  new frame with each second; a page that is not in sight draws nothing. */
import type { Picture } from "../../../src/dashboard/protocol.js";
import { colours, connection, frozen, look, names, nowAtServer, picked, streamed, view } from "../state.js";
import { stillness, theme } from "../theme.js";
import { AXIS, Brush, draw, type Ring } from "./draw.js";
import { Boxes, itemAt, layOut, type Scene } from "./layout.js";
import type { Theme } from "./palette.js";
import { find, type Picked } from "./pick.js";
import { planOf, type RowPlan } from "./rows.js";
import { panned, type Stretch, stretchOf, type View, zoomed } from "./view.js";

/** What the last frame was drawn of: when all of it is the same, there is nothing to draw. */
interface Drawn {
  readonly picture: Picture;
  readonly view: View;
  readonly theme: Theme;
  readonly picked: Picked | undefined;
  readonly width: number;
  readonly ratio: number;
  readonly now: number;
}

const STILL_MS = 1000;

export class Painter implements Disposable {
  readonly #canvas: HTMLCanvasElement;
  readonly #brush: Brush;
  readonly #boxes = new Boxes();
  readonly #sizes: ResizeObserver;
  #width = 0;
  #plan: RowPlan | undefined;
  #plannedFor: Picture["workers"] | undefined;
  #drawn: Drawn | undefined;
  #request = 0;

  constructor(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D) {
    this.#canvas = canvas;
    this.#brush = new Brush(context);
    this.#sizes = new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry?.contentRect.width ?? 0);
    });
    this.#sizes.observe(canvas.parentElement ?? canvas);
    this.#request = requestAnimationFrame(this.#frame);
  }

  [Symbol.dispose](): void {
    cancelAnimationFrame(this.#request);
    this.#sizes.disconnect();
  }

  /** Pixels for the names of workers. */
  get gutter(): number {
    return this.#width < 560 ? 68 : 104;
  }

  get plan(): RowPlan {
    const workers = streamed.peek()?.workers ?? [];
    if (this.#plan === undefined || this.#plannedFor !== workers) this.#plan = planOf(workers);
    this.#plannedFor = workers;
    return this.#plan;
  }

  /** The attempt at a place of the canvas. */
  at(x: number, y: number): Picked | undefined {
    const picture = streamed.peek();
    const item = itemAt(this.#boxes, this.plan.laneHeight, x - this.gutter, y);
    if (picture === undefined || item === undefined) return undefined;
    const found = item < 0 ? picture.running[~item] : picture.bars[item];
    return found === undefined ? undefined : { call: found.call, attempt: found.attempt };
  }

  /** Zooms around a place of the canvas. */
  zoom(factor: number, x?: number): void {
    const at = x === undefined ? 1 : Math.min(1, Math.max(0, (x - this.gutter) / this.#inner));
    look(zoomed(view.peek(), factor, at, nowAtServer()));
  }

  /** Moves by pixels; to the right when they are positive. */
  pan(pixels: number): void {
    look(panned(view.peek(), pixels / this.#inner, nowAtServer()));
  }

  get #inner(): number {
    return Math.max(1, this.#width - this.gutter);
  }

  readonly #frame = (): void => {
    this.#request = requestAnimationFrame(this.#frame);
    const picture = streamed.peek();
    if (picture === undefined || this.#width === 0) return;
    const next: Drawn = {
      picture,
      view: view.peek(),
      theme: theme.peek(),
      picked: picked.peek(),
      width: this.#width,
      ratio: devicePixelRatio,
      now: this.#now(),
    };
    if (this.#isSame(next)) return;
    this.#drawn = next;
    this.#paint(next);
  };

  #now(): number {
    const now = nowAtServer();
    return stillness.peek() === "still" ? Math.floor(now / STILL_MS) * STILL_MS : now;
  }

  #isSame({ picture, now, view, theme, picked, width, ratio }: Drawn): boolean {
    const drawn = this.#drawn;
    if (drawn === undefined) return false;
    if (drawn.view !== view || drawn.theme !== theme || drawn.picked !== picked) return false;
    if (drawn.width !== width || drawn.ratio !== ratio) return false;
    // A new picture shows when the stream moves on; it moves while a connection is live.
    const moves = frozen.peek() === undefined && connection.link.peek().kind === "live";
    if (!moves) return drawn.picture === picture && drawn.now === now;
    return (Math.abs(now - drawn.now) * this.#inner * ratio) / view.span < 1;
  }

  #paint({ picture, view, theme, now, ratio }: Drawn): void {
    const { plan, gutter } = this;
    this.#fit(plan.height + AXIS, ratio);
    const scene: Scene = {
      bars: picture.bars,
      running: picture.running,
      plan,
      stretch: stretchOf(view, now),
      now,
      width: this.#inner,
      colours: colours.peek(),
    };
    layOut(scene, this.#boxes);
    const ring = this.#ring(picture, plan, scene.stretch, now);
    const frame = { scene, theme, gutter, origin: picture.origin, names: names.peek(), ring };
    this.#brush.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(this.#brush, frame, this.#boxes);
  }

  /** Makes the canvas as large as it is shown, in pixels of the screen. Setting a size clears it, so only when that changes. */
  #fit(height: number, ratio: number): void {
    const [width, tall] = [Math.round(this.#width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width === width && this.#canvas.height === tall) return;
    this.#canvas.width = width;
    this.#canvas.height = tall;
    this.#canvas.style.width = `${this.#width}px`;
    this.#canvas.style.height = `${height}px`;
  }

  #ring(picture: Picture, plan: RowPlan, { from, to }: Stretch, now: number): Ring | undefined {
    const chosen = picked.peek();
    const bar = find(picture.bars, chosen);
    const open = bar === undefined ? find(picture.running, chosen) : undefined;
    const shown = bar ?? open;
    const row = shown === undefined ? undefined : plan.byRow.get(shown.row);
    if (shown === undefined || row === undefined) return undefined;
    const scale = this.#inner / (to - from);
    const start = shown.startedAt ?? now;
    const end = bar === undefined ? now : bar.startedAt + bar.duration;
    if (end < from || start > to) return undefined;
    const lane = Math.min(bar?.lane ?? 0, row.lanes - 1);
    const top = row.top + lane * plan.laneHeight;
    return { left: (start - from) * scale, right: (end - from) * scale, top };
  }
}

/** What tests and readers of the page's source see of the canvas, which has no elements. */
export function facts(picture: Picture | undefined): Record<string, string> {
  const failed = picture?.bars.reduce((sum, { outcome }) => sum + (outcome === "failed" ? 1 : 0), 0);
  return {
    "data-bars": String(picture?.bars.length ?? 0),
    "data-failed": String(failed ?? 0),
    "data-open": String(picture?.running.length ?? 0),
  };
}
