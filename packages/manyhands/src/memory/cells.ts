/** Words of shared memory. The only file that calls `Atomics`, so that a test can put a model in its place.
 *
 *  Guarantees: every operation is sequentially consistent, as the memory model of ECMAScript defines it. */
export class Cells {
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer, byteOffset = 0, length?: number) {
    this.#words = new Int32Array(buffer, byteOffset, length);
  }

  load(index: number): number {
    return Atomics.load(this.#words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.#words, index, value);
  }

  /** Puts `next` in the place of `expected`. @returns whether `expected` was there. */
  replace(index: number, expected: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, index, expected, next) === expected;
  }

  /** Parks this thread while the word is `value`, until it is notified or `ms` milliseconds are over. */
  wait(index: number, value: number, ms: number): "ok" | "not-equal" | "timed-out" {
    return Atomics.wait(this.#words, index, value, ms);
  }

  /** Wakes all that wait on the word. */
  notify(index: number): void {
    Atomics.notify(this.#words, index);
  }
}

/** Parks this thread for `ms` milliseconds. Refused by Node on a thread that may not block. */
export function park(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
