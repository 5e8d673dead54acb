/** Copies of values that any route can carry, with text in the place of what none can.
 *
 *  Guarantees: never throws, whatever the value; the copy shares nothing with the value. */
import { inspect } from "node:util";
import { serializer } from "../base/serializer.js";
import { isPrimitive } from "./values.js";

/** A copy of `value`, or `undefined` in a box when it cannot be copied as it is. */
export type Copied = { readonly copied: true; readonly value: unknown } | { readonly copied: false };

/** Copies the value whole, if all of it can travel. */
export function copyExactly(value: unknown): Copied {
  if (isPrimitive(value)) return { copied: true, value };
  try {
    const v8 = serializer();
    return { copied: true, value: v8.deserialize(v8.serialize(value)) };
  } catch {
    return { copied: false };
  }
}

/** Levels that are searched for the part that cannot be copied; below, the whole part becomes text. */
const MAX_DEPTH = 4;

/** Copies what can be copied of the value, and describes the rest. */
export function copyPortably(value: unknown, depth = 0): unknown {
  const whole = copyExactly(value);
  if (whole.copied) return whole.value;
  try {
    if (depth < MAX_DEPTH && Array.isArray(value)) return value.map((item) => copyPortably(item, depth + 1));
    if (depth < MAX_DEPTH && isPlain(value)) return copyProperties(value, depth);
  } catch {
    return describe(value);
  }
  return describe(value);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function copyProperties(object: object, depth: number): object {
  const result = {};
  for (const key of Object.keys(object)) {
    setOwn(result, key, copyPortably(readProperty(object, key), depth + 1));
  }
  return result;
}

/** Reads a property of an object that may be hostile; what a getter throws is told in its place. */
export function readProperty(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key);
  } catch (error) {
    return `[${key} cannot be read: ${describe(error)}]`;
  }
}

/** Sets an own property by definition, so that a key such as `__proto__` or a setter does no harm. */
export function setOwn(
  object: object,
  key: string,
  value: unknown,
  visibility: "enumerable" | "hidden" = "enumerable",
): void {
  const enumerable = visibility === "enumerable";
  Reflect.defineProperty(object, key, { value, enumerable, configurable: true, writable: true });
}

const LONGEST_TEXT = 10_000;

/** A text for any value at all. */
export function describe(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    // Without customInspect: that would run the code of the object.
    return inspect(value, {
      depth: 2,
      customInspect: false,
      getters: false,
      maxStringLength: LONGEST_TEXT,
      breakLength: 120,
    });
  } catch {
    return `[${typeof value} that cannot be printed]`;
  }
}
