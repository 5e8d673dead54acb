/** The sentinel of a process: becomes ready when it has ended. */
import type { Waitable } from "../base/waitable.js";
import type { SoloLife } from "../worker/solo-life.js";
import type { SoloPort } from "../worker/solo-port.js";

/** For `wait`, which takes it beside connections. */
export class Sentinel implements Waitable {
  readonly #life: SoloLife<unknown, SoloPort>;

  /** @throws LifeCycleError when the process has not been started. */
  constructor(life: SoloLife<unknown, SoloPort>) {
    life.requireStarted();
    this.#life = life;
  }

  isReady(): boolean {
    return this.#life.exit !== undefined;
  }

  /** Waits until the process has ended. Cancelling leaves nothing behind.
   *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts. */
  async whenReady(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#life.over({ signal: options.signal });
  }
}
