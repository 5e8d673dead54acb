/** What every wait takes, and the one way to wait under it. */
import { ambientTask, type TaskWait } from "./ambient.js";
import type { Clock } from "./clock.js";
import { systemClock } from "./clock.js";
import { CancelledError, InvalidOptionError } from "./errors.js";
import { checkDuration, checkNames, checkSignal, shown } from "./options.js";
import { SignalWatch } from "./signal-watch.js";

/** Limits of a wait. Leaving a wait early changes nothing about what was waited for. */
export interface WaitOptions {
  /** The longest wait in ms; 0 looks once. @default no limit */
  timeout?: number;
  /** Aborting ends the wait with a {@link CancelledError} whose `cause` is the signal's reason. */
  signal?: AbortSignal;
}

/** Refuses who has given up before: what is there already must not be taken for him, nor anything be done.
 *  @throws CancelledError when the signal has aborted, or the task that asks has been cancelled. */
export function refuseAborted({ signal }: WaitOptions): void {
  if (signal?.aborted === true) throw new CancelledError("The wait was cancelled", { cause: signal.reason });
  ambientTask()?.checkpoint();
}

/** For waits that somebody else keeps, who knows signals only.
 *  @param wait begins the wait; its signal aborts when that of the options does, or the current task is cancelled
 *  @throws (rejects) what `wait` does; CancelledError when the task has been cancelled before. */
export async function underSignal<T>(
  what: string,
  limits: WaitOptions,
  wait: (limits: WaitOptions) => Promise<T>,
): Promise<T> {
  const task = ambientTask();
  if (task === undefined) return wait(limits);
  const { signal } = limits;
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  const entry: TaskWait = {
    what,
    cancel: (error) => {
      controller.abort(error);
      return true;
    },
  };
  task.enter(entry);
  if (signal?.aborted === true) follow();
  else if (signal !== undefined) aborts.add(signal, follow);
  try {
    return await wait({ ...limits, signal: controller.signal });
  } finally {
    task.leave(entry);
    if (signal !== undefined) aborts.remove(signal, follow);
  }
}

/** What is left of the limits of a wait that has several steps, whenever it is asked. */
export function limitsLeft({ timeout, signal }: WaitOptions, clock: Clock = systemClock): () => WaitOptions {
  const until = timeout === undefined ? undefined : clock.now() + timeout;
  return () => ({
    ...(signal !== undefined && { signal }),
    ...(until !== undefined && { timeout: Math.max(0, until - clock.now()) }),
  });
}

const NOTHING_FURTHER: readonly string[] = [];

/** Checks the limits of a wait, before it begins.
 *
 *  A number in their place, as Python has it, must not pass: it has no `timeout`, so that would be a wait without limit. So
 *  would be one with a mistyped name.
 *  @param further - names of options that this wait has besides
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
export function checkLimits(options: WaitOptions, further: readonly string[] = NOTHING_FURTHER): void {
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptionError("options", `The limits of a wait are { timeout, signal }, got ${shown(options)}`);
  }
  for (const name in options) {
    if (name === "timeout" || name === "signal") continue;
    // Not for every wait, which would have its names listed for nothing.
    checkNames("A wait", options, ["timeout", "signal", ...further]);
    break;
  }
  checkDuration("timeout", options.timeout);
  checkSignal("signal", options.signal);
}

/** How a limited wait ended. */
export type Waited = "ready" | "timed-out";

/** Shared by all waits: many may wait under one signal, and Node warns of more than ten listeners. */
const aborts = new SignalWatch<() => void>((abort) => abort());

/** Waits until `subscribe` calls back, the time is over, or the signal aborts.
 *
 *  `subscribe` gets the function to call when the wait is over and gives the way to unsubscribe; it may call at once.
 *  Rejects with {@link CancelledError} when the signal aborts, or the task that waits is cancelled. The subscription and the
 *  listener are gone afterwards, however the wait ended. */
export function waitFor(
  subscribe: (ready: () => void) => Disposable,
  options: WaitOptions = {},
  clock: Clock = systemClock,
  what = "a wait",
): Promise<Waited> {
  checkLimits(options);
  const { timeout, signal } = options;
  return new Promise((resolve, reject) => {
    const held: Disposable[] = [];
    const leave = (): void => {
      for (const each of held.splice(0)) each[Symbol.dispose]();
    };
    const ready = (): void => {
      leave();
      resolve("ready");
    };
    const cancel = (error: CancelledError): true => {
      leave();
      reject(error);
      return true;
    };
    const abort = (): void => {
      cancel(new CancelledError("The wait was cancelled", { cause: signal?.reason }));
    };
    if (signal?.aborted) return abort();
    const task = ambientTask();
    if (task !== undefined) {
      const wait: TaskWait = { what, cancel };
      task.enter(wait);
      held.push({ [Symbol.dispose]: () => task.leave(wait) });
    }
    // Subscribe first: with a timeout of 0 what is ready already must win.
    let called = false;
    const subscription = subscribe(() => {
      called = true;
      ready();
    });
    if (called) return subscription[Symbol.dispose]();
    held.push(subscription);
    if (timeout !== undefined) {
      held.push(
        clock.after(
          timeout,
          () => {
            leave();
            resolve("timed-out");
          },
          "hold",
        ),
      );
    }
    if (signal !== undefined) {
      aborts.add(signal, abort);
      held.push({ [Symbol.dispose]: () => aborts.remove(signal, abort) });
    }
  });
}
