/** Where a hub stands while somebody looks.
 *
 *  Watching costs every call something, and has items of maps travel one by one. So a server begins to watch when the first page
 *  comes, and ends a while after the last has left, long enough for one that reconnects or is loaded anew.
 *
 *  Guarantees: while a page is connected there is one hub, which stays; nothing watches once it is disposed of. */
import { Hub, type HubOptions, type Place } from "./hub.js";
import type { PageSocket } from "./page-line.js";
import type { Farewell } from "./protocol.js";

/** How long a hub stays with nobody looking, in ms. */
const LINGER_MS = 60_000;

/** `always`: what happened before the first page came is shown too. */
export type Watching = "always" | "when-looked-at";

export class HubSeat implements Disposable {
  readonly #options: HubOptions;
  readonly #watching: Watching;
  #hub: Hub | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(options: HubOptions, watching: Watching) {
    this.#options = options;
    this.#watching = watching;
    if (watching === "always") this.#hub = new Hub(options);
  }

  /** The hub, which wakes when it is asked for. */
  wake(): Hub {
    this.#hub ??= new Hub(this.#options);
    this.#restLater();
    return this.#hub;
  }

  join(socket: PageSocket, place: Place | undefined): void {
    this.wake().join(socket, place, () => this.#restLater());
    clearTimeout(this.#linger);
  }

  leave(why: Farewell["why"]): void {
    this.#hub?.leave(why);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#linger);
    this.#hub?.[Symbol.dispose]();
    this.#hub = undefined;
  }

  #restLater(): void {
    clearTimeout(this.#linger);
    if (this.#watching === "always" || (this.#hub?.pages ?? 0) > 0) return;
    this.#linger = setTimeout(() => this[Symbol.dispose](), LINGER_MS).unref();
  }
}
