/** `wait`: until some or all of several futures have an outcome.
 *
 *  Guarantees: a future counts as done from the moment it is (cancelled ones too: Python's two-stage cancellation, and
 *  the hangs it causes, gh-92001, do not exist here); nothing is cancelled; nothing is thrown for a time-out.
 *  Source of the rules: CPython `concurrent.futures.wait`. */
import { type Clock, systemClock } from "../base/clock.js";
import { InvalidOptionError } from "../base/errors.js";
import { checkLimits, type WaitOptions, waitFor } from "../base/wait-options.js";
import { control, Future } from "./future.js";

/** When {@link wait} comes back: at the first future done, at the first failure (a cancellation is none), or at the end. */
export type ReturnWhen = "first-completed" | "first-exception" | "all-completed";

/** The distinct futures of an iterable, checked. */
export function distinct<F extends Future<unknown>>(caller: string, futures: Iterable<F>): Set<F> {
  const set = new Set<F>();
  for (const future of futures) {
    if (!(future instanceof Future)) {
      throw new InvalidOptionError("futures", `${caller}() takes futures, got ${typeof future}`);
    }
    // Whoever waits for a future is going to look at it; without this a failure would be reported as unseen before.
    control.observe(future);
    control.awaited(future);
    set.add(future);
  }
  return set;
}

function enough(future: Future<unknown>, returnWhen: ReturnWhen): boolean {
  switch (returnWhen) {
    case "first-completed":
      return true;
    case "first-exception":
      return future.state === "failed";
    case "all-completed":
      return false;
  }
}

/** Waits for futures.
 *
 *  @param futures each counts once, however often it appears.
 *  @param options `timeout` in ms, `signal`, and when to return. @default all-completed
 *  @returns the futures that are done and those that are not, in the given order; a time-out only returns early.
 *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts.
 *  @remarks Cancellation: the futures go on.
 *  @example
 *  ```ts
 *  const { done, notDone } = await wait(futures, { timeout: 1000 });
 *  ``` */
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions & { returnWhen?: ReturnWhen } = {},
): Promise<{ done: Set<F>; notDone: Set<F> }> {
  return waitBy(systemClock, futures, options);
}

/** The same, in the time of a clock. */
export async function waitBy<F extends Future<unknown>>(
  clock: Clock,
  futures: Iterable<F>,
  options: WaitOptions & { returnWhen?: ReturnWhen },
): Promise<{ done: Set<F>; notDone: Set<F> }> {
  checkLimits(options, ["returnWhen"]);
  const { returnWhen = "all-completed", ...limits } = options;
  if (!["first-completed", "first-exception", "all-completed"].includes(returnWhen)) {
    throw new InvalidOptionError("returnWhen", `returnWhen is one of first-completed, first-exception, all-completed`);
  }
  const all = distinct("wait", futures);
  const subscribe = (ready: () => void): Disposable => {
    let open = all.size;
    const seen = (future: Future<unknown>): void => {
      open -= 1;
      if (open === 0 || enough(future, returnWhen)) ready();
    };
    if (open === 0) ready();
    for (const future of all) future.addDoneCallback(seen);
    return {
      [Symbol.dispose]: () => {
        for (const future of all) future.removeDoneCallback(seen);
      },
    };
  };
  await waitFor(subscribe, limits, clock, `wait() for ${all.size}`);
  const done = new Set<F>();
  const notDone = new Set<F>();
  for (const future of all) (future.done() ? done : notDone).add(future);
  return { done, notDone };
}
