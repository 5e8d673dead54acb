/** From a function's name and JSON data to a call on the executor: the one way all routes take.
 *
 *  Guarantees: a call takes a seat before its arguments are looked at, and gives it back when its work has ended; no call
 *  outlives {@link Calls.abortAll}; only functions of the catalogue are called. */
import type { Executor, Future } from "manyhands";
import { Admission } from "./admission.js";
import { type Catalogue, type ServedFunction, taskOf } from "./catalogue.js";
import { decode, JsonFormError } from "./json-form.js";
import type { Limits } from "./limits.js";
import { RefusedError } from "./problem.js";
import { checkArgs } from "./schema.js";

/** A call that is under way. `future` is a thing to hold, not to wait for: so it stands in an object, and an `async`
 *  function can return it. */
export interface Call {
  readonly served: ServedFunction;
  readonly future: Future<unknown>;
}

/** Codes after which no call can succeed any more. */
const ENDED: ReadonlySet<unknown> = new Set(["ERR_BROKEN_EXECUTOR", "ERR_SHUTDOWN"]);

export class Calls {
  readonly executor: Executor;
  readonly admission: Admission;
  readonly #catalogue: Catalogue;
  readonly #limited: Executor;
  readonly #live = new Set<Future<unknown>>();
  readonly #stopped = new AbortController();
  #executorState: "serves" | "ended" = "serves";

  constructor(executor: Executor, catalogue: Catalogue, limits: Limits) {
    this.executor = executor;
    this.#catalogue = catalogue;
    this.admission = new Admission(executor, limits);
    const { timeout, grace } = limits;
    this.#limited = executor.with({ timeout, queueTimeout: timeout, grace });
  }

  /** Whether calls are taken, and may succeed. */
  get ready(): "yes" | "draining" | "executor-ended" {
    if (this.admission.state === "draining") return "draining";
    return this.#executorState === "ended" ? "executor-ended" : "yes";
  }

  /** Aborts when every call is to be stopped. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** The executor with the limits of a call. */
  get limited(): Executor {
    return this.#limited;
  }

  /** @throws RefusedError (`ERR_NO_FUNCTION`). */
  find(name: string): ServedFunction {
    const served = this.#catalogue.get(name);
    if (served === undefined) {
      throw new RefusedError("ERR_NO_FUNCTION", `There is no function ${JSON.stringify(name.slice(0, 100))}`);
    }
    return served;
  }

  /** Begins a call for `client`.
   *  @param data the arguments as JSON data, which is taken over.
   *  @param signal of who asks: aborted while the arguments are checked, nothing is begun; later, use the future.
   *  @throws RefusedError when it is not begun. */
  async begin(name: string, data: unknown, client: string, signal?: AbortSignal): Promise<Call> {
    const served = this.find(name);
    const seat = this.admission.enter(client);
    try {
      const args = await argsOf(served, data);
      const future = this.#limited.submit(taskOf(served, this.executor), ...args);
      seat.submitted();
      this.#watch(future, seat);
      if (signal?.aborted === true) future.abort(signal.reason);
      if (this.#stopped.signal.aborted) future.abort(this.#stopped.signal.reason);
      return { served, future };
    } catch (error) {
      seat[Symbol.dispose]();
      throw error;
    }
  }

  /** Stops every call; their seats come back when the work has really ended. */
  abortAll(reason: unknown): void {
    this.#stopped.abort(reason);
    for (const future of this.#live) future.abort(reason);
  }

  /** Takes note of how a call ended. */
  noteFailure(error: unknown): void {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    if (ENDED.has(code)) this.#executorState = "ended";
  }

  #watch(future: Future<unknown>, seat: Disposable): void {
    this.#live.add(future);
    const leave = (): void => {
      this.#live.delete(future);
      seat[Symbol.dispose]();
    };
    future.then(leave, (error: unknown) => {
      this.noteFailure(error);
      leave();
    });
  }
}

/** The arguments for a function, from JSON data. @throws RefusedError (`ERR_INVALID_ARGUMENTS`) with the paths. */
export async function argsOf(served: ServedFunction, data: unknown): Promise<unknown[]> {
  if (!Array.isArray(data)) {
    const issues = [{ path: "args", message: "An array is wanted" }];
    throw new RefusedError("ERR_INVALID_ARGUMENTS", "args: An array is wanted", { issues });
  }
  return checkArgs(served.name, served.schemas, decoded(data));
}

function decoded(data: unknown[]): unknown[] {
  try {
    return decode(data, "args") as unknown[];
  } catch (error) {
    if (!(error instanceof JsonFormError)) throw error;
    const issues = [{ path: error.path, message: error.message }];
    throw new RefusedError("ERR_INVALID_ARGUMENTS", error.message, { issues });
  }
}
