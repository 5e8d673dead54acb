/** What a page may have done: `POST /dashboard/actions`.
 *
 *  Guarantees: a request is checked before anything is done; what cannot be done is refused with a code that says why. */
import type { Adjustable } from "manyhands";
import { RefusedError } from "../problem.js";
import type { ActionAnswer, ActionRequest } from "./protocol.js";
import type { Watcher } from "./watcher.js";

/** @throws RefusedError (`ERR_BAD_REQUEST`). */
export function actionIn(body: unknown): ActionRequest {
  const field = (name: string): unknown =>
    typeof body === "object" && body !== null && Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
  const whole = (name: string, least: number): number => {
    const value = field(name);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
    throw new RefusedError("ERR_BAD_REQUEST", `${name} must be a whole number from ${least} on`);
  };
  const action = field("action");
  switch (action) {
    case "cancel":
      return { action, call: whole("call", 0) };
    case "pause":
    case "resume":
      return { action, executor: whole("executor", 0) };
    case "resize":
      return { action, executor: whole("executor", 0), size: whole("size", 1) };
    default:
      throw new RefusedError("ERR_BAD_REQUEST", "action must be cancel, pause, resume or resize");
  }
}

/** Does it. @throws RefusedError (`ERR_NO_CALL`, `ERR_NO_EXECUTOR`, `ERR_NOT_NOW`, `ERR_BAD_REQUEST`). */
export function perform(request: ActionRequest, watcher: Watcher): ActionAnswer {
  if (request.action === "cancel") {
    if (watcher.cancel(request.call)) return { done: "cancel" };
    throw new RefusedError("ERR_NO_CALL", `Call ${request.call} has ended, or never was`);
  }
  const adjustable = adjustableOf(watcher, request.executor);
  try {
    adjust(adjustable, request);
  } catch (error) {
    throw refusalOf(error);
  }
  return { done: request.action };
}

function adjust(adjustable: Adjustable, request: Exclude<ActionRequest, { action: "cancel" }>): void {
  switch (request.action) {
    case "pause":
      return adjustable.pause();
    case "resume":
      return adjustable.resume();
    case "resize":
      return adjustable.resize(request.size);
  }
}

function adjustableOf(watcher: Watcher, id: number): Adjustable {
  const executor = watcher.executor(id);
  if (executor === undefined) throw new RefusedError("ERR_NO_EXECUTOR", `There is no executor ${id}`);
  const adjustable = executor.adjustable?.();
  if (adjustable === undefined) throw new RefusedError("ERR_NOT_NOW", `${executor.name} cannot be paused or resized`);
  return adjustable;
}

const NOT_NOW: ReadonlySet<unknown> = new Set(["ERR_SHUTDOWN", "ERR_BROKEN_EXECUTOR", "ERR_INVALID_STATE"]);

/** By code, not by class: the executor may come from another copy of the library. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.code === "ERR_INVALID_OPTION") return new RefusedError("ERR_BAD_REQUEST", error.message);
  return NOT_NOW.has(error.code) ? new RefusedError("ERR_NOT_NOW", error.message) : error;
}
