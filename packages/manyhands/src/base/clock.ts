/** Time as a value that is handed in, so that tests observe deadlines instead of waiting for them.
 *
 *  Guarantees: `now` never goes back; a timer fires once, not before its time, or never when it is disposed; delays
 *  beyond what `setTimeout` can hold (2^31 - 1 ms, where Node would fire at once) are waited for in full. */

export interface Clock {
  /** Milliseconds since the Unix epoch, monotonic within the process and comparable between its threads. */
  now(): number;
  /** Calls `fire` once, `ms` milliseconds from now. The timer does not keep the program alive unless `hold` says so. */
  after(ms: number, fire: () => void, hold?: "hold"): Disposable;
}

const LONGEST = 2 ** 31 - 1;

class Timer implements Disposable {
  #handle: NodeJS.Timeout | undefined;

  constructor(ms: number, fire: () => void, hold: "hold" | undefined) {
    this.#arm(ms, fire, hold);
  }

  #arm(ms: number, fire: () => void, hold: "hold" | undefined): void {
    const step = Math.min(ms, LONGEST);
    this.#handle = setTimeout(() => (step < ms ? this.#arm(ms - step, fire, hold) : fire()), step);
    if (hold === undefined) this.#handle.unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

const NEVER: Disposable = { [Symbol.dispose]: () => undefined };

/** When this thread's clock began, in epoch ms. A constant: asking `performance` for it costs more than the time itself. */
export const TIME_ORIGIN: number = performance.timeOrigin;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => TIME_ORIGIN + performance.now(),
  after: (ms, fire, hold) => (ms === Number.POSITIVE_INFINITY ? NEVER : new Timer(Math.max(0, ms), fire, hold)),
};
