/** Stays awake for the answer to a lone short call.
 *
 *  Falling asleep and being woken costs this thread more than such a call takes. So for a moment the event loop turns
 *  without sleeping, and each turn looks whether the outcome is there.
 *
 *  Guarantees: nothing is delayed, for each turn looks at all else there is too; it lasts `AWAKE` at most and begins only
 *  for calls known to be shorter, so an idle program, and one that waits for long calls, uses no time. */
import { Backoff } from "../base/backoff.js";
import type { Crewman } from "./crewman.js";

/** In ms. */
const AWAKE = 0.08;
/** Expected running time up to which a call is waited for like this, in µs. */
const SHORT = 40;

export class Attention {
  readonly #backoff = new Backoff();
  #member: Crewman | undefined;
  #since = 0;
  #state: "resting" | "turning" = "resting";

  /** The worker has been given a call of this cost, in µs, and nothing else waits. */
  pay(member: Crewman, cost: number): void {
    if (cost > SHORT || member.held > 1 || !this.#backoff.tries()) return;
    this.#member = member;
    this.#since = performance.now();
    if (this.#state === "turning") return;
    this.#state = "turning";
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const member = this.#member;
    if (member === undefined) return;
    if (member.held > 0) member.port.look();
    if (member.held > 0 && performance.now() - this.#since < AWAKE) {
      setImmediate(this.#turn);
      return;
    }
    this.#state = "resting";
    this.#member = undefined;
    if (member.held === 0) this.#backoff.succeeded();
    else this.#backoff.failed();
  };
}
