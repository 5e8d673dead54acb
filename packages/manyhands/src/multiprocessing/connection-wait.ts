/** `connection.wait`: waits for any of several things. */

import { InvalidOptionError } from "../base/errors.js";
import { checkIterable, shown } from "../base/options.js";
import { checkLimits, limitsLeft, refuseAborted, type WaitOptions, waitFor } from "../base/wait-options.js";
import type { Waitable } from "../base/waitable.js";

/** Waits until at least one of the objects is ready: a connection that has a message or whose other end is closed, a process
 *  that has ended, or anything else that says when it is.
 *
 *  Cancelling leaves nothing behind; nothing is received by waiting.
 *  @param objects - what is waited for
 *  @param options - the longest wait in ms, and a signal that ends it
 *  @returns those that are ready, in the order given; none when the time was over first
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for what cannot be waited for, CancelledError (`ERR_CANCELLED`) when the
 *    signal aborts, and what an object throws
 *  @example
 *  ```ts
 *  for (const ready of await connection.wait([first, second])) console.log(await ready.recv());
 *  ``` */
async function wait<T extends Waitable>(objects: Iterable<T>, options: WaitOptions = {}): Promise<T[]> {
  checkLimits(options);
  refuseAborted(options);
  checkIterable("objects", objects);
  const all = [...objects];
  for (const each of all) checkWaitable(each);
  const left = limitsLeft(options);
  for (;;) {
    const ready = all.filter((each) => each.isReady());
    const limits = left();
    if (ready.length > 0 || limits.timeout === 0) return ready;
    // Another may be faster and take what has made one ready: then the wait goes on.
    await untilOne(all, limits);
  }
}

/** Not only a mistake of types: who comes from Python gives the process and not its sentinel. */
function checkWaitable(object: unknown): void {
  if (typeof (object as Partial<Waitable> | null | undefined)?.isReady === "function") return;
  const message = `What is waited for must be a connection or a process's sentinel, got ${shown(object)}`;
  throw new InvalidOptionError("objects", message);
}

async function untilOne(all: readonly Waitable[], options: WaitOptions): Promise<void> {
  const controller = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  try {
    await waitFor((over) => {
      for (const each of all) {
        each.whenReady({ signal: controller.signal }).then(over, (error) => {
          // Given up below, when another was ready.
          if (controller.signal.aborted) return;
          failure ??= { error };
          over();
        });
      }
      return { [Symbol.dispose]: () => controller.abort() };
    }, options);
  } finally {
    controller.abort();
  }
  if (failure !== undefined) throw failure.error;
}

/** What Python's module `multiprocessing.connection` gives. */
export const connection: { readonly wait: typeof wait } = Object.freeze({ wait });
