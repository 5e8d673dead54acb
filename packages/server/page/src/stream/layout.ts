/** From attempts to rectangles: arithmetic without a canvas, so that it can be tested without a browser.
 *
 *  Guarantees: nothing is allocated for a bar or a frame, once the arrays are large enough; an attempt that failed is never left
 *  out and never narrower than `LEAST_FAILED`; bars of one look that fall on the same pixel of a lane are one rectangle. */
import type { Bar, Outcome, RunningCall } from "../../../src/dashboard/protocol.js";
import type { RowPlan } from "./rows.js";
import type { Stretch } from "./view.js";

/** How a rectangle looks, beside its colour. */
export const LOOKS = ["waiting", "running", "succeeded", "cancelled", "failed"] as const;
export type Look = (typeof LOOKS)[number];

const LOOK_OF: Readonly<Record<Outcome, number>> = { succeeded: 2, cancelled: 3, retried: 4, failed: 4 };
const WAITING = 0;
const RUNNING = 1;
const FAILED = 4;

/** In pixels. */
export const LEAST = 1;
export const LEAST_FAILED = 3;
const NONE = -1;
/** Colours of functions that the lists below tell apart. */
const COLOURS = 16;

export interface Scene {
  readonly bars: readonly Bar[];
  readonly running: readonly RunningCall[];
  readonly plan: RowPlan;
  readonly stretch: Stretch;
  /** Where open bars end. */
  readonly now: number;
  /** In pixels. */
  readonly width: number;
  /** The colour's number for each function. */
  readonly colours: readonly number[];
}

/** The rectangles of one frame, in lists by look and colour: a list is drawn without changing the brush. */
export class Boxes {
  count = 0;
  left: Float32Array = new Float32Array(1024);
  right: Float32Array = new Float32Array(1024);
  top: Float32Array = new Float32Array(1024);
  /** What it shows: the place in the scene's `bars`, or `~place` in its `running`. */
  item: Int32Array = new Int32Array(1024);
  #next = new Int32Array(1024);
  readonly #heads = new Int32Array(LOOKS.length * COLOURS).fill(NONE);
  #endOfLane = new Float64Array(64);
  #pixelOfLane = new Int32Array(64);
  #listOfLane = new Int32Array(64);

  /** The first rectangle of a list, or -1. */
  first(look: number, colour: number): number {
    return this.#heads[look * COLOURS + colour] ?? NONE;
  }

  /** The rectangle behind another in its list, or -1. */
  next(box: number): number {
    return this.#next[box] ?? NONE;
  }

  /** @internal */
  begin(lanes: number): void {
    this.count = 0;
    this.#heads.fill(NONE);
    if (lanes > this.#endOfLane.length) {
      this.#endOfLane = new Float64Array(lanes * 2);
      this.#pixelOfLane = new Int32Array(lanes * 2);
      this.#listOfLane = new Int32Array(lanes * 2);
    }
    this.#endOfLane.fill(Number.NEGATIVE_INFINITY);
    this.#pixelOfLane.fill(NONE);
    this.#listOfLane.fill(NONE);
  }

  /** When the last bar of a lane ended. */
  endOf(lane: number): number {
    return this.#endOfLane[lane] ?? Number.NEGATIVE_INFINITY;
  }

  /** @internal */
  ended(lane: number, at: number): void {
    if (at > this.endOf(lane)) this.#endOfLane[lane] = at;
  }

  /** @internal */
  add(look: number, colour: number, item: number, lane: number, left: number, right: number, top: number): void {
    const list = look * COLOURS + (colour % COLOURS);
    const pixel = Math.floor(left);
    const narrow = right - left <= LEAST;
    if (narrow && look !== FAILED && this.#pixelOfLane[lane] === pixel && this.#listOfLane[lane] === list) return;
    if (narrow) {
      this.#pixelOfLane[lane] = pixel;
      this.#listOfLane[lane] = list;
    }
    if (this.count === this.left.length) this.#grow();
    const box = this.count;
    this.count += 1;
    this.left[box] = left;
    this.right[box] = right;
    this.top[box] = top;
    this.item[box] = item;
    this.#next[box] = this.#heads[list] ?? NONE;
    this.#heads[list] = box;
  }

  #grow(): void {
    const size = this.left.length * 2;
    this.left = grown(new Float32Array(size), this.left);
    this.right = grown(new Float32Array(size), this.right);
    this.top = grown(new Float32Array(size), this.top);
    this.item = grown(new Int32Array(size), this.item);
    this.#next = grown(new Int32Array(size), this.#next);
  }
}

function grown<A extends Float32Array | Int32Array>(larger: A, filled: A): A {
  larger.set(filled);
  return larger;
}

/** Fills `boxes` with what is to be seen. */
export function layOut(scene: Scene, boxes: Boxes): void {
  boxes.begin(scene.plan.lanes);
  const { bars, running } = scene;
  for (let at = 0; at < bars.length; at += 1) placeBar(scene, at, boxes);
  for (let at = 0; at < running.length; at += 1) placeOpen(scene, at, boxes);
}

function placeBar(scene: Scene, item: number, boxes: Boxes): void {
  const { plan, stretch, colours } = scene;
  const bar = scene.bars[item];
  const row = bar === undefined ? undefined : plan.byRow.get(bar.row);
  if (bar === undefined || row === undefined) return;
  const within = Math.min(bar.lane, row.lanes - 1);
  const lane = row.firstLane + within;
  const idleSince = boxes.endOf(lane);
  const end = bar.startedAt + bar.duration;
  boxes.ended(lane, end);
  if (end < stretch.from || bar.submittedAt > stretch.to) return;
  const top = row.top + within * plan.laneHeight;
  // Grey only while the lane had nothing else to do: what waits behind a call that runs is in the chart of the queue.
  place(scene, boxes, WAITING, 0, item, lane, Math.max(bar.submittedAt, idleSince), bar.startedAt, top);
  place(scene, boxes, LOOK_OF[bar.outcome], colours[bar.fn] ?? 0, item, lane, bar.startedAt, end, top);
}

/** A call that has not ended: its bar is open to the right. */
function placeOpen(scene: Scene, item: number, boxes: Boxes): void {
  const { plan, now, colours } = scene;
  const call = scene.running[item];
  const row = call === undefined ? undefined : plan.byRow.get(call.row);
  if (call === undefined || row === undefined) return;
  const since = call.startedAt ?? call.handedAt;
  const within = freeLane(boxes, row.firstLane, row.lanes, since);
  const lane = row.firstLane + within;
  const top = row.top + within * plan.laneHeight;
  const idleSince = boxes.endOf(lane);
  if (call.startedAt === null) {
    // Behind another that is open, nothing is to be seen: `from` is beyond `now` then.
    place(scene, boxes, WAITING, 0, ~item, lane, Math.max(since, idleSince), now, top);
  } else place(scene, boxes, RUNNING, colours[call.fn] ?? 0, ~item, lane, since, now, top);
  boxes.ended(lane, now);
}

/** The first lane that has been free since then; if none was, the one that has been free longest. */
function freeLane(boxes: Boxes, first: number, lanes: number, since: number): number {
  let best = 0;
  for (let lane = 0; lane < lanes; lane += 1) {
    const end = boxes.endOf(first + lane);
    if (end <= since) return lane;
    if (end < boxes.endOf(first + best)) best = lane;
  }
  return best;
}

function place(
  { stretch, width }: Scene,
  boxes: Boxes,
  look: number,
  colour: number,
  item: number,
  lane: number,
  from: number,
  to: number,
  top: number,
): void {
  if (to < stretch.from || from > stretch.to || to < from) return;
  const scale = width / (stretch.to - stretch.from);
  const left = Math.max(0, (from - stretch.from) * scale);
  const right = Math.min(width, (to - stretch.from) * scale);
  if (look === WAITING && right - left < LEAST) return;
  const least = look === FAILED ? LEAST_FAILED : LEAST;
  boxes.add(look, colour, item, lane, left, Math.max(right, left + least), top);
}

/** In pixels: so near is meant. */
const REACH = 4;

/** What is drawn at a place, or next to it in the same lane: an `item`, or `undefined`. What was drawn later wins. */
export function itemAt(boxes: Boxes, laneHeight: number, x: number, y: number): number | undefined {
  let best: number | undefined;
  let least = REACH;
  for (let box = 0; box < boxes.count; box += 1) {
    const top = boxes.top[box] ?? 0;
    if (y < top || y >= top + laneHeight) continue;
    const distance = Math.max(0, (boxes.left[box] ?? 0) - x, x - (boxes.right[box] ?? 0));
    if (distance > least) continue;
    least = distance;
    best = boxes.item[box];
  }
  return best;
}
