/** `Future`: the result of a call that has not ended yet.
 *
 *  Guarantees: one legality table; the first outcome stays; callbacks run once each, in the order added, after the
 *  outcome stands, and a throwing one harms nobody; a failure that nobody looks at reaches `unhandledRejection`, once.
 *
 *  A promise is made only when somebody waits: making and settling one costs about as much as all else a small call
 *  needs, and most futures are looked at in bulk. */
import { inspect } from "node:util";
import { ambientTask } from "../base/ambient.js";
import { CancelledError, InvalidStateError, TimeoutError } from "../base/errors.js";
import { STAYS } from "../base/shareable.js";
import { type WaitOptions, waitFor } from "../base/wait-options.js";
import { awaitIn, isResolver, Passed } from "./passed.js";

export type FutureState = "pending" | "running" | "succeeded" | "failed" | "cancelled";

/** Which state may follow which. `running → pending` is a retry: the call waits for its next attempt. */
const NEXT = {
  pending: ["running", "succeeded", "failed", "cancelled"],
  running: ["pending", "succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<FutureState, readonly FutureState[]>;

/** Who carries a future's call out, and can therefore stop it. */
export interface FutureOwner {
  /** Asked while the future is pending: true when the call will never start (the owner has then settled the future). */
  cancel(reason: unknown): boolean;
  /** Asked while the future is pending or running: true when the call was asked to stop. */
  abort(reason: unknown): boolean;
  /** Asked when somebody reads the state of a pending future: tells the future when its call has started meanwhile.
   *  A start is not announced by message, for that would cost every call a crossing. */
  refresh(): void;
  /** Whether it wants to be told who waits. */
  readonly minds: boolean;
  /** Told, if it minds, when somebody begins to wait for a future that has no outcome. */
  awaited(): void;
  /** What a task waits for that waits for the future, for people. @default a future */
  readonly what?: string;
}

/** How a call ended. */
export type Outcome<T> =
  | { readonly status: "fulfilled"; readonly value: T }
  | { readonly status: "rejected"; readonly reason: unknown };

/** The owner's hands on a future. Internal: the public side of it is {@link Future.withResolvers}. */
export interface FutureControl {
  create<T>(owner: FutureOwner | undefined): Future<T>;
  start(future: Future<unknown>): void;
  requeue(future: Future<unknown>): void;
  succeed(future: Future<unknown>, value: unknown): void;
  fail(future: Future<unknown>, error: unknown): void;
  cancel(future: Future<unknown>, error: unknown): void;
  progress(future: Future<unknown>, value: unknown): void;
  /** Whether settling it runs nobody's code there and then. */
  quiet(future: Future<unknown>): boolean;
  /** Somebody is going to look at the outcome; a failure is theirs. */
  observe(future: Future<unknown>): void;
  /** Somebody begins to wait for it. */
  awaited(future: Future<unknown>): void;
  outcome<T>(future: Future<T>): Outcome<T> | undefined;
}
export let control: FutureControl;

/** The other end of a future made by {@link Future.withResolvers}. */
export interface FutureResolvers<T> {
  readonly future: Future<T>;
  /** Marks the future as running. @returns false when it was cancelled, so that the work need not be done. */
  start(): boolean;
  /** @throws InvalidStateError (`ERR_INVALID_STATE`) when the future has an outcome already, which stays. */
  resolve(value: T): void;
  /** @throws InvalidStateError (`ERR_INVALID_STATE`) when the future has an outcome already, which stays. */
  reject(reason: unknown): void;
}

type Callback = (future: never) => void;

/** What few futures have. */
class Extras {
  /** Made when somebody waits otherwise than by the first `await`. */
  promise: Promise<never> | undefined = undefined;
  callbacks: Callback[] | undefined = undefined;
  listeners: Set<(value: unknown) => void> | undefined = undefined;
  /** Whether somebody is going to look at the outcome without having asked for a promise. */
  observed: "yes" | "no" = "no";
}

/** The result of a call, now or later. It can be awaited like a promise.
 *
 *  @example
 *  ```ts
 *  const future = pool.submit(isPrime, 112272535095293);
 *  future.onProgress((value) => console.log(value));
 *  console.log(await future);
 *  ``` */
// Few fields, all set in the constructor: thousands of futures may be pending, and what they weigh is what the garbage
// collector copies. What few of them need stands in `Extras`.
export class Future<T> implements PromiseLike<T> {
  #state: FutureState;
  /** The value or the error, by `#state`. */
  #outcome: unknown;
  #owner: FutureOwner | undefined;
  // The parameters below are `never` so that Future<Cat> stays assignable to Future<Animal>.
  #resolve: ((value: never) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #extras: Extras | undefined;

  /** @internal */
  protected constructor(owner: FutureOwner | undefined) {
    this.#state = "pending";
    this.#owner = owner;
  }

  get #rare(): Extras {
    this.#extras ??= new Extras();
    return this.#extras;
  }

  /** A future with its other end outside, for work that no executor runs.
   *
   *  @example
   *  ```ts
   *  const { future, resolve } = Future.withResolvers<number>();
   *  setTimeout(() => resolve(42), 10);
   *  await future; // 42
   *  ``` */
  static withResolvers<T>(): FutureResolvers<T> {
    const owner: FutureOwner = {
      cancel: (reason) => {
        control.cancel(future, new CancelledError(undefined, { cause: reason }));
        return true;
      },
      abort: (reason) => {
        control.cancel(future, new CancelledError(undefined, { cause: reason }));
        return true;
      },
      refresh: () => undefined,
      minds: false,
      awaited: () => undefined,
    };
    const future = new Future<T>(owner);
    return {
      future,
      start: () => {
        if (future.#state === "cancelled") return false;
        future.#move("running");
        return true;
      },
      resolve: (value) => control.succeed(future, value),
      reject: (reason) => control.fail(future, reason),
    };
  }

  get state(): FutureState {
    if (this.#state === "pending") this.#owner?.refresh();
    return this.#state;
  }

  /** True once there is an outcome: a value, an error, or a cancellation. */
  done(): boolean {
    return this.#state !== "pending" && this.#state !== "running";
  }

  /** True while the call runs: it has started on its worker and not ended. */
  running(): boolean {
    return this.state === "running";
  }

  cancelled(): boolean {
    return this.#state === "cancelled";
  }

  /** Cancels the call unless it has started.
   *
   *  @param reason becomes the `cause` of the {@link CancelledError}.
   *  @returns true when the call will never run (or was cancelled before), false when it runs or has ended.
   *  @remarks Cancellation: nothing of the call remains; its neighbours are not touched.
   *  @example
   *  ```ts
   *  if (!future.cancel()) future.abort(); // too late to keep it from starting: stop it
   *  ``` */
  cancel(reason?: unknown): boolean {
    if (this.#state === "cancelled") return true;
    if (this.#state !== "pending") return false;
    return this.#owner?.cancel(reason) ?? false;
  }

  /** Cancels the call, also when it runs: its `context().signal` aborts, and when it does not end within `grace` its
   *  worker is replaced. The future is cancelled when the work has really stopped.
   *
   *  @param reason becomes the `cause` of the {@link CancelledError}.
   *  @returns false when the call has an outcome already.
   *  @remarks Cancellation: calls that were waiting behind this one on its worker go to another.
   *  @example
   *  ```ts
   *  request.on("close", () => future.abort("the client has left"));
   *  ``` */
  abort(reason?: unknown): boolean {
    if (this.done()) return false;
    return this.#owner?.abort(reason) ?? false;
  }

  /** The value, when it is there. Leaving the wait does not touch the call.
   *
   *  @param options `timeout` in ms (0 looks once) and `signal`, both for the wait alone.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms; the call goes on.
   *  @throws CancelledError (`ERR_CANCELLED`) when the call was cancelled, or the wait by its `signal`.
   *  @throws whatever the call threw. */
  async result(options?: WaitOptions): Promise<T> {
    control.observe(this);
    await this.#whenDone(options);
    if (this.#state === "succeeded") return this.#outcome as T;
    throw this.#outcome;
  }

  /** The error of a failed call, `undefined` of a successful one.
   *
   *  @param options `timeout` in ms (0 looks once) and `signal`, both for the wait alone.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms; the call goes on.
   *  @throws CancelledError (`ERR_CANCELLED`) when the call was cancelled, or the wait by its `signal`. */
  async exception(options?: WaitOptions): Promise<unknown> {
    control.observe(this);
    await this.#whenDone(options);
    if (this.#state === "cancelled") throw this.#outcome;
    return this.#state === "failed" ? this.#outcome : undefined;
  }

  /** Calls `callback(this)` once there is an outcome: in the turn that settles the future, or now when it is settled.
   *  What a callback throws is reported as a process warning; it reaches neither the caller nor the other callbacks. */
  addDoneCallback(callback: (future: Future<T>) => void): void {
    if (this.done()) this.#call(callback);
    else {
      this.#rare.callbacks ??= [];
      this.#rare.callbacks.push(callback);
    }
  }

  /** Takes all registrations of `callback` back. @returns how many there were. */
  removeDoneCallback(callback: (future: Future<T>) => void): number {
    const callbacks = this.#extras?.callbacks;
    if (callbacks === undefined) return 0;
    const others = callbacks.filter((each) => each !== callback);
    this.#rare.callbacks = others;
    return callbacks.length - others.length;
  }

  /** Calls `listener` with each value that the task gives to `context().report`, until disposed or settled.
   *
   *  @example
   *  ```ts
   *  using progress = future.onProgress((share) => bar.update(share as number));
   *  await future;
   *  ``` */
  onProgress(listener: (value: unknown) => void): Disposable {
    this.#rare.listeners ??= new Set();
    this.#rare.listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#extras?.listeners?.delete(listener) };
  }

  // biome-ignore lint/suspicious/noThenProperty: a future is a PromiseLike by contract
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!isResolver(onFulfilled) || !isResolver(onRejected)) return this.#whenSettled().then(onFulfilled, onRejected);
    if (this.#owner?.minds === true) this.#owner.awaited();
    const task = ambientTask();
    if (task !== undefined && !this.done()) {
      const leave = awaitIn(task, this);
      return this.#passTo(
        (value) => {
          leave();
          (onFulfilled as (value: T) => void)(value);
        },
        (reason) => {
          leave();
          (onRejected as (reason: unknown) => void)(reason);
        },
      ) as Promise<unknown> as Promise<A | B>;
    }
    if (this.#resolve !== undefined) return this.#whenSettled().then(onFulfilled, onRejected);
    // Somebody's promise waits for this future: it is settled directly, which saves two promises of our own and two
    // turns of the microtask queue, about half of what a small call costs.
    if (this.#state === "succeeded") (onFulfilled as (value: T) => void)(this.#outcome as T);
    else if (this.done()) return this.#whenSettled().then(onFulfilled, onRejected);
    else {
      this.#resolve = onFulfilled as (value: never) => void;
      this.#reject = onRejected as (reason: unknown) => void;
    }
    return new Passed(this) as Promise<unknown> as Promise<A | B>;
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#whenSettled().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#whenSettled().finally(onFinally);
  }

  /** What it is, and its state. */
  toString(): string {
    return `Future <${this.state}>`;
  }

  get [Symbol.toStringTag](): string {
    return "Future";
  }

  /** What a task waits for that waits for it, for people. @internal */
  get waitedAs(): string {
    return this.#owner?.what ?? "a future";
  }

  /** Has them called with the outcome, which is not there yet. */
  #passTo(resolve: (value: T) => void, reject: (reason: unknown) => void): Promise<undefined> {
    if (this.#resolve === undefined && !this.done()) {
      this.#resolve = resolve;
      this.#reject = reject;
    } else this.#whenSettled().then(resolve, reject);
    return new Passed(this);
  }

  #whenSettled(): Promise<T> {
    if (this.#state === "succeeded") return Promise.resolve(this.#outcome as T);
    const rare = this.#rare;
    rare.observed = "yes";
    rare.promise ??= this.done()
      ? Promise.reject(this.#outcome)
      : (new Promise<T>((resolve, reject) => this.#settles(resolve, reject)) as Promise<never>);
    return rare.promise;
  }

  #settles(resolve: (value: T) => void, reject: (reason: unknown) => void): void {
    if (this.#resolve === undefined) {
      this.#resolve = resolve;
      this.#reject = reject;
      return;
    }
    const rare = this.#rare;
    rare.callbacks ??= [];
    rare.callbacks.push(() => (this.#state === "succeeded" ? resolve(this.#outcome as T) : reject(this.#outcome)));
  }

  async #whenDone(options: WaitOptions | undefined): Promise<void> {
    if (this.done()) return;
    this.#owner?.awaited();
    const waited = await waitFor((ready) => {
      const callback = (): void => ready();
      this.addDoneCallback(callback);
      return { [Symbol.dispose]: () => void this.removeDoneCallback(callback) };
    }, options);
    if (waited === "timed-out") {
      throw new TimeoutError(`The future is still ${this.#state} after ${options?.timeout} ms; its call goes on`);
    }
  }

  #move(to: FutureState): void {
    const from = this.#state;
    if (!(NEXT[from] as readonly FutureState[]).includes(to)) {
      throw new InvalidStateError(`Cannot make a future ${to} that is ${from}: its outcome stays as it is`);
    }
    this.#state = to;
  }

  #settle(to: "succeeded" | "failed" | "cancelled", outcome: unknown): void {
    this.#move(to);
    this.#outcome = outcome;
    this.#owner = undefined;
    const resolve = this.#resolve;
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    if (to === "succeeded") resolve?.(outcome as never);
    else reject?.(outcome);
    if (this.#extras !== undefined) this.#settleExtras(this.#extras);
    // After the callbacks, for they may look. The rejected promise makes Node itself watch for the first look: it
    // reports after the current microtasks, and takes the report back when somebody looks later.
    if (to === "failed" && reject === undefined && this.#extras?.observed !== "yes") {
      this.#rare.promise ??= Promise.reject(outcome);
    }
  }

  #settleExtras(extras: Extras): void {
    extras.listeners = undefined;
    const { callbacks } = extras;
    extras.callbacks = undefined;
    for (const callback of callbacks ?? []) this.#call(callback);
  }

  #call(callback: Callback): void {
    try {
      callback(this as never);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : new Error(`A done callback threw ${String(error)}`));
    }
  }

  /** @internal */
  get [STAYS](): string {
    return "a future is awaited where it was made; await it, and send the value";
  }

  static {
    // Not a method: isolated declarations cannot name a computed key.
    Object.defineProperty(Future.prototype, inspect.custom, {
      value(this: Future<unknown>): string {
        return this.toString();
      },
    });
    control = {
      create: (owner) => new Future(owner),
      start: (future) => {
        if (future.#state !== "running") future.#move("running");
      },
      requeue: (future) => future.#move("pending"),
      succeed: (future, value) => future.#settle("succeeded", value),
      fail: (future, error) => future.#settle("failed", error),
      cancel: (future, error) => future.#settle("cancelled", error),
      progress: (future, value) => {
        for (const listener of future.#extras?.listeners ?? []) future.#call(() => listener(value));
      },
      quiet: (future) => future.#extras === undefined,
      observe: (future) => {
        if (future.#state === "succeeded") return;
        future.#rare.observed = "yes";
        // It may have failed before anybody looked, and its promise be waiting to be reported.
        future.#extras?.promise?.catch(() => undefined);
      },
      awaited: (future) => future.#owner?.awaited(),
      outcome: (future) => {
        if (future.#state === "succeeded") return { status: "fulfilled", value: future.#outcome as never };
        return future.done() ? { status: "rejected", reason: future.#outcome } : undefined;
      },
    };
  }
}
