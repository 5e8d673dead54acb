/** Shared bytes whose writer dies before a chosen store, leaving half of a long one behind. */

import { HeapStore } from "../packages/manyhands/dist/memory/heap-store.js";
import { newStoreMemory, type QueueOrder, type StoreMemory } from "../packages/manyhands/dist/memory/open-store.js";
import type { QueueStore } from "../packages/manyhands/dist/memory/queue-store.js";
import { RingStore } from "../packages/manyhands/dist/memory/ring-store.js";
import { Slab, UNIT } from "../packages/manyhands/dist/memory/slab.js";
import { StackStore } from "../packages/manyhands/dist/memory/stack-store.js";

export class Death extends Error {}

/** How many stores a thread makes before it dies; shared by all that it writes to. */
export interface Fuse {
  left: number;
}

export class DyingSlab extends Slab {
  readonly #fuse: Fuse;

  constructor(memory: SharedArrayBuffer, fuse: Fuse) {
    super(memory);
    this.#fuse = fuse;
  }

  #burn(halfway: () => void): void {
    if (this.#fuse.left === 0) {
      halfway();
      throw new Death();
    }
    this.#fuse.left -= 1;
  }

  override publish(version: number): void {
    this.#burn(() => undefined);
    super.publish(version);
  }

  override setInt(index: number, value: number): void {
    this.#burn(() => undefined);
    super.setInt(index, value);
  }

  override setDouble(unit: number, value: number): void {
    this.#burn(() => undefined);
    super.setDouble(unit, value);
  }

  override setBytes(unit: number, bytes: Uint8Array): void {
    this.#burn(() => super.setBytes(unit, bytes.subarray(0, bytes.length >> 1)));
    super.setBytes(unit, bytes);
  }

  override setLatin1(unit: number, text: string): void {
    this.#burn(() => super.setLatin1(unit, text.slice(0, text.length >> 1)));
    super.setLatin1(unit, text);
  }

  override setTwoByte(unit: number, text: string): void {
    this.#burn(() => super.setTwoByte(unit, text.slice(0, text.length >> 1)));
    super.setTwoByte(unit, text);
  }

  override copy(to: number, from: number, units: number): void {
    this.#burn(() => super.copy(to, from, units >> 1));
    super.copy(to, from, units);
  }
}

function copyOf(buffer: SharedArrayBuffer): SharedArrayBuffer {
  const copy = new Slab(buffer.byteLength / UNIT);
  new Uint8Array(copy.buffer).set(new Uint8Array(buffer));
  return copy.buffer;
}

/** The same bytes once more. */
export function copyOfMemory(memory: StoreMemory): StoreMemory {
  return memory.order === "priority"
    ? { ...memory, slab: copyOf(memory.slab), heap: copyOf(memory.heap) }
    : { ...memory, slab: copyOf(memory.slab) };
}

/** What works on the memory until its fuse has burnt down. */
export function openDying(memory: StoreMemory, fuse: Fuse): QueueStore {
  const slab = new DyingSlab(memory.slab, fuse);
  if (memory.order === "priority") return new HeapStore(slab, new DyingSlab(memory.heap, fuse));
  return memory.order === "fifo" ? new RingStore(slab) : new StackStore(slab);
}

export { newStoreMemory, type QueueOrder, type StoreMemory };
