/** A barrier whose words are in another process, and the owner's side of it. */
import type { RemoteLink, RemoteObject } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { BarrierCore, SharedBarrier } from "./barrier-core.js";
import type { BarrierView } from "./barrier-steps.js";
import { KEEPS_NOTHING, OwnerSession, RemoteCalls, unknownMethod } from "./remote-calls.js";

/** The asking side. */
export class RemoteBarrier implements BarrierCore {
  readonly #calls: RemoteCalls;

  constructor(link: RemoteLink) {
    this.#calls = new RemoteCalls(link);
  }

  wait(options: WaitOptions): Promise<number> {
    return this.#calls.wait<number>("wait", options, KEEPS_NOTHING);
  }

  waitSync(timeout: number): number {
    return this.#calls.waitSync<number>("wait", timeout);
  }

  abort(): void {
    this.#calls.link.post("abort", []);
  }

  reset(): void {
    this.#calls.link.post("reset", []);
  }

  look(): BarrierView {
    return this.#calls.link.callSync("look", []) as BarrierView;
  }
}

/** The owner's side. A client that goes while it waits breaks the round, for its wait is cancelled. */
class BarrierSession extends OwnerSession {
  readonly #barrier: SharedBarrier;

  constructor(barrier: SharedBarrier) {
    super();
    this.#barrier = barrier;
  }

  protected override perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    const barrier = this.#barrier;
    switch (method) {
      case "wait":
        return this.waiting(
          args,
          signal,
          (options) => barrier.wait(options),
          () => undefined,
        );
      case "abort":
        return barrier.abort();
      case "reset":
        return barrier.reset();
      case "look":
        return barrier.look();
      default:
        return unknownMethod("barrier", method);
    }
  }

  protected override releaseAll(): void {
    // Nothing is held.
  }
}

/** What other processes may do with the barrier. */
export function remoteBarrier(barrier: SharedBarrier): RemoteObject {
  return { facts: () => undefined, open: () => new BarrierSession(barrier) };
}
