/** An end of a pipe whose memory is in another process, and the owner's side of it.
 *
 *  Guarantees: a message that was taken for a client that is gone before it had it goes back to where it was; what the client
 *  had is a copy of the end, which is closed when the client closes it or is gone. */
import { InvalidStateError, OwnerGoneError } from "../base/errors.js";
import type { RemoteLink, RemoteObject, RemoteSession } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import { Item, type WireItem } from "../memory/item.js";
import { accept, Deliveries, type Delivery } from "./deliveries.js";
import { type EndCore, SharedEnd, type SharedPipe } from "./pipe-core.js";
import type { End } from "./pipe-ends.js";
import { askForItem, limits } from "./queue-remote.js";
import { ask, askAndHear } from "./remote-calls.js";

/** The asking side. */
export class RemoteEnd implements EndCore {
  readonly #link: RemoteLink;
  #state: "open" | "closed" = "open";

  constructor(link: RemoteLink) {
    this.#link = link;
  }

  async send(message: Item, options: WaitOptions): Promise<void> {
    await askAndHear(this.#link, "send", [options.timeout, message.toWire()], options);
  }

  sendSync(message: Item, timeout: number): void {
    this.#link.callSync("send", [timeout, message.toWire()]);
  }

  async receive(options: WaitOptions): Promise<Item> {
    return accept(this.#link, await askForItem(this.#link, "receive", options));
  }

  receiveSync(timeout: number): Item {
    return accept(this.#link, this.#link.callSync("receive", [timeout]));
  }

  ready(): boolean {
    return this.#link.callSync("ready", []) === true;
  }

  whenReady(options: WaitOptions): Promise<boolean> {
    return ask(this.#link, "whenReady", [options.timeout], options, {
      giveBack: () => undefined,
      timedOut: () => false,
    });
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    try {
      this.#link.post("close", []);
    } catch (error) {
      // It is closed already: it went with its owner.
      if (!(error instanceof OwnerGoneError)) throw error;
    }
  }
}

/** The owner's side of one client. */
class EndSession implements RemoteSession {
  readonly #end: SharedEnd;
  readonly #deliveries: Deliveries;

  constructor(end: SharedEnd) {
    this.#end = end;
    this.#deliveries = new Deliveries((message) => end.restore(message));
  }

  call(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    const [first, second] = args;
    switch (method) {
      case "send":
        return this.#end.send(Item.fromWire(second as WireItem), limits(first, signal));
      case "receive":
        return this.#receive(limits(first, signal));
      case "got":
        return this.#deliveries.arrived(first as number);
      case "refused":
        return this.#deliveries.refused(first as number);
      case "ready":
        return this.#end.ready();
      case "whenReady":
        return this.#end.whenReady(limits(first, signal));
      case "close":
        return this.#end.close();
      default:
        throw new InvalidStateError(`Cannot ${method}: a connection of this version does not do that`);
    }
  }

  close(): void {
    // What goes back first: when this was the last copy, nobody can receive it any more.
    this.#deliveries.close();
    this.#end.close();
  }

  async #receive(options: WaitOptions): Promise<Delivery> {
    return this.#deliveries.send(await this.#end.receive(options));
  }
}

/** What other processes may do with an end.
 *  @param facts - what they need to know of it at once */
export function remoteEnd(pipe: SharedPipe, end: End, facts: object): RemoteObject {
  return {
    facts: () => facts,
    open: () => {
      pipe.open(end);
      return new EndSession(new SharedEnd(pipe, end));
    },
    // Until its client has its own a copy is counted for it, so that this one can be closed at once. Each ticket has one: two
    // that wait in different queues may be used at very different times.
    given: () => {
      pipe.open(end);
      return () => pipe.close(end);
    },
  };
}
