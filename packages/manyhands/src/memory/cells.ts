/** Words of shared memory. The only file that calls `Atomics`, so that a test can put a model in its place: protocols take
 *  {@link Cells}, or a {@link CellsFactory} where they make the memory themselves, and never ask what is behind.
 *
 *  Guarantees: every operation is sequentially consistent, as the memory model of ECMAScript defines it. */

/** Words of 32 bits that several threads see. Operations that change a word give what stood there before. */
export interface Cells {
  load(index: number): number;
  store(index: number, value: number): void;
  /** Puts `next` in the place of `expected`. @returns whether `expected` was there. */
  replace(index: number, expected: number, next: number): boolean;
  exchange(index: number, value: number): number;
  add(index: number, value: number): number;
  sub(index: number, value: number): number;
  or(index: number, bits: number): number;
  and(index: number, bits: number): number;
  /** Parks this thread while the word is `value`, until it is notified or `ms` milliseconds are over. */
  wait(index: number, value: number, ms: number): "ok" | "not-equal" | "timed-out";
  /** As `wait`, without parking and without end. Neither keeps the program alive nor can be taken back. */
  waitAsync(index: number, value: number): "not-equal" | Promise<unknown>;
  /** Wakes all that wait on the word. */
  notify(index: number): void;
}

/** Makes the words of a piece of shared memory accessible. */
export type CellsFactory = (buffer: SharedArrayBuffer, byteOffset?: number, length?: number) => Cells;

/** Not in the language's library before ES2024, but in every Node that we run on. */
interface AsyncAtomics {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
  ): { async: false; value: "not-equal" | "timed-out" } | { async: true; value: Promise<unknown> };
}

/** The real thing. */
export class SharedCells implements Cells {
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

  replace(index: number, expected: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, index, expected, next) === expected;
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.#words, index, value);
  }

  add(index: number, value: number): number {
    return Atomics.add(this.#words, index, value);
  }

  sub(index: number, value: number): number {
    return Atomics.sub(this.#words, index, value);
  }

  or(index: number, bits: number): number {
    return Atomics.or(this.#words, index, bits);
  }

  and(index: number, bits: number): number {
    return Atomics.and(this.#words, index, bits);
  }

  /** Parks this thread while the word is `value`, until it is notified or `ms` milliseconds are over. */
  wait(index: number, value: number, ms: number): "ok" | "not-equal" | "timed-out" {
    return Atomics.wait(this.#words, index, value, ms);
  }

  waitAsync(index: number, value: number): "not-equal" | Promise<unknown> {
    const started = (Atomics as unknown as AsyncAtomics).waitAsync(this.#words, index, value);
    return started.async ? started.value : "not-equal";
  }

  /** Wakes all that wait on the word. */
  notify(index: number): void {
    Atomics.notify(this.#words, index);
  }
}

export const sharedCells: CellsFactory = (buffer, byteOffset, length) => new SharedCells(buffer, byteOffset, length);

/** Parks this thread for `ms` milliseconds. Refused by Node on a thread that may not block. */
export function park(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Typed arrays on which the operations below work. */
export type WholeNumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Elements of any width, also in memory that other processes have mapped. What overflows wraps around.
 *  There is no waiting on them: the engine wakes only within its process. */
export class Elements<N extends number | bigint> {
  // The operations are the same for all; only this type tells the compiler so.
  readonly #array: Int32Array;

  constructor(array: WholeNumberArray) {
    this.#array = array as unknown as Int32Array;
  }

  load(index: number): N {
    return Atomics.load(this.#array, index) as N;
  }

  store(index: number, value: N): void {
    Atomics.store(this.#array, index, value as number);
  }

  /** @returns what was there before. */
  add(index: number, value: N): N {
    return Atomics.add(this.#array, index, value as number) as N;
  }

  /** Puts `next` in the place of `expected`. @returns what was there before. */
  compareExchange(index: number, expected: N, next: N): N {
    return Atomics.compareExchange(this.#array, index, expected as number, next as number) as N;
  }
}
