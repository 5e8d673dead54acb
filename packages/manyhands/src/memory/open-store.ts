/** The memory of a queue, as it travels between threads, and what works on it. */
import { HeapStore } from "./heap-store.js";
import type { QueueStore } from "./queue-store.js";
import { newSlab } from "./queue-store.js";
import { RingStore } from "./ring-store.js";
import { Slab } from "./slab.js";
import { StackStore } from "./stack-store.js";

/** Which item is next. */
export type QueueOrder = "fifo" | "lifo" | "priority";

export type StoreMemory =
  | { readonly order: "fifo" | "lifo"; readonly slab: SharedArrayBuffer }
  | { readonly order: "priority"; readonly slab: SharedArrayBuffer; readonly heap: SharedArrayBuffer };

/** Room for the places of 1024 items. */
const HEAP_UNITS = 512;

export function newStoreMemory(order: QueueOrder): StoreMemory {
  const slab = newSlab().buffer;
  return order === "priority" ? { order, slab, heap: new Slab(HEAP_UNITS).buffer } : { order, slab };
}

export function openStore(memory: StoreMemory): QueueStore {
  const slab = new Slab(memory.slab);
  switch (memory.order) {
    case "fifo":
      return new RingStore(slab);
    case "lifo":
      return new StackStore(slab);
    case "priority":
      return new HeapStore(slab, new Slab(memory.heap));
  }
}
