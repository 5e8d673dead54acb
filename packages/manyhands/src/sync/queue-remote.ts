/** A queue whose items are in another process, and the owner's side of it.
 *
 *  Guarantees: an item that was taken for a client that is gone before it had it goes back to where it was; a put that was
 *  given up is either done, and then its caller is told so, or will never be. */
import { InvalidStateError } from "../base/errors.js";
import type { RemoteLink, RemoteObject, RemoteSession } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import { Item, type WireItem } from "../memory/item.js";
import type { Closing } from "../memory/queue-store.js";
import type { QueueCore } from "./queue-core.js";
import type { SharedQueue } from "./shared-queue.js";

/** An item that was taken, with the number by which its arrival is reported. */
type Delivery = readonly [number: number, item: WireItem];

const withSignal = ({ signal }: WaitOptions): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

/** The asking side. */
export class RemoteQueue implements QueueCore {
  readonly #link: RemoteLink;

  constructor(link: RemoteLink) {
    this.#link = link;
  }

  async put(item: Item, options: WaitOptions): Promise<void> {
    await this.#link.call("put", [options.timeout, item.toWire()], withSignal(options));
  }

  putNowait(item: Item): void {
    this.#link.callSync("putNowait", [item.toWire()]);
  }

  putSync(item: Item, timeout: number): void {
    this.#link.callSync("put", [timeout, item.toWire()]);
  }

  async get(options: WaitOptions): Promise<Item> {
    return this.#arrived(await this.#link.call("get", [options.timeout], withSignal(options)));
  }

  getNowait(): Item {
    return this.#arrived(this.#link.callSync("getNowait", []));
  }

  getSync(timeout: number): Item {
    return this.#arrived(this.#link.callSync("get", [timeout]));
  }

  #arrived(delivery: unknown): Item {
    const [number, item] = delivery as Delivery;
    this.#link.post("got", [number]);
    return Item.fromWire(item);
  }

  size(): number {
    return this.#link.callSync("size", []) as number;
  }

  closing(): Closing {
    return this.#link.callSync("closing", []) as Closing;
  }

  taskDone(): void {
    this.#link.callSync("taskDone", []);
  }

  async join(options: WaitOptions): Promise<void> {
    await this.#link.call("join", [options.timeout], withSignal(options));
  }

  shutdown(to: "draining" | "closed"): void {
    this.#link.callSync("shutdown", [to]);
  }
}

/** The owner's side of one client. */
class QueueSession implements RemoteSession {
  readonly #queue: SharedQueue;
  /** Items on their way to the client, in the order in which they were taken. */
  readonly #underway = new Map<number, Item>();
  #last = 0;
  #state: "open" | "closed" = "open";

  constructor(queue: SharedQueue) {
    this.#queue = queue;
  }

  call(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    const queue = this.#queue;
    const [first, second] = args;
    switch (method) {
      case "put":
        return queue.put(Item.fromWire(second as WireItem), limits(first, signal));
      case "putNowait":
        return queue.putNowait(Item.fromWire(first as WireItem));
      case "get":
        return this.#get(limits(first, signal));
      case "getNowait":
        return this.#deliver(queue.getNowait());
      case "got":
        return void this.#underway.delete(first as number);
      case "join":
        return queue.join(limits(first, signal));
      case "taskDone":
        return queue.taskDone();
      case "shutdown":
        return queue.shutdown(first as "draining" | "closed");
      case "size":
        return queue.size();
      case "closing":
        return queue.closing();
      default:
        throw new InvalidStateError(`Cannot ${method}: a queue of this version does not do that`);
    }
  }

  close(): void {
    this.#state = "closed";
    // The last one first: each goes before those that are there.
    for (const item of [...this.#underway.values()].reverse()) this.#queue.restore(item);
    this.#underway.clear();
  }

  async #get(options: WaitOptions): Promise<Delivery> {
    return this.#deliver(await this.#queue.get(options));
  }

  #deliver(item: Item): Delivery {
    if (this.#state === "closed") {
      this.#queue.restore(item);
      throw new InvalidStateError("Cannot deliver the item: its client is gone");
    }
    this.#last += 1;
    this.#underway.set(this.#last, item);
    return [this.#last, item.toWire()];
  }
}

function limits(timeout: unknown, signal: AbortSignal): WaitOptions {
  return typeof timeout === "number" ? { timeout, signal } : { signal };
}

/** What other processes may do with the queue.
 *  @param facts - what they need to know of it at once */
export function remoteQueue(queue: SharedQueue, facts: object): RemoteObject {
  return { facts: () => facts, open: () => new QueueSession(queue) };
}
