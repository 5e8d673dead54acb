/** What a queue does, wherever its items are. */
import type { WaitOptions } from "../base/wait-options.js";
import type { Item } from "../memory/item.js";
import type { Closing } from "../memory/queue-store.js";

export interface QueueCore {
  /** @returns a promise when it has to wait. */
  put(item: Item, options: WaitOptions): undefined | Promise<void>;
  putNowait(item: Item): void;
  putSync(item: Item, timeout: number): void;
  /** @returns a promise when it has to wait. */
  get(options: WaitOptions): Item | Promise<Item>;
  getNowait(): Item;
  getSync(timeout: number): Item;
  size(): number;
  closing(): Closing;
  taskDone(): void;
  join(options: WaitOptions): Promise<void>;
  shutdown(to: "draining" | "closed"): void;
}

/** What fits into a queue: so many items, and so many units of memory. Into an empty one anything fits. */
export interface QueueLimits {
  readonly items: number;
  readonly units: number;
}
