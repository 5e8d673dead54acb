/** Several at once: `gather`, `wait`, `asCompleted`; and `shield`.
 *
 *  Source of the rules: CPython `asyncio.tasks`. */
import { CancelledError, InvalidOptionError } from "../base/errors.js";
import { checkIterable, checkNames, checkType, shown } from "../base/options.js";
import type { WaitOptions } from "../base/wait-options.js";
import { type Completions, completionsBy } from "../futures/as-completed.js";
import { control, Future } from "../futures/future.js";
import { type ReturnWhen, waitBy } from "../futures/wait.js";
import { type Awaitable, asFuture } from "./create-task.js";
import { currentLoop, type Task } from "./task.js";

/** What an {@link Awaitable} comes to. */
export type ResultOf<A> = A extends Future<infer T> ? T : A extends () => infer R ? Awaited<R> : never;

/** Options of {@link gather}. */
export interface GatherOptions {
  /** Whether what fails stands among the results, as its error. @default false */
  returnExceptions?: boolean;
}

type Results<A extends readonly Awaitable<unknown>[]> = { -readonly [K in keyof A]: ResultOf<A[K]> };
type Collected<A extends readonly Awaitable<unknown>[]> = { -readonly [K in keyof A]: unknown | ResultOf<A[K]> };

/** Runs all at once, and collects their results in the order in which they are given.
 *
 *  With the first failure it fails; the others go on, and their later failures are nobody's. Where one shall end with the
 *  other, use a {@link TaskGroup}.
 *  @param awaitables functions, each run as a task, and futures; a function that is given twice runs twice
 *  @param options may stand last; see {@link GatherOptions}
 *  @returns a future of the results. Cancelling it cancels all of them
 *  @throws what the first throws that fails; CancelledError (`ERR_CANCELLED`) when one of them is cancelled, or all of it;
 *    InvalidOptionError (`ERR_INVALID_OPTION`) when one is neither
 *  @example
 *  ```ts
 *  const [page, logo] = await gather(() => fetchPage(url), () => fetchImage(logoUrl));
 *  ``` */
export function gather<A extends readonly Awaitable<unknown>[]>(
  ...awaitables: [...A, { returnExceptions: true }]
): Future<Collected<A>>;
export function gather<A extends readonly Awaitable<unknown>[]>(...awaitables: A): Future<Results<A>>;
export function gather<A extends readonly Awaitable<unknown>[]>(
  ...awaitables: [...A, GatherOptions]
): Future<Collected<A>>;
export function gather(...given: readonly (Awaitable<unknown> | GatherOptions)[]): Future<unknown[]> {
  const last = given.at(-1);
  const options = isOptions(last) ? last : {};
  const awaitables = (isOptions(last) ? given.slice(0, -1) : given) as readonly Awaitable<unknown>[];
  checkNames("gather", options, ["returnExceptions"]);
  checkType("returnExceptions", options.returnExceptions, "boolean");
  return new Gathering(awaitables, options.returnExceptions === true ? "among-results" : "first-fails").future;
}

function isOptions(value: unknown): value is GatherOptions {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Future) && !(value instanceof Promise);
}

class Gathering {
  readonly future: Future<unknown[]>;
  readonly #children: readonly Future<unknown>[];
  readonly #errors: "among-results" | "first-fails";
  #left: number;
  /** Why all of it was cancelled, if it was. */
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(awaitables: readonly Awaitable<unknown>[], errors: "among-results" | "first-fails") {
    // All are looked at before one is begun.
    for (const [at, each] of awaitables.entries()) checkAwaitable(`awaitables[${at}]`, each);
    this.#children = awaitables.map((each) => asFuture("awaitables", each));
    this.#errors = errors;
    const distinct = new Set(this.#children);
    this.#left = distinct.size;
    this.future = control.create<unknown[]>({
      cancel: (reason) => this.#cancel(reason),
      abort: (reason) => this.#cancel(reason),
      refresh: () => undefined,
      minds: false,
      awaited: () => undefined,
      what: `gather() of ${this.#left}`,
    });
    if (this.#left === 0) control.succeed(this.future, []);
    for (const child of distinct) {
      control.observe(child);
      control.awaited(child);
      child.addDoneCallback(() => this.#done(child));
    }
  }

  #cancel(reason: unknown): boolean {
    this.#cancelled ??= { reason };
    for (const child of this.#children) child.abort(reason);
    return true;
  }

  #done(child: Future<unknown>): void {
    this.#left -= 1;
    if (this.future.done()) return;
    const outcome = control.outcome(child);
    if (outcome?.status === "rejected" && this.#errors === "first-fails" && this.#cancelled === undefined) {
      return control.fail(this.future, outcome.reason);
    }
    if (this.#left > 0) return;
    // Also where errors are collected: who cancelled all of it does not want a list of cancellations.
    if (this.#cancelled !== undefined) {
      return control.cancel(this.future, new CancelledError(undefined, { cause: this.#cancelled.reason }));
    }
    control.succeed(
      this.future,
      this.#children.map((each) => {
        const its = control.outcome(each);
        return its?.status === "fulfilled" ? its.value : its?.reason;
      }),
    );
  }
}

function checkAwaitable(what: string, value: unknown): void {
  if (typeof value === "function" || value instanceof Future) return;
  if (Array.isArray(value)) {
    throw new InvalidOptionError(what, `${what} must be a function or a future, got a list: spread it, as in ...list`);
  }
  const hint = value instanceof Promise ? ": a promise runs already, and cannot be stopped; give () => it" : "";
  throw new InvalidOptionError(what, `${what} must be a function or a future, got ${shown(value)}${hint}`);
}

/** Waits for tasks, and touches none of them.
 *
 *  @param futures tasks and other futures, at least one
 *  @param options `timeout` in ms, `signal`, and when to return. @default all-completed
 *  @returns those that are done and those that are not; a time-out only returns early
 *  @throws CancelledError (`ERR_CANCELLED`) when the task is cancelled or `signal` aborts, InvalidOptionError
 *    (`ERR_INVALID_OPTION`) when there is none, or one is not a future, such as a function
 *  @remarks Cancellation: the tasks go on.
 *  @example
 *  ```ts
 *  const { done, notDone } = await wait(tasks, { returnWhen: "first-completed" });
 *  ``` */
export async function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions & { returnWhen?: ReturnWhen } = {},
): Promise<{ done: Set<F>; notDone: Set<F> }> {
  checkIterable("futures", futures);
  const all = [...futures];
  if (all.length === 0) throw new InvalidOptionError("futures", "wait() was given no futures: it would wait for ever");
  return waitBy(currentLoop().timers.clock, all, options);
}

/** Iterates over tasks in the order in which they end.
 *
 *  @param awaitables functions, each run as a task, and futures
 *  @param options `timeout` in ms for all of it, counted from this call, and `signal`
 *  @returns the very tasks and futures, those made of functions among them
 *  @throws TimeoutError (`ERR_TIMEOUT`) and CancelledError (`ERR_CANCELLED`) from the iteration, InvalidOptionError
 *    (`ERR_INVALID_OPTION`)
 *  @remarks Cancellation: the tasks go on, also when the loop is left early.
 *  @example
 *  ```ts
 *  for await (const task of asCompleted(urls.map((url) => () => fetchPage(url)))) console.log(await task);
 *  ``` */
export function asCompleted<A extends Awaitable<unknown>>(
  awaitables: Iterable<A>,
  options: WaitOptions = {},
): Completions<A extends Future<unknown> ? A : Task<ResultOf<A>>> {
  checkIterable("awaitables", awaitables);
  const all = [...awaitables];
  for (const [at, each] of all.entries()) checkAwaitable(`awaitables[${at}]`, each);
  return completionsBy(
    currentLoop().timers.clock,
    all.map((each) => asFuture("awaitables", each)),
    options,
  ) as Completions<A extends Future<unknown> ? A : Task<ResultOf<A>>>;
}

/** Keeps some work from being cancelled with those who wait for it.
 *
 *  @param awaitable a function, run as a task of its own, or a future
 *  @returns a future of its outcome. Cancelling that cancels nothing else; the work goes on, and what it comes to is told to
 *    `unhandledRejection` when it fails and nobody else looks
 *  @throws what the work throws; CancelledError (`ERR_CANCELLED`) when the work itself is cancelled
 *  @example
 *  ```ts
 *  await shield(() => saveAll()); // is finished, though the task is cancelled meanwhile
 *  ``` */
export function shield<A extends Awaitable<unknown>>(awaitable: A): Future<ResultOf<A>> {
  checkAwaitable("awaitable", awaitable);
  const inner = asFuture("awaitable", awaitable) as Future<ResultOf<A>>;
  const { future, resolve, reject } = Future.withResolvers<ResultOf<A>>();
  control.awaited(inner);
  inner.addDoneCallback(() => {
    // Its failure is this future's, unless that has been given up.
    if (future.done()) return;
    control.observe(inner);
    const outcome = control.outcome(inner);
    if (outcome?.status === "fulfilled") return resolve(outcome.value);
    const reason = outcome?.reason;
    if (inner.cancelled()) future.abort(reason instanceof Error ? reason.cause : reason);
    else reject(reason);
  });
  return future;
}
