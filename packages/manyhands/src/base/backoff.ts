/** Whether it is worth while to stay awake: a habit that is given up when it fails, and tried again now and then.
 *
 *  Two that wait for each other awake need a core each. Where there is one for both, staying awake keeps the other from
 *  its work for just as long. Nobody says how many cores are free, but failures tell.
 *
 *  Guarantees: of tries that all fail, no more than one in `MOST` is made. */

const MOST = 128;

export class Backoff {
  #skip = 0;
  #next = 1;

  /** @returns whether to try this time. */
  tries(): boolean {
    if (this.#skip === 0) return true;
    this.#skip -= 1;
    return false;
  }

  succeeded(): void {
    this.#next = 1;
  }

  failed(): void {
    this.#skip = this.#next;
    this.#next = Math.min(MOST, this.#next * 2);
  }
}
