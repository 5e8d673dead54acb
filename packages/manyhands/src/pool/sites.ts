/** Where calls were submitted: the stack that a failure shows below the worker's own.
 *
 *  Taking a stack costs about as much as a whole small call. So the first few submits of a turn get their own, and a
 *  burst that follows shares the last of them, which is nearly always the same line of the same loop. */

/** A stack, worked out when it is first read. */
export interface Site {
  stack?: string;
}

/** Own stacks for each turn of the event loop. */
const OWN = 8;

export class Sites {
  #taken = 0;
  #last: Site | undefined;

  /** @param below the function above which the stack begins. */
  take(below: (...args: never[]) => unknown): Site {
    if (this.#taken >= OWN && this.#last !== undefined) return this.#last;
    this.#taken += 1;
    const site: Site = {};
    Error.captureStackTrace(site, below);
    this.#last = site;
    return site;
  }

  /** A new turn begins. */
  turn(): void {
    this.#taken = 0;
    this.#last = undefined;
  }
}
