/** Keeps an idle worker awake for a moment when it is called again and again.
 *
 *  Waking a sleeper costs both sides more than a small call: the one that rings, and the one that wakes. A worker whose
 *  last wait was short therefore lets its event loop turn for a moment instead of sleeping at once.
 *
 *  Guarantees: it never delays anything, for each turn looks at all there is; it uses no time in a worker that is idle,
 *  nor in one that is called now and then. */

import { Backoff } from "../base/backoff.js";

/** After a wait no longer than this the next is expected to be as short, in ms. */
const SHORT_WAIT = 0.15;
/** The time spent awake without being called, in ms. */
const AWAKE = 0.06;

export class Wakefulness {
  readonly #backoff = new Backoff();
  #restsSince = 0;
  #waits: "short" | "long" = "long";
  #state: "resting" | "turning" = "resting";

  /** Something has come. */
  heard(): void {
    this.#waits = performance.now() - this.#restsSince < SHORT_WAIT ? "short" : "long";
    if (this.#state === "turning") this.#backoff.succeeded();
  }

  /** What came has been dealt with, as far as can be done now. */
  rest(): void {
    this.#restsSince = performance.now();
    if (this.#waits === "long" || this.#state === "turning" || !this.#backoff.tries()) return;
    this.#state = "turning";
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    if (performance.now() - this.#restsSince < AWAKE) {
      setImmediate(this.#turn);
      return;
    }
    this.#state = "resting";
    this.#backoff.failed();
  };
}
