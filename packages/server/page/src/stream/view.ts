/** Which stretch of time the stream shows, and how it moves: pure, times in ms since the picture's origin.
 *
 *  `following`: the right edge is now, which moves by itself. `held`: the picture stands still, because somebody paused it,
 *  looked into the past, or selected a bar there. */

export type View =
  | { readonly kind: "following"; readonly span: number }
  | { readonly kind: "held"; readonly span: number; readonly end: number };

export const SHORTEST = 5;
export const LONGEST = 600_000;

/** The stretch that a view means at a time. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export const START: View = { kind: "following", span: 30_000 };

export function stretchOf(view: View, now: number): Stretch {
  const to = view.kind === "following" ? now : view.end;
  return { from: to - view.span, to };
}

const clampedSpan = (span: number): number => Math.min(LONGEST, Math.max(SHORTEST, span));

/** Makes the stretch `factor` times as long. `at` (0 left … 1 right) stays where it is; one that follows keeps following. */
export function zoomed(view: View, factor: number, at: number, now: number): View {
  const span = clampedSpan(view.span * factor);
  if (view.kind === "following") return { kind: "following", span };
  const { from } = stretchOf(view, now);
  const fixed = from + view.span * at;
  return { kind: "held", span, end: Math.min(now, fixed + span * (1 - at)) };
}

/** Moves by a share of the stretch, to the right when it is positive. Whoever pushes beyond now follows again. */
export function panned(view: View, share: number, now: number): View {
  const end = stretchOf(view, now).to + view.span * share;
  return end >= now ? followed(view) : { kind: "held", span: view.span, end };
}

export function held(view: View, now: number): View {
  return view.kind === "held" ? view : { kind: "held", span: view.span, end: now };
}

export function followed(view: View): View {
  return { kind: "following", span: view.span };
}

/** Shows `from` to `to` if they are outside, with some room around. */
export function shown(view: View, from: number, to: number, now: number): View {
  const seen = stretchOf(view, now);
  if (from >= seen.from && to <= seen.to) return view;
  const span = clampedSpan(Math.max(view.span, (to - from) * 1.25));
  return { kind: "held", span, end: Math.min(now, to + span * 0.1) };
}

/** Round distances in ms between marks, for about one each `least` pixels. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000];

export function stepOf(span: number, width: number, least: number): number {
  const wanted = (span / Math.max(1, width)) * least;
  return STEPS.find((step) => step >= wanted) ?? 600_000;
}
