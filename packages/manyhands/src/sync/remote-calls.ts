/** How an object in another process is asked: waiting calls that can be given up, and the owner's side of them.
 *
 *  Guarantees: a caller that gives up is told at once; what the owner had given it in the same moment is given back. A
 *  client that is gone waits for nothing any more. */
import { ambientTask } from "../base/ambient.js";
import { CancelledError, InvalidStateError } from "../base/errors.js";
import type { RemoteLink, RemoteSession } from "../base/shareable.js";
import { checkLimits, refuseAborted, type WaitOptions, waitFor } from "../base/wait-options.js";

const CANCEL = "cancel";

/** The asking side. */
export class RemoteCalls {
  readonly link: RemoteLink;
  #last = 0;

  constructor(link: RemoteLink) {
    this.link = link;
  }

  /** Asks for something the owner may have to wait for.
   *  @param giveBack - returns what came after the caller had given up */
  async wait<T>(
    method: string,
    options: WaitOptions,
    giveBack: (given: T) => void,
    ...args: readonly unknown[]
  ): Promise<T> {
    checkLimits(options);
    refuseAborted(options);
    const { timeout, signal } = options;
    const call = this.#next();
    const answer = this.link.call(method, [call, timeout, ...args]) as Promise<T>;
    if (signal === undefined && ambientTask() === undefined) return answer;
    try {
      await waitFor((ready) => settled(answer, ready), signal === undefined ? {} : { signal });
    } catch (error) {
      this.link.post(CANCEL, [call]);
      // A call that failed had given nothing, and its caller is gone.
      answer.then(giveBack, () => undefined);
      throw error;
    }
    return answer;
  }

  /** As `wait`, parking this thread. */
  waitSync<T>(method: string, timeout: number, ...args: readonly unknown[]): T {
    return this.link.callSync(method, [this.#next(), timeout, ...args]) as T;
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/** Tells when a promise has been settled, either way. */
function settled(promise: Promise<unknown>, ready: () => void): Disposable {
  promise.then(ready, ready);
  return { [Symbol.dispose]: () => undefined };
}

/** A waiting call at the owner. */
export interface RemoteWait extends WaitOptions {
  readonly signal: AbortSignal;
}

/** The owner's side: what one client does with one object. */
export abstract class OwnerSession implements RemoteSession {
  readonly #waiting = new Map<number, AbortController>();
  #state: "open" | "closed" = "open";

  call(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    if (this.#state === "closed") throw new InvalidStateError(`Cannot ${method}: the session is closed`);
    if (method !== CANCEL) return this.perform(method, args, signal);
    this.#waiting.get(args[0] as number)?.abort();
    return undefined;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const controller of this.#waiting.values()) controller.abort();
    this.releaseAll();
  }

  protected abstract perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown;

  /** The client is gone: gives back all it held. */
  protected abstract releaseAll(): void;

  /** Waits on behalf of the client until it gives up or is gone.
   *  @param take - what was given when the client was gone already goes to `giveBack` */
  protected async waiting<T>(
    args: readonly unknown[],
    signal: AbortSignal,
    take: (options: RemoteWait) => T | Promise<T>,
    giveBack: (taken: T) => void,
  ): Promise<T> {
    const [call, timeout] = args as [number, number | undefined];
    const controller = new AbortController();
    this.#waiting.set(call, controller);
    const either = AbortSignal.any([signal, controller.signal]);
    try {
      const taken = await take({ signal: either, ...(timeout === undefined ? {} : { timeout }) });
      if (!either.aborted) return taken;
      giveBack(taken);
      throw new CancelledError("The client has given up");
    } finally {
      this.#waiting.delete(call);
    }
  }
}

/** The client asked for something that the object does not do. */
export function unknownMethod(kind: string, method: string): never {
  throw new InvalidStateError(`Cannot ${method}: a ${kind} of this version does not do that`);
}
