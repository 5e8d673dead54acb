/** Items on their way to a client in another process, which has not said yet that it has them.
 *
 *  Guarantees: an item that its client never got, because it is gone, goes back to where it was; in the order in which the
 *  items stood there. */
import { InvalidStateError } from "../base/errors.js";
import type { RemoteLink } from "../base/shareable.js";
import { Item, type WireItem } from "../memory/item.js";

/** An item, with the number by which its arrival is reported. */
export type Delivery = readonly [number: number, item: WireItem];

/** The owner's side. */
export class Deliveries {
  readonly #restore: (item: Item) => void;
  readonly #underway = new Map<number, Item>();
  #last = 0;
  #state: "open" | "closed" = "open";

  constructor(restore: (item: Item) => void) {
    this.#restore = restore;
  }

  send(item: Item): Delivery {
    if (this.#state === "closed") {
      this.#restore(item);
      throw new InvalidStateError("Cannot deliver the item: its client is gone");
    }
    this.#last += 1;
    this.#underway.set(this.#last, item);
    return [this.#last, item.toWire()];
  }

  arrived(number: number): void {
    this.#underway.delete(number);
  }

  /** It came when nobody waited for it any more. */
  refused(number: number): void {
    const item = this.#underway.get(number);
    if (this.#underway.delete(number) && item !== undefined) this.#restore(item);
  }

  /** The client is gone. */
  close(): void {
    this.#state = "closed";
    // The last one first: each goes before those that are there.
    for (const item of [...this.#underway.values()].reverse()) this.#restore(item);
    this.#underway.clear();
  }
}

/** The client's side: takes a delivery, and says so. */
export function accept(link: RemoteLink, delivery: unknown): Item {
  const [number, item] = delivery as Delivery;
  link.post("got", [number]);
  return Item.fromWire(item);
}

/** The client's side: gives back a delivery that came too late. */
export function refuse(link: RemoteLink, delivery: unknown): void {
  link.post("refused", [(delivery as Delivery)[0]]);
}
