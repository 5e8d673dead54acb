/** How queues are made, and made anew where they arrive. */
import { InvalidOptionError } from "../base/errors.js";
import { shown } from "../base/options.js";
import { registerReviver } from "../base/shareable.js";
import { newStoreMemory, type QueueOrder, type StoreMemory } from "../memory/open-store.js";
import { RemoteQueue, remoteQueue } from "../sync/queue-remote.js";
import { remoteCoreAt } from "../sync/remote-sites.js";
import { QUEUE_WORDS, SharedQueue } from "../sync/shared-queue.js";
import { newPlace, type Parcel } from "../sync/site.js";
import { arrived, type Placed, travelOf, travelOfProxy } from "../sync/travel.js";
import type { MadeQueue } from "./item-queue.js";

/** What other threads and processes need to know of a queue besides its memory. */
interface QueueFacts {
  readonly order: QueueOrder;
  readonly maxsize: number;
}

/** The memory of a queue on its way to another thread. */
interface QueueParcel extends Parcel, QueueFacts {
  readonly store: StoreMemory;
}

const limits = (maxsize: number): { items: number; units: number } => ({
  items: maxsize === 0 ? Number.POSITIVE_INFINITY : maxsize,
  units: Number.POSITIVE_INFINITY,
});

/** The size that is meant: 0 for any that sets no limit.
 *  @throws InvalidOptionError when it is no whole number. */
export function checkedSize(maxsize: unknown): number {
  if (typeof maxsize === "number" && (Number.isInteger(maxsize) || maxsize === Number.POSITIVE_INFINITY)) {
    return maxsize > 0 && maxsize !== Number.POSITIVE_INFINITY ? maxsize : 0;
  }
  throw new InvalidOptionError("maxsize", `maxsize must be a whole number, got ${shown(maxsize)}`);
}

/** Makes an empty queue. */
export function newQueue(kind: string, order: QueueOrder, maxsize: number): MadeQueue {
  const place = newPlace(QUEUE_WORDS);
  const store = newStoreMemory(order);
  const core = new SharedQueue(place, store, limits(maxsize));
  return madeOf(kind, { core, place }, { ...place.parcel, store, order, maxsize });
}

function madeOf(kind: string, { core, place }: Placed<SharedQueue>, parcel: QueueParcel): MadeQueue {
  const { order, maxsize } = parcel;
  const facts: QueueFacts = { order, maxsize };
  const travel = travelOf(kind, { core, place: { ...place, parcel } }, remoteQueue(core, facts));
  return { core, travel, order, maxsize };
}

type Revived = new (made: MadeQueue) => object;

/** Says which class makes each kind anew.
 *  @param module - the one that says so: where it is loaded, the kinds are known */
export function reviveQueues(module: string, classes: Readonly<Record<string, Revived>>): void {
  for (const [kind, Class] of Object.entries(classes)) {
    registerReviver(kind, {
      module,
      fromThread: (sent) => {
        const parcel = sent as QueueParcel;
        const placed = arrived(parcel, (place) => new SharedQueue(place, parcel.store, limits(parcel.maxsize)));
        return new Class(madeOf(kind, placed, parcel));
      },
      fromProcess: (link, sent) => {
        const { order, maxsize } = sent as QueueFacts;
        const core = remoteCoreAt(sent, () => new RemoteQueue(link));
        return new Class({ core, travel: travelOfProxy(kind), order, maxsize });
      },
    });
  }
}
