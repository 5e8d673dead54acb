/** Time as a value that is handed in, so that tests see pauses and limits without waiting for them. */

/** What {@link crawl} needs of time. That of `manyhands/asyncio` fits. */
export interface Clock {
  /** Milliseconds since 1970; never goes back. */
  now(): number;
  /** Calls `fire` once, `ms` milliseconds from now, unless disposed before. */
  after(ms: number, fire: () => void): Disposable;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own time. Its timers keep the program alive: who waits for a pause is waiting for a page. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, fire) => {
    // Node would fire a longer one at once. Who is woken early looks at the time, and waits again.
    const timer = setTimeout(fire, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMER));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
