/** Things that are due at some time, the earliest first.
 *
 *  Guarantees: `push` and `popDue` cost the logarithm of how many there are. */

interface Due<T> {
  readonly at: number;
  readonly thing: T;
}

/** A binary heap in an array: what stands at `n` is not later than what stands at `2n + 1` and `2n + 2`. */
export class TimeHeap<T> {
  readonly #heap: Due<T>[] = [];

  /** When the first is due; never, when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, thing: T): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push({ at, thing });
    for (let above = (place - 1) >> 1; place > 0 && this.#isBefore(place, above); above = (place - 1) >> 1) {
      this.#swap(place, above);
      place = above;
    }
  }

  /** Takes the first out, when it is due at `now`. */
  popDue(now: number): T | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.thing;
  }

  #sink(): void {
    for (let place = 0; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const lesser = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (lesser >= this.#heap.length || !this.#isBefore(lesser, place)) return;
      this.#swap(place, lesser);
      place = lesser;
    }
  }

  #isBefore(one: number, other: number): boolean {
    return (this.#heap[one]?.at ?? 0) < (this.#heap[other]?.at ?? 0);
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}
