/** What the raw limit costs in the shapes of the growth curves: how much of a rise is the machine's, or the collector's.
 *
 *  The limit of the other measures (`peers/limit`), by other amounts; of callbacks, a list of functions that are called. */
import { WORKERS } from "../participants.js";
import { entries } from "../peers/limit.js";
import type { Kind, Subject } from "../subject.js";

/** Curves of which the limit has the same shape. */
export type Floor = "workers" | "tasks" | "pending" | "callbacks";

export interface BareShape {
  warmUp(calls: number): Promise<unknown>;
  /** Does `items` items or more. @returns how many. */
  work(items: number): Promise<number>;
  close(): Promise<unknown>;
}

async function inWindows(subject: Subject, calls: number, window: number): Promise<number> {
  for (let done = 0; done < calls; done += window) {
    const size = Math.min(window, calls - done);
    await Promise.all(Array.from({ length: size }, (_, n) => subject.call(n)));
  }
  return calls;
}

/** A list of `amount` functions for each promise, called when it is settled. */
async function callbacks(subject: Subject, amount: number, items: number): Promise<number> {
  let called = 0;
  const count = (): void => void called++;
  const ends: PromiseLike<void>[] = [];
  for (let i = 0; i < items; i += amount) {
    const list: (() => void)[] = [];
    ends.push(
      subject.call(3).then(() => {
        for (const callback of list) callback();
      }),
    );
    for (let k = 0; k < amount; k++) list.push(count);
  }
  await Promise.all(ends);
  return called;
}

/** @param window calls that are pending at once where the shape does not say. */
export async function floorOf(floor: Floor, kind: Kind, amount: number, window: number): Promise<BareShape> {
  const entry = entries.find((each) => each.kind === kind);
  if (entry === undefined) throw new Error(`There is no raw limit of ${kind}`);
  const subject = await entry.open(floor === "workers" ? amount : WORKERS, "square");
  const work: Record<Floor, (items: number) => Promise<number>> = {
    workers: (items) => inWindows(subject, Math.max(items, window), window),
    tasks: () => inWindows(subject, amount, 1000),
    pending: () => inWindows(subject, amount, amount),
    callbacks: (items) => callbacks(subject, amount, items),
  };
  return {
    warmUp: (calls) => inWindows(subject, calls, window),
    work: work[floor],
    close: () => subject.close(),
  };
}
