/** Values that move instead of being copied.
 *
 *  Guarantees: marking changes nothing until the value is posted; a mark keeps nothing alive. */

import { types } from "node:util";
import worker, { MessagePort } from "node:worker_threads";
import { InvalidOptionError } from "../base/errors.js";
import type { Transferable } from "../futures/executor.js";

const NONE: readonly Transferable[] = Object.freeze([]);
const lists = new WeakMap<object, readonly Transferable[]>();

/** Marks an argument or a result as moved: it is not copied, and is unusable here afterwards. Mark the argument or result
 *  itself, not a part of it.
 *
 *  @param list what moves; without it, all that can: the buffers behind typed arrays, message ports and streams in `value`.
 *  @returns the same value.
 *  @example
 *  ```ts
 *  const pixels = await pool.submit(blur, transfer(image));   // image.buffer is empty here from now on
 *  export function blur(image: Uint8Array) { …; return transfer(image); }
 *  ``` */
export function transfer<T>(value: T, list?: readonly Transferable[]): T {
  if (typeof value !== "object" || value === null) return value;
  if (list !== undefined && !Array.isArray(list))
    throw new InvalidOptionError("list", "list must be an array of transferable objects");
  lists.set(value, list === undefined ? findTransferables(value) : [...new Set(list)]);
  return value;
}

/** What was marked as moving with `value`; empty for most. */
export function transferListOf(value: unknown): readonly Transferable[] {
  if (typeof value !== "object" || value === null) return NONE;
  return lists.get(value) ?? NONE;
}

/** Whether something moves with these arguments. */
export function moves(args: readonly unknown[], listed: readonly Transferable[] | undefined): boolean {
  return (listed !== undefined && listed.length > 0) || args.some((arg) => transferListOf(arg).length > 0);
}

function findTransferables(root: object): readonly Transferable[] {
  const found = new Set<Transferable>();
  const seen = new Set<object>();
  const open: object[] = [root];
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    if (seen.has(object)) continue;
    seen.add(object);
    const movable = movableOf(object);
    if (movable === "no") for (const part of objectsIn(object)) open.push(part);
    else if (movable !== "stays") found.add(movable);
  }
  return [...found];
}

function movableOf(object: object): Transferable | "no" | "stays" {
  if (types.isProxy(object)) return "stays";
  if (ArrayBuffer.isView(object)) return movableBuffer(object.buffer, object);
  if (types.isAnyArrayBuffer(object)) return movableBuffer(object, undefined);
  if (object instanceof MessagePort) return object;
  return isStream(object) ? object : "no";
}

function isStream(object: object): boolean {
  return object instanceof ReadableStream || object instanceof WritableStream || object instanceof TransformStream;
}

/** Absent before Node 21. */
const isUntransferable: ((object: object) => boolean) | undefined = Reflect.get(worker, "isMarkedAsUntransferable");

function movableBuffer(buffer: ArrayBufferLike, view: ArrayBufferView | undefined): Transferable | "stays" {
  if (types.isSharedArrayBuffer(buffer)) return "stays";
  // Small Buffers live together in a pool: moving it would empty the Buffers of strangers.
  const pooled =
    isUntransferable?.(buffer) ??
    (Buffer.isBuffer(view) && buffer.byteLength === Buffer.poolSize && view.byteLength < Buffer.poolSize);
  return pooled ? "stays" : buffer;
}

function objectsIn(object: object): object[] {
  const values: Iterable<unknown> = types.isMap(object)
    ? [...object.keys(), ...object.values()]
    : types.isSet(object)
      ? object
      : Object.keys(object).map((key): unknown => Reflect.get(object, key));
  return [...values].filter((value): value is object => typeof value === "object" && value !== null);
}
