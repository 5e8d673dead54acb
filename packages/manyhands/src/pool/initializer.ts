/** What runs in each worker before its first call, made ready to travel. */
import { pack } from "../share/mod.js";
import { type AnyTask, type Route, reference, snapshotOfArgs } from "../wire/mod.js";
import type { Initializer } from "../worker/mod.js";

/** @throws SerializationError when an argument cannot travel. */
export function planInitializer(
  initializer: AnyTask,
  initargs: readonly unknown[],
  route: Route,
): Promise<Initializer> {
  const { args, takes } = planArguments(initargs, route);
  const planned = reference(initializer).then((target) => ({ target, args, takes }));
  // The first worker tells of the failure.
  planned.catch(() => undefined);
  return planned;
}

/** Copied now, as the arguments of a call are: each worker gets them as they are here. */
function planArguments(initargs: readonly unknown[], route: Route): Pick<Initializer, "args" | "takes"> {
  const parcel = pack(initargs, "initargs", route, "until-revoked");
  const args = parcel === undefined ? initargs : [parcel];
  return { args: snapshotOfArgs(args, route), takes: parcel === undefined ? "args" : "parcel" };
}
