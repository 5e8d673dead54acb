/** Quantiles of the last seconds, for one point of a strip chart.
 *
 *  Guarantees: memory is one ring, whatever is observed; of more than it holds the latest count. */
import { rounded } from "./places.js";
import type { Spread } from "./protocol.js";

const MOST = 2048;
/** In ms. */
const SPAN = 5000;

export class RecentSpread {
  readonly #ats = new Float64Array(MOST);
  readonly #durations = new Float64Array(MOST);
  #count = 0;

  /** @param at epoch ms. */
  observe(duration: number, at: number): void {
    const place = this.#count % MOST;
    this.#ats[place] = at;
    this.#durations[place] = Math.max(0, duration);
    this.#count += 1;
  }

  /** @param at epoch ms. */
  spread(at: number): Spread | null {
    const size = Math.min(this.#count, MOST);
    const recent = this.#durations.subarray(0, size).filter((_, place) => (this.#ats[place] ?? 0) > at - SPAN);
    if (recent.length === 0) return null;
    recent.sort();
    const quantile = (share: number): number => rounded(recent[Math.ceil(recent.length * share) - 1] ?? 0);
    return { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
  }
}
