/** `Value`: one number, or one yes or no, that threads and processes share. */
import { refuseCopies, SHAREABLE, type Travel } from "../base/shareable.js";
import type { ElementCode, ElementName, ElementOf } from "../memory/element-type.js";
import { type ElementsLock, type ElementsOptions, registerElements, SharedElements } from "./shared-elements.js";

const KIND = "multiprocessing.Value";

/** One element in memory that threads and processes share. As an argument it is shared, not copied.
 *
 *  Reading and writing never give half a value. `value.value += 1` is a read and a write, and others may come in between:
 *  use {@link add}, or hold the lock.
 *
 *  @param type `"i32"`, `"f64"`, …, or a type code of Python's such as `"i"`, `"d"`.
 *  @param initial @default 0, 0n or false
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an unknown type or a `lock` that is none; TypeError for a value of
 *  another kind; SharedMemoryUnavailableError (`ERR_SHARED_MEMORY_UNAVAILABLE`) on Windows, and without the package koffi.
 *  @example
 *  ```ts
 *  const balance = new Value("i32", 1000);
 *  await pool.starmap(withdraw, [[balance, 600], [balance, 600]]);
 *
 *  export async function withdraw(balance: Value<"i32">, amount: number): Promise<void> {
 *    await balance.getLock().with(() => {
 *      if (balance.value >= amount) balance.value -= amount;
 *    });
 *  }
 *  ``` */
export class Value<C extends ElementCode> implements Disposable {
  readonly #shared: SharedElements<C>;

  constructor(type: C, initial?: ElementOf<C>, options?: ElementsOptions);
  /** @internal */
  constructor(arrived: SharedElements<C>);
  constructor(type: C | SharedElements<C>, initial?: ElementOf<C>, options: ElementsOptions = {}) {
    refuseCopies(this);
    this.#shared = type instanceof SharedElements ? type : SharedElements.create(type, 1, options);
    if (initial !== undefined) this.value = initial;
  }

  /** The readable name of its type. */
  get type(): ElementName {
    return this.#shared.type;
  }

  /** What it is now. @throws InvalidStateError (`ERR_INVALID_STATE`) when it was disposed of. */
  get value(): ElementOf<C> {
    return this.#shared.elements.get(0);
  }

  set value(value: ElementOf<C>) {
    this.#shared.elements.set(0, value);
  }

  /** Adds at one stroke, without the lock: nobody comes in between. Whole numbers wrap around.
   *  @returns what it was before.
   *  @example
   *  ```ts
   *  const ticket = counter.add(1);
   *  ``` */
  add(delta: ElementOf<C>): ElementOf<C> {
    return this.#shared.elements.add(0, delta);
  }

  /** Makes it `next` if it is `expected`, at one stroke. Floating point numbers are compared bit by bit.
   *  @returns what it was before: `expected` when it has happened. */
  compareExchange(expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C> {
    return this.#shared.elements.compareExchange(0, expected, next);
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
}

registerElements(KIND, (elements) => new Value(elements));

/** A {@link Value} without a lock. */
export class RawValue<C extends ElementCode> extends Value<C> {
  constructor(type: C, initial?: ElementOf<C>) {
    super(type, initial, { lock: false });
  }
}
