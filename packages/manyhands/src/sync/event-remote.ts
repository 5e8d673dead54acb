/** An event whose word is in another process, and the owner's side of it. */
import type { RemoteLink, RemoteObject } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { EventCore, SharedEvent } from "./event-core.js";
import { OwnerSession, RemoteCalls, unknownMethod } from "./remote-calls.js";

/** The asking side. */
export class RemoteEvent implements EventCore {
  readonly #calls: RemoteCalls;

  constructor(link: RemoteLink) {
    this.#calls = new RemoteCalls(link);
  }

  set(): void {
    this.#calls.link.post("set", []);
  }

  clear(): void {
    this.#calls.link.post("clear", []);
  }

  isSet(): boolean {
    return this.#calls.link.callSync("isSet", []) === true;
  }

  wait(options: WaitOptions): Promise<boolean> {
    return this.#calls.wait<boolean>("wait", options, { giveBack: () => undefined, timedOut: () => false });
  }

  waitSync(timeout: number): boolean {
    return this.#calls.waitSync<boolean>("wait", timeout);
  }
}

/** The owner's side. A client holds nothing of an event. */
class EventSession extends OwnerSession {
  readonly #event: SharedEvent;

  constructor(event: SharedEvent) {
    super();
    this.#event = event;
  }

  protected override perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    const event = this.#event;
    switch (method) {
      case "set":
        return event.set();
      case "clear":
        return event.clear();
      case "isSet":
        return event.isSet();
      case "wait":
        return this.waiting(
          args,
          signal,
          (options) => event.wait(options),
          () => undefined,
        );
      default:
        return unknownMethod("event", method);
    }
  }

  protected override releaseAll(): void {
    // Nothing is held.
  }
}

/** What other processes may do with the event. */
export function remoteEvent(event: SharedEvent): RemoteObject {
  return { facts: () => undefined, open: () => new EventSession(event) };
}
