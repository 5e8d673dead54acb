/** A queue whose items are in another process, and the owner's side of it.
 *
 *  Guarantees: an item that was taken for a client that is gone before it had it goes back to where it was; a put that was
 *  given up is either done, and then its caller is told so, or will never be. So only the owner can end a put, however long it
 *  is silent; all other waits end with their limits. */
import { InvalidStateError } from "../base/errors.js";
import { Empty } from "../base/queue-errors.js";
import type { RemoteLink, RemoteObject, RemoteSession } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import { Item, type WireItem } from "../memory/item.js";
import type { Closing } from "../memory/queue-store.js";
import { accept, Deliveries, type Delivery, refuse } from "./deliveries.js";
import type { QueueCore } from "./queue-core.js";
import { ask, askAndHear, KEEPS_NOTHING } from "./remote-calls.js";
import type { SharedQueue } from "./shared-queue.js";

/** Waits for an item, which is then to be accepted. */
export function askForItem(link: RemoteLink, method: string, options: WaitOptions): Promise<unknown> {
  return ask<unknown>(link, method, [options.timeout], options, {
    giveBack: (delivery) => refuse(link, delivery),
    timedOut: () => {
      throw new Empty(`Nothing came within ${options.timeout} ms; its owner does not answer`);
    },
  });
}

/** The asking side. */
export class RemoteQueue implements QueueCore {
  readonly #link: RemoteLink;

  constructor(link: RemoteLink) {
    this.#link = link;
  }

  async put(item: Item, options: WaitOptions): Promise<void> {
    await askAndHear(this.#link, "put", [options.timeout, item.toWire()], options);
  }

  putNowait(item: Item): void {
    this.#link.callSync("putNowait", [item.toWire()]);
  }

  putSync(item: Item, timeout: number): void {
    this.#link.callSync("put", [timeout, item.toWire()]);
  }

  async get(options: WaitOptions): Promise<Item> {
    return accept(this.#link, await askForItem(this.#link, "get", options));
  }

  getNowait(): Item {
    return this.#arrived(this.#link.callSync("getNowait", []));
  }

  getSync(timeout: number): Item {
    return this.#arrived(this.#link.callSync("get", [timeout]));
  }

  #arrived(delivery: unknown): Item {
    return accept(this.#link, delivery);
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
    await ask(this.#link, "join", [options.timeout], options, KEEPS_NOTHING);
  }

  shutdown(to: "draining" | "closed"): void {
    this.#link.callSync("shutdown", [to]);
  }
}

/** The owner's side of one client. */
class QueueSession implements RemoteSession {
  readonly #queue: SharedQueue;
  readonly #deliveries: Deliveries;

  constructor(queue: SharedQueue) {
    this.#queue = queue;
    this.#deliveries = new Deliveries((item) => queue.restore(item));
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
        return this.#deliveries.send(queue.getNowait());
      case "got":
        return this.#deliveries.arrived(first as number);
      case "refused":
        return this.#deliveries.refused(first as number);
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
    this.#deliveries.close();
  }

  async #get(options: WaitOptions): Promise<Delivery> {
    return this.#deliveries.send(await this.#queue.get(options));
  }
}

/** The limits of a wait on behalf of a client. */
export function limits(timeout: unknown, signal: AbortSignal): WaitOptions {
  return typeof timeout === "number" ? { timeout, signal } : { signal };
}

/** What other processes may do with the queue.
 *  @param facts - what they need to know of it at once */
export function remoteQueue(queue: SharedQueue, facts: object): RemoteObject {
  return { facts: () => facts, open: () => new QueueSession(queue) };
}
