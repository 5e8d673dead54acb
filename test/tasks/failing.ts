/** Tasks that fail, or return what cannot travel, each in its own way. */
import { readFileSync } from "node:fs";
import { registerError } from "manyhands";

export function throwRich(): never {
  const middle = new TypeError("middle", { cause: { plain: "root" } });
  throw Object.assign(new Error("rich", { cause: middle }), { code: "E_RICH", detail: { tries: [1, 2, 3] } });
}

/** A class that nobody registered. */
export class LocalError extends RangeError {
  readonly limit: number;
  constructor(message: string, limit: number) {
    super(message);
    this.name = "LocalError";
    this.limit = limit;
  }
}

export function throwSubclass(): never {
  throw new LocalError("beyond the limit", 12);
}

/** A class that should survive the journey. */
export class QuotaError extends Error {
  readonly quota: number;
  constructor(message: string, quota: number) {
    super(message);
    this.name = "QuotaError";
    this.quota = quota;
  }
  half(): number {
    return this.quota / 2;
  }
}
registerError(QuotaError);

export function throwRegistered(): never {
  throw new QuotaError("quota used up", 10);
}

/** A class that cannot be built again from what an error is known to have. */
export class PickyError extends Error {
  constructor(source: { readonly parts: readonly string[] }) {
    super(source.parts.join(" "));
    this.name = "PickyError";
  }
}
registerError(PickyError);

export function throwPicky(): never {
  throw new PickyError({ parts: ["hard", "to", "please"] });
}

export function throwAggregate(): never {
  throw new AggregateError([new RangeError("first"), "second", new LocalError("third", 3)], "several");
}

export function throwUndefined(): never {
  throw undefined;
}

export function throwNull(): never {
  throw null;
}

export function throwZero(): never {
  throw 0;
}

export function throwText(): never {
  throw "plain text";
}

export function throwObject(): never {
  throw { status: 404, path: ["a", "b"] };
}

export function rejectWithNothing(): Promise<never> {
  return Promise.reject();
}

export async function rejectLater(): Promise<never> {
  await Promise.resolve();
  throw new RangeError("later");
}

export function throwFunction(): never {
  throw function culprit() {};
}

export function throwSymbol(): never {
  throw Symbol("oops");
}

export function throwSystemError(): never {
  readFileSync("/does/not/exist");
  throw new Error("unreachable");
}

export function throwAbort(): never {
  AbortSignal.abort().throwIfAborted();
  throw new Error("unreachable");
}

export function throwTimeoutError(): never {
  throw Object.assign(new Error("my own time ran out"), { name: "TimeoutError", code: "ERR_TIMEOUT" });
}

export function throwCyclic(): never {
  const error = new Error("round and round");
  error.cause = error;
  throw error;
}

export function throwHoldingFunction(): never {
  throw Object.assign(new TypeError("holds a function"), { code: "E_HOLDER", handler: function onClick() {}, kept: 1 });
}

export function throwHoldingTrap(): never {
  const error = Object.assign(new Error("holds a trap"), { kept: 2 });
  Object.defineProperty(error, "trap", {
    enumerable: true,
    get() {
      throw new Error("sprung");
    },
  });
  throw error;
}

export function throwFrozen(): never {
  throw Object.freeze(Object.assign(new Error("frozen"), { kept: 3 }));
}

export function returnFunction(): () => number {
  return () => 1;
}

export function returnHolder(): { readonly ok: number; readonly fn: () => number } {
  return { ok: 1, fn: () => 1 };
}

export async function returnDeepHolder(): Promise<unknown> {
  await Promise.resolve();
  return { list: [1, { deep: () => 1 }] };
}

export function returnSymbol(): symbol {
  return Symbol("result");
}

/** Fails for the numbers in `bad`, squares the others. */
export function squareUnless(item: { readonly n: number; readonly bad?: string }): number {
  if (item.bad !== undefined) throw new Error(item.bad);
  return item.n * item.n;
}

/** Fails for odd numbers. */
export function evenOnly(n: number): number {
  if (n % 2 === 1) throw new RangeError(`${n} is odd`);
  return n;
}

/** Fails for 1 with an error that is called like a time-out. */
export function timeOutOnOne(n: number): number {
  return n === 1 ? throwTimeoutError() : n;
}
