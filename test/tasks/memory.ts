/** Tasks that attach to shared memory by its name. */
import { SharedMemory } from "manyhands/multiprocessing";

/** Adds 1 to the first word as often as told, at one stroke each time. */
export function addToWord({ name, times }: { readonly name: string; readonly times: number }): number {
  using memory = new SharedMemory({ name });
  const words = new Int32Array(memory.buffer);
  for (let n = 0; n < times; n += 1) Atomics.add(words, 0, 1);
  return process.pid;
}

/** Writes a byte, and leaves without closing. */
export function writeByte(name: string, index: number, value: number): number {
  const memory = new SharedMemory({ name });
  memory.buf[index] = value;
  return process.pid;
}

export function readBytes(name: string): number[] {
  using memory = new SharedMemory({ name });
  return [...memory.buf.subarray(0, 8)];
}
