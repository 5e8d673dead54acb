/** Tasks that are given shared memory, values and arrays. */
import type { ShareableList, Array as SharedArray, SharedMemory, Value } from "manyhands/multiprocessing";

/** Adds one at a time, each at one stroke. */
export function addMany(value: Value<"i32"> | Value<"f64">, times: number): void {
  for (let n = 0; n < times; n += 1) value.add(1);
}

/** Reads, lets others run, and writes: right only under the lock. */
export async function increaseUnderLock(value: Value<"i32">, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    await value.getLock().with(async () => {
      const before = value.value;
      await new Promise((resolve) => setImmediate(resolve));
      value.value = before + 1;
    });
  }
}

/** Fills the places from `from` to before `to` with their own numbers. */
export function fillPlaces(array: SharedArray<"i32">, from: number, to: number): string {
  for (let index = from; index < to; index += 1) array.view[index] = index;
  return array.type;
}

export function setItem(list: ShareableList, index: number, item: string): number {
  list.set(index, item);
  return list.length;
}

export function setByte(memory: SharedMemory, index: number, value: number): string {
  memory.buf[index] = value;
  return memory.name;
}

/** Gives back what it was given. */
export function same(value: Value<"i32">): Value<"i32"> {
  value.value += 1;
  return value;
}
