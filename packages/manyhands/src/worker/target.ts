/** What the calls of one index run inside a worker. */
import type { TravellingFunction } from "../wire/function-ref.js";
import { type ResolvedFunction, resolveFunction } from "../wire/resolve-function.js";
import type { Parcel } from "../wire/tickets.js";
import type { Takes } from "./messages.js";
import { rarely } from "./rarely.js";

export interface Target {
  readonly target: TravellingFunction;
  readonly takes: Takes;
}

/** @throws FunctionRefError when its module is missing, throws or has no such function. */
export async function loadTarget({ target, takes }: Target): Promise<ResolvedFunction> {
  const run = await (target.type === "carrying" ? rarely().resolveCarrying(target) : resolveFunction(target));
  return takes === "args" ? run : unpacking(run);
}

/** Takes the arguments out of the parcel that they came in. */
function unpacking(run: ResolvedFunction): ResolvedFunction {
  return (parcel: Parcel) => {
    const args = rarely().unpack(parcel);
    return args instanceof Promise ? args.then((ready: never[]) => run(...ready)) : run(...(args as never[]));
  };
}
