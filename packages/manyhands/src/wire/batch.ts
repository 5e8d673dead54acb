/** Keeps calls apart that travel in one message.
 *
 *  Structured clone keeps identity inside a message: two calls that hold the same object would arrive holding one object, and
 *  the first call's change would be seen by the second. Guarantees: no two values of a batch share an object that is
 *  copied; shared memory stays shared; a value that cannot travel is refused alone, before it can spoil the message.
 *
 *  Calls that move something (a transfer list) travel in a message of their own: a buffer cannot be copied for one call and
 *  moved for another in the same message. */
import { serializer } from "../base/serializer.js";
import type { Route } from "./clonable.js";
import { setOwn } from "./portable.js";
import { isPrimitive, Survey, serializationError, type ValueReport } from "./values.js";

/** The values of one message. */
export class Batch {
  readonly #route: Route;
  #survey: Survey | undefined;
  /** What the look at the latest value found. */
  last: ValueReport = NOTHING;

  constructor(route: Route) {
    this.#route = route;
  }

  /** Checks the value and gives what to put into the message: the value itself, or a copy of it when an earlier value
   *  of this batch holds one of its objects.
   *  @throws SerializationError when some part of it cannot travel; the batch is as good as before. */
  add(root: unknown, path: string): unknown {
    this.last = NOTHING;
    if (isPrimitive(root)) return root;
    this.#survey ??= new Survey(this.#route);
    const survey = this.#survey;
    if (!survey.scan(root)) throw serializationError(root, path, this.#route);
    this.last = { bytes: survey.bytes, objects: survey.objects, shareables: survey.shareables };
    if (!survey.overlaps) return root;
    return survey.simple ? copySimple(root, this.#route) : copy(root, this.#route);
  }
}

/** A copy of a value that passed the check, as the route would make it. */
export function snapshotOf(root: unknown, route: Route): unknown {
  if (isPrimitive(root)) return root;
  const survey = new Survey(route);
  return survey.scan(root) && survey.simple ? copySimple(root, route) : copy(root, route);
}

const NOTHING: ValueReport = { bytes: 0, objects: 0, shareables: 0 };

// By V8's serialiser for processes: structuredClone would turn a Buffer into a Uint8Array, which that route does not.
function copy(root: unknown, route: Route): unknown {
  return route === "thread" ? structuredClone(root) : serializer().deserialize(serializer().serialize(root));
}

/** Deeper values are left to V8, which knows how much stack it has. */
const MAX_DEPTH = 100;

function copySimple(root: unknown, route: Route): unknown {
  try {
    return new SimpleCopy().of(root, 0);
  } catch (error) {
    if (error === TOO_DEEP) return copy(root, route);
    throw error;
  }
}
const TOO_DEEP = new RangeError("Too deep for a copy by recursion");

/** Copies plain objects and arrays, several times faster than structuredClone. */
class SimpleCopy {
  readonly #copies = new Map<object, unknown>();

  of(part: unknown, depth: number): unknown {
    if (typeof part !== "object" || part === null) return part;
    const known = this.#copies.get(part);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw TOO_DEEP;
    return Array.isArray(part) ? this.#ofArray(part, depth) : this.#ofRecord(part as Record<string, unknown>, depth);
  }

  #ofArray(array: readonly unknown[], depth: number): unknown {
    const result: unknown[] = new Array(array.length);
    this.#copies.set(array, result);
    // forEach skips holes, so that they stay holes.
    array.forEach((item, index) => {
      result[index] = this.of(item, depth + 1);
    });
    return result;
  }

  #ofRecord(record: Record<string, unknown>, depth: number): unknown {
    const result: Record<string, unknown> = {};
    this.#copies.set(record, result);
    for (const key of Object.keys(record)) {
      const value = this.of(record[key], depth + 1);
      if (key === "__proto__") setOwn(result, key, value);
      else result[key] = value;
    }
    return result;
  }
}
