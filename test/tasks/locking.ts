/** Tasks of executors that use what is shared with them. */
import "manyhands/threading";
import type { Lock } from "manyhands/threading";
import { type Parcels, revived } from "./reviving.js";

/** Adds to the number while holding the lock. */
export async function addLocked(parcels: Parcels, numbers: Int32Array): Promise<void> {
  const [lock] = revived(parcels) as [Lock];
  await lock.with(async () => {
    const before = numbers[0] ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
    numbers[0] = before + 1;
  });
}

/** Takes the lock, and ends the worker. */
export function dieWith(parcels: Parcels): void {
  (revived(parcels)[0] as Lock).acquireSync();
  process.exit(1);
}
