/** A limit of bytes per second that all downloads of a call share.
 *
 *  Guarantees: in any time t no more than rate × t plus one burst passes; who takes more than there is waits, and the next behind
 *  him, so that small takers do not starve a large one. */
import type { Clock } from "../clock.js";

/** Ms of the rate that may pass at once. */
const BURST_MS = 100;

export class TokenBucket {
  readonly #perMs: number;
  readonly #clock: Clock;
  /** When all that has been taken will have been paid for. May lie in the past, by no more than a burst. */
  #paidAt = Number.NEGATIVE_INFINITY;

  /** @param rate bytes per second */
  constructor(rate: number, clock: Clock) {
    this.#perMs = rate / 1000;
    this.#clock = clock;
  }

  /** Takes `bytes`; resolves when they may pass.
   *  @remarks Cancellation: rejects with the signal's reason; what was taken counts as passed. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    this.#paidAt = Math.max(this.#paidAt, now - BURST_MS) + bytes / this.#perMs;
    await pause(this.#paidAt - now, this.#clock, signal);
  }
}

/** Waits `ms`. @remarks Cancellation: rejects with the signal's reason. */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms <= 0 && !signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer[Symbol.dispose]();
      reject(signal.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
