/** Time limits on a part of a task: `timeout`, `timeoutAt`, `waitFor`.
 *
 *  When the time is over the task is cancelled, and where the limited part ends by that, it fails with a TimeoutError instead.
 *
 *  Guarantees: only its own cancellation becomes a TimeoutError: those from outside, and other errors, pass as they are; the
 *  part has ended, clean-up included, before the caller goes on; the task's count of requests is as it was.
 *  Source of the rules: CPython `asyncio.timeouts`. */
import { InvalidOptionError, InvalidStateError, TimeoutError } from "../base/errors.js";
import { shown } from "../base/options.js";
import { Future } from "../futures/future.js";
import { cancellationIn } from "./cancellation.js";
import { type Awaitable, checkWork, createTask } from "./create-task.js";
import { currentTask, Task } from "./task.js";
import type { Timer } from "./timers.js";

/** What a body has come to. */
export type BodyOutcome<T> =
  | { readonly type: "returned"; readonly value: T }
  | { readonly type: "threw"; readonly reason: unknown };

type ScopeState = "active" | "expiring" | "expired" | "finished";

/** A part of a task that has a time limit. */
export class Timeout {
  readonly #task: Task<unknown>;
  readonly #requestsBefore: number;
  #when: number | undefined;
  #timer: Timer | undefined;
  #state: ScopeState = "active";

  /** @internal */
  constructor(task: Task<unknown>, when: number | undefined) {
    if (!(task instanceof Task)) {
      throw new InvalidStateError("A Timeout is not made by new: timeout(ms, async (limit) => …) gives it to its body");
    }
    this.#task = task;
    this.#requestsBefore = task.cancelling();
    this.reschedule(when);
  }

  /** When the time is over, in ms of the clock (of `Date.now()`, for the machine's own); `undefined` for never. */
  when(): number | undefined {
    return this.#when;
  }

  /** Moves the end.
   *  @param when in ms of the clock; one that has passed ends it at its next wait; `undefined` for never
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when the time was over, or the part has ended
   *  @example
   *  ```ts
   *  await timeout(1000, async (limit) => {
   *    for await (const chunk of body) limit.reschedule(Date.now() + 1000);
   *  });
   *  ``` */
  reschedule(when: number | undefined): void {
    if (this.#state !== "active") throw new InvalidStateError(`Cannot reschedule a time limit that is ${this.#state}`);
    checkTime("when", when);
    const { timers } = this.#task.loop;
    if (this.#timer !== undefined) timers.remove(this.#timer);
    this.#timer = undefined;
    this.#when = when;
    if (when === undefined) return;
    if (when <= this.#task.loop.now()) this.#expire();
    else this.#timer = timers.at(when, () => this.#expire());
  }

  /** Whether the time was over before the part had ended. */
  expired(): boolean {
    return this.#state === "expiring" || this.#state === "expired";
  }

  #expire(): void {
    this.#timer = undefined;
    this.#state = "expiring";
    // Told by the cause of the TimeoutError, whose stack shows who awaited the limit, but not what took so long.
    const waits = this.#task.waitingFor;
    this.#task.cancel(`its time is over${waits.length === 0 ? "" : `; it waited for ${waits.join(" and ")}`}`);
  }

  /** The part has ended. @returns what it came to, as its caller shall see it. @internal */
  leave<T>(outcome: BodyOutcome<T>, limit: string): BodyOutcome<T> {
    if (this.#timer !== undefined) this.#task.loop.timers.remove(this.#timer);
    if (this.#state !== "expiring") {
      this.#state = "finished";
      return outcome;
    }
    this.#state = "expired";
    // Others may have asked as well: then it is their cancellation.
    const others = this.#task.uncancel() > this.#requestsBefore;
    if (others || outcome.type === "returned") return outcome;
    const cause = cancellationIn(outcome.reason);
    return cause === undefined
      ? outcome
      : { type: "threw", reason: new TimeoutError(`Not within ${limit}`, { cause }) };
  }
}

function checkTime(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && !Number.isNaN(value))) return;
  throw new InvalidOptionError(option, `${option} must be a number of milliseconds or undefined, got ${shown(value)}`);
}

/** Runs a part of the task, for so long at most.
 *
 *  @param ms from now; 0 or less ends it at its first wait; `undefined` for no limit
 *  @param body called with the {@link Timeout}, in this same task
 *  @returns what `body` returns, even if the time was over: it may have finished all the same
 *  @throws TimeoutError (`ERR_TIMEOUT`) when the time was over and `body` ended by that (its `cause` says which task it was, and
 *    what that waited for), what `body` throws, InvalidOptionError (`ERR_INVALID_OPTION`)
 *  @remarks Cancellation: `body` is cancelled as its task is, and its clean-up awaited. So a wait for a foreign promise goes
 *  on until that settles, unless it is made `cancellable`, or given `currentSignal()`.
 *  @example
 *  ```ts
 *  const page = await timeout(5000, () => fetchPage(url));
 *  ``` */
export function timeout<T>(ms: number | undefined, body: (limit: Timeout) => T | PromiseLike<T>): Promise<Awaited<T>> {
  return limited("ms", ms, body, (task) => (ms === undefined ? undefined : task.loop.now() + ms), `${ms} ms`);
}

/** As {@link timeout}, until a point in time.
 *
 *  @param when in ms of the clock (of `Date.now()`, for the machine's own); `undefined` for no limit
 *  @param body called with the {@link Timeout}, in this same task
 *  @throws as `timeout`
 *  @example
 *  ```ts
 *  const deadline = Date.now() + 10_000;
 *  for (const url of urls) await timeoutAt(deadline, () => fetchPage(url));
 *  ``` */
export function timeoutAt<T>(
  when: number | undefined,
  body: (limit: Timeout) => T | PromiseLike<T>,
): Promise<Awaited<T>> {
  return limited("when", when, body, () => when, "the time that was set");
}

async function limited<T>(
  option: string,
  value: unknown,
  body: (limit: Timeout) => T | PromiseLike<T>,
  when: (task: Task<unknown>) => number | undefined,
  told: string,
): Promise<Awaited<T>> {
  checkTime(option, value);
  checkWork("body", body);
  return inTask(async (task): Promise<Awaited<T>> => {
    const scope = new Timeout(task, when(task));
    let outcome: BodyOutcome<Awaited<T>>;
    try {
      outcome = { type: "returned", value: await body(scope) };
    } catch (reason) {
      outcome = { type: "threw", reason };
    }
    const seen = scope.leave(outcome, told);
    if (seen.type === "threw") throw seen.reason;
    return seen.value;
  });
}

/** Runs something in the current task; outside of tasks in one that is made for it. */
export function inTask<T>(body: (task: Task<unknown>) => Promise<T>): Promise<T> {
  const task = currentTask();
  if (task !== undefined) return body(task);
  const made = createTask(() => {
    const own = currentTask();
    if (own === undefined) throw new InvalidStateError("A task runs in no task");
    return body(own);
  });
  return Promise.resolve(made as PromiseLike<T>);
}

/** Waits for some work, for so long at most.
 *
 *  @param awaitable a function, which is run in this task, or a future, which is cancelled when the time is over
 *  @param ms with 0 or less, a function is not even begun, and of a future only a result that is there is taken;
 *    `undefined` for no limit
 *  @returns its result, also one that it gives although it was cancelled
 *  @throws TimeoutError (`ERR_TIMEOUT`) once the work has ended, clean-up included; what the work throws, also in its
 *    clean-up; InvalidOptionError (`ERR_INVALID_OPTION`)
 *  @remarks Cancellation: the work is cancelled, too.
 *  @example
 *  ```ts
 *  const answer = await waitFor(() => ask(server), 1000);
 *  ``` */
export async function waitFor<T>(awaitable: Awaitable<T>, ms: number | undefined): Promise<Awaited<T>> {
  checkTime("ms", ms);
  if (!(awaitable instanceof Future)) {
    checkWork("awaitable", awaitable);
    if (ms === undefined || ms > 0) return timeout(ms, async () => (await awaitable()) as Awaited<T>);
    throw new TimeoutError(`Not begun: ${ms} ms are no time`);
  }
  if (awaitable.done()) return (await awaitable) as Awaited<T>;
  // Before it can begin; the time limit alone would tell it a turn later.
  if (ms !== undefined && ms <= 0) awaitable.abort("its time is over");
  return timeout(ms, async () => (await awaitable) as Awaited<T>);
}
