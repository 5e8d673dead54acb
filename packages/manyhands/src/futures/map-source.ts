/** The input of a map, of either kind, behind one shape. */
import { InvalidOptionError } from "../base/errors.js";

export type Source<T> =
  /** `list`: the iterator's values, where these are known to be the elements of an array. */
  | { readonly kind: "sync"; readonly iterator: Iterator<T>; readonly list: readonly T[] | undefined }
  | { readonly kind: "async"; readonly iterator: AsyncIterator<T> }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: unknown };

const ARRAY_ITERATOR = Array.prototype[Symbol.iterator];

/** @throws InvalidOptionError (`ERR_INVALID_OPTION`) for what cannot be iterated. */
export function sourceOf<T>(items: Iterable<T> | AsyncIterable<T>): Source<T> {
  // Not by `in`, which refuses a string, and a string is an iterable too.
  const { [Symbol.asyncIterator]: forAwait, [Symbol.iterator]: forOf } = Object(items) as Partial<
    Iterable<T> & AsyncIterable<T>
  >;
  if (forAwait !== undefined) return { kind: "async", iterator: forAwait.call(items as AsyncIterable<T>) };
  if (forOf !== undefined) {
    const list = Array.isArray(items) && forOf === ARRAY_ITERATOR ? (items as readonly T[]) : undefined;
    return { kind: "sync", iterator: forOf.call(items as Iterable<T>), list };
  }
  throw new InvalidOptionError("items", `items must be an iterable or an async iterable, got ${typeof items}`);
}

/** Runs the input's own clean-up. Its failure is the input's, reported as such, for the consumer has left. */
export function closeSource<T>(source: Source<T>): void {
  if (source.kind !== "sync" && source.kind !== "async") return;
  Promise.resolve()
    .then(() => source.iterator.return?.())
    .catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
}
