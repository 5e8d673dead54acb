/** What keys, wheel and pointer do to the stream. */
import { look, nowAtServer, pause, picked, resume, streamed, view } from "../state.js";
import { commandOf } from "./keys.js";
import type { Painter } from "./painter.js";
import { type Direction, find, neighbour } from "./pick.js";
import { shown } from "./view.js";

/** Listens to what is done to the canvas. Returns how to stop that. */
export function listen(canvas: HTMLCanvasElement, painter: Painter): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  canvas.addEventListener("keydown", (event) => onKey(event, painter), { signal });
  canvas.addEventListener("wheel", (event) => onWheel(event, canvas, painter), { signal, passive: false });
  listenForDrags(canvas, painter, signal);
  return () => stop.abort();
}

function onKey(event: KeyboardEvent, painter: Painter): void {
  const command = commandOf(event);
  if (command === undefined) return;
  event.preventDefault();
  switch (command.kind) {
    case "go":
      return go(painter, command.way);
    case "pan":
      return painter.pan(command.pixels);
    case "zoom":
      return painter.zoom(command.factor);
    case "pause":
      return view.peek().kind === "held" ? resume() : pause();
    case "oldest":
      return toOldest();
    case "now":
      return resume();
    case "let-go":
      picked.value = undefined;
  }
}

function go(painter: Painter, way: Direction): void {
  const picture = streamed.peek();
  if (picture === undefined) return;
  const next = neighbour(picture.bars, painter.plan, find(picture.bars, picked.peek()), way);
  if (next === undefined) return;
  picked.value = { call: next.call, attempt: next.attempt };
  const seen = shown(view.peek(), next.startedAt, next.startedAt + next.duration, nowAtServer());
  if (seen !== view.peek()) look(seen);
}

function toOldest(): void {
  const picture = streamed.peek();
  const oldest = picture?.bars[0];
  if (picture === undefined || oldest === undefined) return;
  const { span } = view.peek();
  look({ kind: "held", span, end: Math.min(picture.at, oldest.startedAt + span * 0.95) });
}

/** The wheel zooms when the picture has the focus, or with Ctrl (which is what pinching sends); else it scrolls the page. */
function onWheel(event: WheelEvent, canvas: HTMLCanvasElement, painter: Painter): void {
  if (document.activeElement !== canvas && !event.ctrlKey) return;
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) painter.pan(event.deltaX);
  else painter.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY)) / 300), event.offsetX);
}

/** A press that moves pans; one that does not picks. */
function listenForDrags(canvas: HTMLCanvasElement, painter: Painter, signal: AbortSignal): void {
  let drag: { readonly pointer: number; x: number; moved: number } | undefined;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      drag = { pointer: event.pointerId, x: event.clientX, moved: 0 };
      canvas.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (drag === undefined || drag.pointer !== event.pointerId) return;
      const by = event.clientX - drag.x;
      drag.moved += Math.abs(by);
      drag.x = event.clientX;
      if (drag.moved > 4) painter.pan(-by);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerup",
    (event) => {
      if (drag !== undefined && drag.moved <= 4) picked.value = painter.at(event.offsetX, event.offsetY);
      drag = undefined;
    },
    { signal },
  );
  canvas.addEventListener(
    "pointercancel",
    () => {
      drag = undefined;
    },
    { signal },
  );
}
