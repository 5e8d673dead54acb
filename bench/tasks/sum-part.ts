/** Adds up a part of an array that all threads share: the memory is the bottleneck. */
export interface Part {
  readonly array: Float64Array;
  readonly from: number;
  readonly to: number;
}

export function sumPart({ array, from, to }: Part): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += array[i] ?? 0;
  return sum;
}

export default sumPart;
