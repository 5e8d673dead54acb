/** `--matrix`: every combination of several inputs, the last axis fastest, as nested loops would give them.
 *
 *  Guarantees: the first axis is streamed, so it may be as long as you like; the others are held in memory, since they
 *  are gone through once for each value of the first. */
import type { Batches } from "./readers.js";

/** The combinations of `axes`; each is an array with one value of each axis. */
export async function* product(axes: readonly Batches[]): AsyncGenerator<readonly unknown[]> {
  const [first, ...others] = axes;
  if (first === undefined) return;
  const held = await Promise.all(others.map(collect));
  const size = held.reduce((count, values) => count * values.length, 1);
  for await (const batch of first) {
    for (const value of batch) {
      for (let start = 0; start < size; start += BATCH) {
        const count = Math.min(BATCH, size - start);
        yield Array.from({ length: count }, (_, index) => [value, ...combination(held, start + index)]);
      }
    }
  }
}

const BATCH = 256;

async function collect(batches: Batches): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for await (const batch of batches) for (const value of batch) values.push(value);
  return values;
}

/** The combination with the given number, counted like the digits of a clock. */
export function combination(axes: readonly (readonly unknown[])[], number: number): unknown[] {
  const values: unknown[] = [];
  let rest = number;
  for (const axis of axes.toReversed()) {
    values.unshift(axis[rest % axis.length]);
    rest = Math.floor(rest / axis.length);
  }
  return values;
}
