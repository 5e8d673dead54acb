/** Copies small arguments when they are submitted, and checks them in the same walk.
 *
 *  Calls that hold copies of their own need no second look before they travel in one message, and may wait for others to
 *  travel with. (V8's serialiser would copy as well, but one for each call costs four times the walk, and more garbage.)
 *
 *  Guarantees: a copy is what structured clone would make of it, one object in two places included; it shares
 *  no object with anything else; what is not plain, is large or cannot travel is left to those who look closely. */
import { shapeOf } from "./clonable.js";
import { setOwn } from "./portable.js";

/** Elements and properties that are looked at: keeps the walk over a large value short. */
const MOST_PARTS = 4096;
/** Characters of all strings. They are not copied, but what is large shall be seen and counted. */
const MOST_TEXT = 1 << 16;
/** Objects: each is compared with those before it. */
const MOST_OBJECTS = 128;
const DEEPEST = 32;

/** A copy of the arguments; `undefined` when they need a closer look. */
export function copyArgs(args: readonly unknown[]): readonly unknown[] | undefined {
  const copy = new SmallCopy();
  const copied = args.slice();
  try {
    for (let at = 0; at < copied.length; at += 1) copied[at] = copy.of(copied[at], 0);
    return copied;
  } catch {
    // Not for this copier, or a getter threw: whoever looks closely finds out, and says where.
    return undefined;
  }
}

const NOT_HERE = new RangeError("Not a small value of plain parts");

class SmallCopy {
  /** Objects met, and the copy of each. */
  readonly #met: object[] = [];
  readonly #copies: object[] = [];
  #parts = MOST_PARTS;
  #text = MOST_TEXT;

  of(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        this.#text -= value.length;
        if (this.#text < 0) throw NOT_HERE;
        return value;
      case "function":
      case "symbol":
        throw NOT_HERE;
      case "object":
        return value === null ? null : this.#ofObject(value, depth + 1);
      default:
        return value;
    }
  }

  #ofObject(object: object, depth: number): object {
    const known = this.#met.indexOf(object);
    if (known >= 0) return this.#copies[known] as object;
    if (depth > DEEPEST || this.#met.length === MOST_OBJECTS) throw NOT_HERE;
    const shape = shapeOf(object, "process");
    if (shape === "array") return this.#ofArray(object as readonly unknown[], depth);
    if (shape === "plain") return this.#ofRecord(object as Record<string, unknown>, depth);
    throw NOT_HERE;
  }

  #ofArray(array: readonly unknown[], depth: number): object {
    const { length } = array;
    this.#count(length);
    // Holes and named properties travel too, and a class may have a `slice` of its own: none of them is small.
    if (Object.getPrototypeOf(array) !== Array.prototype || !isDense(array)) throw NOT_HERE;
    const copy = array.slice();
    this.#met.push(array);
    this.#copies.push(copy);
    for (let at = 0; at < copy.length; at += 1) {
      const value = copy[at];
      if (typeof value === "number") continue;
      const part = this.of(value, depth);
      if (part !== value) copy[at] = part;
    }
    return copy;
  }

  #ofRecord(record: Record<string, unknown>, depth: number): object {
    // Several times faster than property by property. Getters run here, and never again.
    const copy: Record<string, unknown> = { ...record };
    const keys = Object.keys(copy);
    this.#count(keys.length);
    this.#met.push(record);
    this.#copies.push(copy);
    for (const key of keys) {
      const value = copy[key];
      if (typeof value === "number") continue;
      const part = this.of(value, depth);
      if (part === value) continue;
      if (key === "__proto__") setOwn(copy, key, part);
      else copy[key] = part;
    }
    return copy;
  }

  #count(parts: number): void {
    this.#parts -= parts;
    if (this.#parts < 0) throw NOT_HERE;
  }
}

/** Whether it has all its elements and no other properties. */
function isDense(array: readonly unknown[]): boolean {
  const { length } = array;
  const keys = Object.keys(array);
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}
