/** How an object in another process is asked: waiting calls that can be given up, and the owner's side of them.
 *
 *  Guarantees: a wait ends with its limits, also when the owner is stopped or busy and says nothing; what it had given in the same
 *  moment, or gives later, is given back. A client that is gone waits for nothing any more. */
import { ambientTask, outsideTasks } from "../base/ambient.js";
import { CancelledError, InvalidStateError, TimeoutError } from "../base/errors.js";
import type { RemoteLink, RemoteSession } from "../base/shareable.js";
import {
  checkLimits,
  refuseAborted,
  underSignal,
  type Waited,
  type WaitOptions,
  waitFor,
} from "../base/wait-options.js";

const CANCEL = "cancel";

/** How long an owner may take to say that the time of a wait is over, or that it was given up, before its client does without
 *  that word, in ms. Not 0: the owner's word is exact, and on its way takes a turn of its event loop. */
const SILENCE = 1000;

/** What becomes of a wait whose owner was silent. */
export interface Late<T> {
  /** Returns what came after its end. */
  giveBack(given: T): void;
  /** What it comes to when its time is over. @default a TimeoutError */
  timedOut?(): T;
}

/** For waits that are given nothing but their end. */
export const KEEPS_NOTHING: Late<never> = { giveBack: () => undefined };

/** Asks for something that the owner may have to wait for, and has the owner say what became of it when it is given up: it has
 *  given nothing, or what it has given. Only an owner that is silent is not waited for. */
export function ask<T>(
  link: RemoteLink,
  method: string,
  args: readonly unknown[],
  options: WaitOptions,
  late: Late<T>,
): Promise<T> {
  return underSignal(`${method}() at its owner`, options, (limits) => askUnder(link, method, args, limits, late));
}

/** As `ask`, where only the owner can say what has become of it: it is waited for, however long it is silent. */
export function askAndHear(
  link: RemoteLink,
  method: string,
  args: readonly unknown[],
  options: WaitOptions,
): Promise<unknown> {
  return underSignal(`${method}() at its owner`, options, (limits) => link.call(method, args, limits));
}

async function askUnder<T>(
  link: RemoteLink,
  method: string,
  args: readonly unknown[],
  limits: WaitOptions,
  late: Late<T>,
): Promise<T> {
  const { timeout, signal } = limits;
  const answer = link.call(method, args, limits) as Promise<T>;
  if (timeout === undefined && signal === undefined) return answer;
  const giveUp = (): void => void answer.then(late.giveBack, () => undefined);
  let waited: Waited;
  try {
    // The signal is the task's already.
    waited = await outsideTasks(() => answered(answer, limits));
  } catch (cancelled) {
    // The link has told the owner, whose word is awaited: it may have given something just before.
    if ((await outsideTasks(() => answered(answer, { timeout: 0 }))) === "ready") return answer;
    giveUp();
    throw cancelled;
  }
  if (waited === "ready") return answer;
  // The owner need not be told: it has the time of the wait, too.
  giveUp();
  return timedOut(late, timeout);
}

/** Waits for the owner's word within the limits and the time it may be silent. */
function answered(answer: Promise<unknown>, { timeout, signal }: WaitOptions): Promise<Waited> {
  return waitFor((ready) => settled(answer, ready), {
    ...(timeout !== undefined && { timeout: timeout + SILENCE }),
    ...(signal !== undefined && { signal }),
  });
}

function timedOut<T>(late: Late<T>, timeout: number | undefined): T {
  if (late.timedOut !== undefined) return late.timedOut();
  throw new TimeoutError(`The owner of the object has said nothing within ${timeout} ms, and ${SILENCE} ms more`);
}

/** The asking side. */
export class RemoteCalls {
  readonly link: RemoteLink;
  #last = 0;

  constructor(link: RemoteLink) {
    this.link = link;
  }

  /** Asks for something the owner may have to wait for. A caller that gives up is told at once. */
  async wait<T>(method: string, options: WaitOptions, late: Late<T>, ...args: readonly unknown[]): Promise<T> {
    checkLimits(options);
    refuseAborted(options);
    const { timeout, signal } = options;
    const call = this.#next();
    const answer = this.link.call(method, [call, timeout, ...args]) as Promise<T>;
    if (signal === undefined && timeout === undefined && ambientTask() === undefined) return answer;
    const giveUp = (): void => {
      this.link.post(CANCEL, [call]);
      // A call that failed had given nothing, and its caller is gone.
      answer.then(late.giveBack, () => undefined);
    };
    let waited: Waited;
    try {
      waited = await answered(answer, options);
    } catch (cancelled) {
      giveUp();
      throw cancelled;
    }
    if (waited === "ready") return answer;
    giveUp();
    return timedOut(late, timeout);
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
