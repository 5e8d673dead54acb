/** `Array`: a row of numbers that threads and processes share. */
import { InvalidOptionError } from "../base/errors.js";
import { checkCount } from "../base/options.js";
import { refuseCopies, SHAREABLE, type Travel } from "../base/shareable.js";
import type { ElementCode, ElementName, ElementOf, ViewOf } from "../memory/element-type.js";
import { type ElementsLock, type ElementsOptions, registerElements, SharedElements } from "./shared-elements.js";

const KIND = "multiprocessing.Array";

/** A row of elements in memory that threads and processes share. As an argument it is shared, not copied. Exported as
 *  `Array`.
 *
 *  `view` is the typed array over the memory, for speed and for everything that typed arrays can do. Single elements
 *  are read and written whole by {@link get}, {@link set} and {@link add}.
 *
 *  @param type `"i32"`, `"f64"`, …, or a type code of Python's such as `"i"`, `"d"`.
 *  @param sizeOrValues the length of an array of zeros, or the values.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an unknown type, a wrong size or a `lock` that is none; TypeError for
 *  a value of another kind; SharedMemoryUnavailableError (`ERR_SHARED_MEMORY_UNAVAILABLE`) on Windows, and without the
 *  package koffi.
 *  @example
 *  ```ts
 *  import { Array as SharedArray } from "manyhands/multiprocessing";
 *  const sums = new SharedArray("f64", 4);
 *  await pool.starmap(sumPart, [0, 1, 2, 3].map((part) => [sums, part] as const));
 *  console.log(sums.view);
 *  ``` */
export class SharedArray<C extends ElementCode> implements Disposable, Iterable<ElementOf<C>> {
  readonly #shared: SharedElements<C>;

  constructor(type: C, sizeOrValues: number | Iterable<ElementOf<C>>, options?: ElementsOptions);
  /** @internal */
  constructor(arrived: SharedElements<C>);
  constructor(
    type: C | SharedElements<C>,
    sizeOrValues: number | Iterable<ElementOf<C>> = 0,
    options: ElementsOptions = {},
  ) {
    refuseCopies(this);
    if (type instanceof SharedElements) {
      this.#shared = type;
      return;
    }
    if (typeof sizeOrValues === "number") {
      checkCount("sizeOrValues", sizeOrValues, 0);
      this.#shared = SharedElements.create(type, sizeOrValues, options);
      return;
    }
    const values = [...sizeOrValues];
    this.#shared = SharedElements.create(type, values.length, options);
    for (const [index, value] of values.entries()) this.set(index, value);
  }

  /** The readable name of its elements' type. */
  get type(): ElementName {
    return this.#shared.type;
  }

  get length(): number {
    return this.#shared.length;
  }

  /** The typed array over the memory. @throws InvalidStateError (`ERR_INVALID_STATE`) when it was disposed of. */
  get view(): ViewOf<C> {
    return this.#shared.elements.view;
  }

  /** The element at `index`. @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is none. */
  get(index: number): ElementOf<C> {
    return this.#shared.elements.get(this.#checked(index));
  }

  /** Writes the element at `index`. @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is none. */
  set(index: number, value: ElementOf<C>): void {
    this.#shared.elements.set(this.#checked(index), value);
  }

  /** Adds to an element at one stroke, without the lock. Whole numbers wrap around. @returns what it was before. */
  add(index: number, delta: ElementOf<C>): ElementOf<C> {
    return this.#shared.elements.add(this.#checked(index), delta);
  }

  /** Makes an element `next` if it is `expected`, at one stroke. @returns what it was before. */
  compareExchange(index: number, expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C> {
    return this.#shared.elements.compareExchange(this.#checked(index), expected, next);
  }

  *[Symbol.iterator](): IterableIterator<ElementOf<C>> {
    for (let index = 0; index < this.length; index += 1) yield this.get(index);
  }

  /** The lock that goes with it, to do several things as one. Nothing forces anybody to take it.
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when it was made with `lock: false`. */
  getLock(): ElementsLock {
    return this.#shared.lock;
  }

  /** Gives the memory back; others keep it until they let go of it. */
  [Symbol.dispose](): void {
    this.#shared[Symbol.dispose]();
  }

  /** @internal */
  get [SHAREABLE](): Travel {
    return this.#shared.travel(KIND);
  }

  #checked(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index;
    throw new InvalidOptionError("index", `There is no element ${index}: the array has ${this.length}`);
  }
}

registerElements(KIND, (elements) => new SharedArray(elements));

/** A {@link SharedArray} without a lock. */
export class RawArray<C extends ElementCode> extends SharedArray<C> {
  constructor(type: C, sizeOrValues: number | Iterable<ElementOf<C>>) {
    super(type, sizeOrValues, { lock: false });
  }
}
