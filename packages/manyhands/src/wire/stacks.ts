/** Joins the stack of a failure in a worker to the place where its call was submitted.
 *
 *  Guarantees: never throws; a frozen error, or one without a stack, stays as it is; joining twice joins once. */

const SEPARATOR = "    --- submitted at ---";

/** Appends the frames of `submitStack` (an `Error.stack`, with or without its first line) to the error's own.
 *
 *  Its lines keep V8's form, so that editors and source maps still find the places. */
export function joinStacks(error: unknown, submitStack: string | undefined): void {
  if (submitStack === undefined || typeof error !== "object" || error === null) return;
  try {
    const stack: unknown = Reflect.get(error, "stack");
    const frames = framesOf(submitStack);
    if (typeof stack !== "string" || frames === "" || stack.endsWith(frames)) return;
    Object.defineProperty(error, "stack", {
      value: `${stack}\n${SEPARATOR}\n${frames}`,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  } catch {
    // Frozen, or a proxy that objects: the stack is a courtesy, the failure itself must go on.
    return;
  }
}

function framesOf(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .join("\n");
}
