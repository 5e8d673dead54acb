/** A first-in first-out queue in a ring that doubles when full.
 *
 *  Guarantees: `push`, `unshift` and `shift` cost the same whatever the length (an array's `shift` moves every element
 *  once it holds some 50 000); a taken slot is cleared, so the queue never keeps an element alive. */
export class RingQueue<T> implements Iterable<T> {
  #ring: (T | undefined)[] = new Array(16);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = value;
    this.#length += 1;
  }

  /** Puts `value` before all others. */
  unshift(value: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = value;
    this.#length += 1;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length -= 1;
    return value;
  }

  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  *[Symbol.iterator](): IterableIterator<T> {
    const mask = this.#ring.length - 1;
    for (let offset = 0; offset < this.#length; offset += 1) yield this.#ring[(this.#head + offset) & mask] as T;
  }

  #grow(): void {
    const ring: (T | undefined)[] = new Array(this.#ring.length * 2);
    for (let offset = 0; offset < this.#length; offset += 1) {
      ring[offset] = this.#ring[(this.#head + offset) & (this.#ring.length - 1)];
    }
    this.#ring = ring;
    this.#head = 0;
  }
}
