/** What a priority queue compares: the order of an item, kept beside it in shared memory, so that no item has to be
 *  deserialised to find its place.
 *
 *  The order is Python's. Numbers, booleans (as 0 and 1) and bigints have one order among themselves, strings that of
 *  their code points, dates that of their time, arrays are compared element by element, the shorter first. Elements that
 *  are both null, or both undefined, are equal. Everything else has no order: it may be part of an array as long as what
 *  stands before it decides. So may be what stands behind the first megabyte.
 *
 *  Guarantees: the time to build a key is bounded by the memory that the value takes up; comparing is a total order even for what has none ({@link isUnordered} tells), so that taking an item never
 *  fails; NaN, which would spoil any order, is refused where it is put.
 *
 *  Layout in units of 8 bytes: tag i32 and length i32, then a body: a double, the bytes of a string in UTF-8 (whose order
 *  is that of the code points), the digits of a bigint, or the elements of an array up to an `end`. */
import { UnorderableError } from "../base/queue-errors.js";
import type { Slab } from "./slab.js";
import { UNIT } from "./slab.js";

const TAG = { end: 0, number: 1, bigint: 2, string: 3, date: 4, array: 5, null: 6, undefined: 7, opaque: 8 } as const;

/** Deeper arrays are not looked into, nor is one that contains itself. */
const DEEPEST = 64;

/** Behind so many units no array is looked into. Not for those that are long, which would only take their time, but for those
 *  that hold one array several times: each level doubles what is gone through. */
const LONGEST = 2 ** 17;

/** One comparison's outcome: −1, 0 and 1 as usual. What has no order is put in one all the same, beyond ±1. */
const UNORDERED = 2;

export function isUnordered(compared: number): boolean {
  return compared < -1 || compared > 1;
}

/** Builds a key. One is enough for a thread: no key is built while another is. */
class KeyWriter {
  #bytes: Buffer = Buffer.alloc(256);
  #units = 0;

  key(value: unknown): Uint8Array {
    this.#units = 0;
    this.#add(value, 0);
    return new Uint8Array(this.#bytes.subarray(0, this.#units * UNIT));
  }

  #add(value: unknown, depth: number): void {
    switch (typeof value) {
      case "number":
        return this.#double(TAG.number, value);
      case "boolean":
        return this.#double(TAG.number, value ? 1 : 0);
      case "bigint":
        return this.#text(TAG.bigint, value.toString());
      case "string":
        return this.#text(TAG.string, value);
      case "undefined":
        return this.#bare(TAG.undefined);
      default:
        if (value === null) return this.#bare(TAG.null);
        if (value instanceof Date) return this.#double(TAG.date, value.getTime());
        if (!Array.isArray(value) || depth === DEEPEST) return this.#bare(TAG.opaque);
        this.#bare(TAG.array);
        this.#elements(value, depth + 1);
        this.#bare(TAG.end);
    }
  }

  #elements(array: readonly unknown[], depth: number): void {
    for (const element of array) {
      if (this.#units > LONGEST) return this.#bare(TAG.opaque);
      this.#add(element, depth);
    }
  }

  #bare(tag: number): void {
    this.#head(tag, 0, 0);
  }

  /** @returns where the body goes. */
  #head(tag: number, length: number, units: number): number {
    const at = this.#units * UNIT;
    this.#units += 1 + units;
    if (this.#units * UNIT > this.#bytes.length) {
      const larger = Buffer.alloc(this.#units * UNIT * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.writeInt32LE(tag, at);
    this.#bytes.writeInt32LE(length, at + 4);
    return at + UNIT;
  }

  #double(tag: number, value: number): void {
    if (Number.isNaN(value)) throw new UnorderableError("Cannot put into a priority queue: NaN has no order");
    const at = this.#head(tag, 0, 1);
    this.#bytes.writeDoubleLE(value, at);
  }

  #text(tag: number, text: string): void {
    const length = Buffer.byteLength(text);
    const at = this.#head(tag, length, Math.ceil(length / UNIT));
    this.#bytes.write(text, at, "utf8");
  }
}

const writer = new KeyWriter();

/** @throws UnorderableError when the value is or contains NaN. */
export function orderKey(value: unknown): Uint8Array {
  return writer.key(value);
}

/** Compares the keys that begin at units `left` and `right`. */
export function compareKeys(slab: Slab, left: number, right: number): number {
  // At the top null has no order; within an array two of them are equal, as they are in Python.
  let depth = 0;
  for (let a = left, b = right; ; ) {
    const [tag, other] = [slab.int(a * 2), slab.int(b * 2)];
    if (tag !== other || tag === TAG.opaque) return compareTags(slab, a, b, tag, other);
    const compared = compareBodies(slab, a, b, tag);
    if (compared !== 0) return compared;
    if (tag === TAG.array) depth += 1;
    else if (tag === TAG.end) depth -= 1;
    if (depth === 0) return tag === TAG.null || tag === TAG.undefined ? UNORDERED : 0;
    a += 1 + bodyUnits(slab, a, tag);
    b += 1 + bodyUnits(slab, b, tag);
  }
}

function compareTags(slab: Slab, left: number, right: number, tag: number, other: number): number {
  if (tag === TAG.end || other === TAG.end) return tag === TAG.end ? -1 : 1;
  const numeric = (each: number): boolean => each === TAG.number || each === TAG.bigint;
  if (numeric(tag) && numeric(other)) return compare(numberAt(slab, left, tag), numberAt(slab, right, other));
  return tag < other ? -UNORDERED : UNORDERED;
}

function compareBodies(slab: Slab, left: number, right: number, tag: number): number {
  switch (tag) {
    case TAG.number:
    case TAG.date:
      return compare(slab.double(left + 1), slab.double(right + 1));
    case TAG.bigint:
      return compare(numberAt(slab, left, tag), numberAt(slab, right, tag));
    case TAG.string:
      return slab.compareBytes(left + 1, slab.int(left * 2 + 1), right + 1, slab.int(right * 2 + 1));
    default:
      return 0;
  }
}

/** Numbers and bigints compare exactly with each other. */
function compare(left: number | bigint, right: number | bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : left > right ? 1 : 0;
}

function numberAt(slab: Slab, at: number, tag: number): number | bigint {
  return tag === TAG.number ? slab.double(at + 1) : BigInt(slab.latin1At(at + 1, slab.int(at * 2 + 1)));
}

function bodyUnits(slab: Slab, at: number, tag: number): number {
  if (tag === TAG.number || tag === TAG.date) return 1;
  return tag === TAG.string || tag === TAG.bigint ? Math.ceil(slab.int(at * 2 + 1) / UNIT) : 0;
}
