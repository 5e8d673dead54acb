/** A module that workers load as TypeScript: tests refer to this file itself, not to what was built from it. */
interface Point {
  readonly x: number;
  readonly y: number;
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y) satisfies number;
}
