/** One call on its way, from submit to outcome; or several items of a map that travel as one until something befalls one
 *  of them, which then gets a call of its own.
 *
 *  Guarantees: one legality table; every item is settled exactly once, into its future or its map; what a call held is
 *  let go of then. */
import { illegalMove } from "../base/invariant.js";
import { type CallReport, control, type Future, type FutureOwner, type ItemSink, type Transferable } from "../futures/mod.js";
import type { AnyTask } from "../wire/mod.js";
import type { PortFunction, Ticket } from "../worker/mod.js";
import type { Waiting } from "./backlog.js";
import type { Crewman } from "./crewman.js";
import type { Order } from "./order.js";
import type { CallPlan } from "./plan.js";

/** Where a call is. `pausing`: between two attempts. Whether a call at a worker has started, the worker's port knows. */
export type CallState = "new" | "queued" | "at-worker" | "pausing" | "settled";

const NEXT = {
  new: ["queued", "settled"],
  queued: ["at-worker", "settled"],
  "at-worker": ["queued", "pausing", "settled"],
  pausing: ["queued", "settled"],
  settled: [],
} as const satisfies Record<CallState, readonly CallState[]>;

/** Why a call that runs was asked to stop: the error it ends with. */
export interface Stop {
  readonly error: Error;
}

/** How a call ended that did not succeed. */
export type Refused = "failed" | "cancelled";

/** What calls need of the scheduler that carries them out. */
export interface CallOwner {
  cancel(call: Call, reason: unknown): boolean;
  abort(call: Call, reason: unknown): boolean;
  refresh(call: Call): void;
  /** Whether it wants to be told who waits for a call. */
  readonly minds: boolean;
  awaited(call: Call): void;
}

export class Call implements Ticket, FutureOwner, Waiting {
  readonly order: Order;
  args: readonly unknown[];
  readonly arity: number;
  /** Order of the submits. */
  readonly sequence: number;
  /** How many items it stands for, those included that have an outcome already. */
  count: number;
  /** Items without an outcome. */
  left: number;
  #state: CallState = "new";
  attempt = 1;
  slot = -1;
  /** The worker it is at. */
  worker: Crewman | undefined = undefined;
  /** Expected running time of each item when it was handed over, in whole µs. */
  cost = 0;
  stop: Stop | undefined = undefined;
  #timers: Disposable[] | undefined = undefined;
  /** The map it belongs to, and the place of its first item there. */
  readonly sink: ItemSink | undefined;
  readonly index: number;
  /** The last attempt, for calls of a map. */
  report: CallReport = NEVER_STARTED;
  readonly future: Future<unknown> | undefined;

  constructor(
    order: Order,
    args: readonly unknown[],
    count: number,
    sequence: number,
    sink: ItemSink | undefined,
    index: number,
  ) {
    this.order = order;
    this.args = args;
    this.arity = count === 1 ? args.length : args.length / count;
    this.count = count;
    this.left = count;
    this.sequence = sequence;
    this.sink = sink;
    this.index = index;
    this.future = sink === undefined ? control.create<unknown>(this) : undefined;
  }

  get plan(): CallPlan {
    return this.order.plan;
  }

  get task(): AnyTask {
    return this.order.task;
  }

  get target(): PortFunction | undefined {
    return this.order.target;
  }

  get transfer(): readonly Transferable[] | undefined {
    return this.order.plan.transfer;
  }

  get timeout(): number | undefined {
    return this.order.plan.timeout;
  }

  get state(): CallState {
    return this.#state;
  }

  get waiting(): boolean {
    return this.#state === "queued";
  }

  /** Whether its value can be given to it at any time: no code but ours runs then. */
  get quiet(): boolean {
    return this.future !== undefined && control.quiet(this.future);
  }

  /** What is disposed of when it is settled. Made when it is needed: most calls have no timers. */
  get timers(): Disposable[] {
    this.#timers ??= [];
    return this.#timers;
  }

  move(to: CallState): void {
    const from = this.#state;
    if (!(NEXT[from] as readonly CallState[]).includes(to)) illegalMove("call", from, to);
    this.#state = to;
  }

  cancel(reason: unknown): boolean {
    return this.order.owner.cancel(this, reason);
  }

  abort(reason: unknown): boolean {
    return this.order.owner.abort(this, reason);
  }

  refresh(): void {
    if (this.#state === "at-worker") this.order.owner.refresh(this);
  }

  get minds(): boolean {
    return this.order.owner.minds;
  }

  awaited(): void {
    if (this.#state !== "settled") this.order.owner.awaited(this);
  }

  /** It has started, now or some time ago. */
  started(): void {
    if (this.future !== undefined) control.start(this.future);
  }

  /** It goes back to wait for its next attempt. */
  again(): void {
    this.attempt += 1;
    this.stop = undefined;
    if (this.future?.state === "running") control.requeue(this.future);
  }

  progress(value: unknown): void {
    if (this.future !== undefined) control.progress(this.future, value);
  }

  /** Takes the last `count` items out. @returns the call that they are from now on. */
  splitTail(count: number): Call {
    const from = this.count - count;
    this.count = from;
    this.left -= count;
    return this.#part(from, count);
  }

  /** Takes one item out, which keeps its place. @returns the call that it is from now on. */
  splitItem(offset: number): Call {
    this.left -= 1;
    const item = this.#part(offset, 1);
    item.stop = this.stop;
    item.#state = this.#state;
    return item;
  }

  #part(from: number, count: number): Call {
    const args = this.args.slice(from * this.arity, (from + count) * this.arity);
    return new Call(this.order, args, count, this.sequence, this.sink, this.index + from);
  }

  /** One of its several items has its value. */
  fulfilItem(offset: number, value: unknown, startedAt: number, duration: number, workerName: string): void {
    this.left -= 1;
    if (this.left === 0) this.#end();
    this.sink?.fulfilled(this.index + offset, value, startedAt, duration, this.attempt, workerName);
  }

  /** Its value is there. */
  fulfil(value: unknown): void {
    this.#end();
    if (this.future !== undefined) control.succeed(this.future, value);
    else {
      const { startedAt, duration, attempt, workerName } = this.report;
      this.sink?.fulfilled(this.index, value, startedAt, duration, attempt, workerName);
    }
  }

  /** It ends without a value, every item that is left. */
  refuse(reason: unknown, how: Refused): void {
    const { left } = this;
    this.#end();
    if (this.future === undefined) {
      for (let item = this.count - left; item < this.count; item += 1) {
        this.sink?.rejected(this.index + item, reason, this.report);
      }
    } else if (how === "cancelled") control.cancel(this.future, reason);
    else control.fail(this.future, reason);
  }

  /** It is over. The future may live long; what the call was given need not. */
  #end(): void {
    this.move("settled");
    this.left = 0;
    this.args = NO_ARGS;
    this.worker = undefined;
    if (this.#timers === undefined) return;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers = undefined;
  }
}

const NO_ARGS: readonly unknown[] = [];
const NEVER_STARTED: CallReport = Object.freeze({ startedAt: 0, duration: 0, attempt: 1, workerName: "" });
