/** The order of items in a priority queue of tasks: Python's, as far as values of the language have one.
 *
 *  Numbers, booleans (as 0 and 1) and bigints have one order among themselves, strings that of their code points, dates that of
 *  their time; arrays are compared element by element, the shorter first. Everything else has none. The queues that go to
 *  workers have the same order, over keys in shared memory (`memory/order-key.ts`); here the items themselves are at hand. */
import { UnorderableError } from "../base/queue-errors.js";

type Numeric = number | bigint;

/** @returns below 0 when `one` comes first, above 0 when `other` does
 *  @throws UnorderableError when they have no order. */
export function compareItems(one: unknown, other: unknown): number {
  if (one === other && typeof one !== "object" && typeof one !== "function" && one !== undefined) return 0;
  if (Array.isArray(one) && Array.isArray(other)) return compareArrays(one, other);
  const [a, b] = [numeric(one), numeric(other)];
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof one === "string" && typeof other === "string") return compareStrings(one, other);
  if (one instanceof Date && other instanceof Date) return checked(one.getTime()) - checked(other.getTime());
  throw new UnorderableError(`${kindOf(one)} and ${kindOf(other)} have no order: put [priority, number, item]`);
}

function compareArrays(one: readonly unknown[], other: readonly unknown[]): number {
  for (let at = 0; at < one.length && at < other.length; at += 1) {
    // As in Python: what is the same is equal, whether or not it has an order.
    if (Object.is(one[at], other[at])) continue;
    const compared = compareItems(one[at], other[at]);
    if (compared !== 0) return compared;
  }
  return one.length - other.length;
}

/** By code points: surrogates come after all else that is below them in UTF-16. */
function compareStrings(one: string, other: string): number {
  if (one === other) return 0;
  let at = 0;
  while (at < one.length && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  // Not into the second half of a pair.
  if (at > 0 && isLowSurrogate(one.charCodeAt(at)) && isLowSurrogate(other.charCodeAt(at))) at -= 1;
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}

function numeric(value: unknown): Numeric | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return value;
  return typeof value === "number" ? checked(value) : undefined;
}

function checked(value: number): number {
  if (Number.isNaN(value)) throw new UnorderableError("NaN has no order");
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? `an object (${value?.constructor?.name ?? "Object"})` : `a ${typeof value}`;
}

/** Items by their order, the smallest first; equal ones in the order in which they came. A binary heap. */
export class ItemHeap<T> {
  readonly #heap: Entry<T>[] = [];
  #made = 0;

  get length(): number {
    return this.#heap.length;
  }

  /** @throws UnorderableError when it cannot be compared with those it meets on its way: it is not in then. */
  push(item: T): void {
    // NaN is refused by itself, and not by the next that is compared with it.
    numeric(item);
    this.#made += 1;
    const added = { item, number: this.#made };
    const path: number[] = [];
    let at = this.#heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(added, parent)) break;
      path.push(above);
      at = above;
    }
    // All comparisons are done: now nothing can fail half-way.
    let free = this.#heap.length;
    for (const above of path) {
      this.#heap[free] = this.#heap[above] as Entry<T>;
      free = above;
    }
    this.#heap[free] = added;
  }

  shift(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) this.#sink(last);
    return first.item;
  }

  #sink(moved: Entry<T>): void {
    let at = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]];
      const rightFirst = left !== undefined && right !== undefined && isBeforeInAnyCase(right, left);
      const [child, place] = rightFirst ? [right, 2 * at + 2] : [left, 2 * at + 1];
      if (child === undefined || isBeforeInAnyCase(moved, child)) break;
      this.#heap[at] = child;
      at = place;
    }
    this.#heap[at] = moved;
  }
}

interface Entry<T> {
  readonly item: T;
  readonly number: number;
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  const compared = compareItems(one.item, other.item);
  return compared < 0 || (compared === 0 && one.number < other.number);
}

/** For items that are in: two that were never compared when they came may have no order, and taking must not fail. */
function isBeforeInAnyCase<T>(one: Entry<T>, other: Entry<T>): boolean {
  try {
    return isBefore(one, other);
  } catch (error) {
    if (!(error instanceof UnorderableError)) throw error;
    return one.number < other.number;
  }
}
