/** What time it is at the server, in ms since the picture's origin, between two messages.
 *
 *  Messages come late by as much as the way takes, never early. So the least distance between both clocks is the truest; it may
 *  grow slowly, since clocks drift and computers sleep. */

/** ms by which the distance may grow with each message. */
const DRIFT = 2;
/** Beyond this, the clocks were set, or the computer slept. */
const JUMP = 2000;

export class ServerClock {
  #distance: number | undefined;

  /** A message of the server's time `at` has come when this page's monotonic clock was at `local`. */
  heard(at: number, local: number): void {
    const distance = local - at;
    const before = this.#distance;
    if (before === undefined || distance < before || distance > before + JUMP) this.#distance = distance;
    else this.#distance = Math.min(distance, before + DRIFT);
  }

  /** The server's time when this page's clock is at `local`; 0 while nothing was heard. */
  at(local: number): number {
    return this.#distance === undefined ? 0 : local - this.#distance;
  }

  /** Another server, another time. */
  reset(): void {
    this.#distance = undefined;
  }
}
