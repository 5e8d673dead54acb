/** Tells what can be awaited. */

/** Whether `await` would wait for this value. A throwing `then` getter throws here. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return "then" in value && typeof value.then === "function";
}
