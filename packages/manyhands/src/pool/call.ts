/** One call on its way, from submit to outcome; or several items of a map that travel as one until something befalls one
 *  of them, which then gets a call of its own.
 *
 *  Guarantees: one legality table; every item is settled exactly once, into its future or its map; what a call held is
 *  let go of then. */
import { InvariantError } from "../base/errors.js";
import { illegalMove } from "../base/invariant.js";
import {
  type CallReport,
  control,
  type Future,
  type FutureOwner,
  type ItemRun,
  type ItemSink,
  type Transferable,
} from "../futures/mod.js";
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

/** Where the items of a map go that a call stands for. */
class Items {
  readonly sink: ItemSink;
  /** The place of the first in the map. */
  readonly index: number;
  /** How many, those included that have an outcome already. */
  count: number;
  /** How many have no outcome. */
  left: number;
  /** The last attempt. */
  report: CallReport = NEVER_STARTED;

  constructor(sink: ItemSink, index: number, count: number) {
    this.sink = sink;
    this.index = index;
    this.count = count;
    this.left = count;
  }
}

// Few fields, all set in the constructor: thousands of these are made in one turn, and what they weigh is what the
// garbage collector copies. What is rare stands apart, in `Items` and in arrays that are made when they are needed.
export class Call implements Ticket, FutureOwner, Waiting {
  declare readonly order: Order;
  declare args: readonly unknown[];
  declare objects: "callers" | "own";
  /** Order of the submits. */
  declare readonly sequence: number;
  #state: CallState;
  declare attempt: number;
  declare slot: number;
  declare token: number;
  /** The worker it is at. */
  declare worker: Crewman | undefined;
  /** Expected running time of each item when it was handed over, in whole µs. */
  declare cost: number;
  declare stop: Stop | undefined;
  #timers: Disposable[] | undefined;
  /** For calls of a map. */
  readonly #items: Items | undefined;
  declare readonly future: Future<unknown> | undefined;

  constructor(order: Order, args: readonly unknown[], sequence: number, items: Items | undefined) {
    this.order = order;
    this.args = args;
    this.objects = "callers";
    this.sequence = sequence;
    this.#state = "new";
    this.attempt = order.plan.attempt;
    this.slot = -1;
    this.token = 0;
    this.worker = undefined;
    this.cost = 0;
    this.stop = undefined;
    this.#items = items;
    this.future = items === undefined ? control.create<unknown>(this) : undefined;
  }

  /** A call that stands for `count` items of a map, from the place `index` on. Their arguments stand in `args` one after
   *  another. */
  static ofItems(
    order: Order,
    args: readonly unknown[],
    sequence: number,
    sink: ItemSink,
    index: number,
    count: number,
  ): Call {
    return new Call(order, args, sequence, new Items(sink, index, count));
  }

  /** How many items it stands for, those included that have an outcome already. */
  get count(): number {
    return this.#items === undefined ? 1 : this.#items.count;
  }

  /** Items without an outcome. */
  /** Whether it stands for one call or item, or for items of a map that travel together. */
  get travels(): "alone" | "together" {
    return this.count === 1 ? "alone" : "together";
  }

  get left(): number {
    return this.#items === undefined ? 1 : this.#items.left;
  }

  get arity(): number {
    return this.#items === undefined ? this.args.length : this.args.length / this.#items.count;
  }

  /** The map it belongs to. */
  get sink(): ItemSink | undefined {
    return this.#items?.sink;
  }

  get index(): number {
    return this.#items?.index ?? 0;
  }

  /** Notes its last attempt. */
  ran(startedAt: number, duration: number, workerName: string): void {
    if (this.#items !== undefined) this.#items.report = { startedAt, duration, attempt: this.attempt, workerName };
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
    const items = this.#several();
    const from = items.count - count;
    const tail = this.#part(items, from, count);
    tail.stop = this.stop;
    this.args = this.args.slice(0, from * this.arity);
    items.count = from;
    items.left -= count;
    return tail;
  }

  /** Takes one item out, which keeps its place. @returns the call that it is from now on. */
  splitItem(offset: number): Call {
    const items = this.#several();
    const item = this.#part(items, offset, 1);
    items.left -= 1;
    item.stop = this.stop;
    item.#state = this.#state;
    return item;
  }

  #several(): Items {
    if (this.#items === undefined) throw new InvariantError("only a call of several items can be split");
    return this.#items;
  }

  #part({ sink, index }: Items, from: number, count: number): Call {
    const { arity } = this;
    const args = this.args.slice(from * arity, (from + count) * arity);
    return Call.ofItems(this.order, args, this.sequence, sink, index + from, count);
  }

  /** One of its several items has its value. */
  fulfilItem(offset: number, value: unknown, startedAt: number, duration: number, workerName: string): void {
    const items = this.#several();
    items.left -= 1;
    if (items.left === 0) this.#end();
    items.sink.fulfilled(items.index + offset, value, startedAt, duration, this.attempt, workerName);
  }

  /** Neighbours among its items have their values. */
  fulfilRun(offset: number, run: ItemRun, workerName: string): void {
    const items = this.#several();
    items.left -= run.values.length;
    if (items.left === 0) this.#end();
    items.sink.fulfilledRun(items.index + offset, run, this.attempt, workerName);
  }

  /** Its value is there. */
  fulfil(value: unknown): void {
    this.#end();
    if (this.future !== undefined) return control.succeed(this.future, value);
    const { sink, index, report } = this.#several();
    sink.fulfilled(index, value, report.startedAt, report.duration, report.attempt, report.workerName);
  }

  /** It ends without a value, every item that is left. */
  refuse(reason: unknown, how: Refused): void {
    this.#end();
    if (this.future === undefined) this.#refuseItems(reason);
    else if (how === "cancelled") control.cancel(this.future, reason);
    else control.fail(this.future, reason);
  }

  /** Those that have an outcome already are the first ones: whatever else befalls an item takes it out. */
  #refuseItems(reason: unknown): void {
    const { sink, index, count, left, report } = this.#several();
    for (let item = count - left; item < count; item += 1) sink.rejected(index + item, reason, report);
  }

  /** It is over. The future may live long; what the call was given need not. */
  #end(): void {
    this.move("settled");
    this.args = NO_ARGS;
    this.worker = undefined;
    if (this.#timers === undefined) return;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers = undefined;
  }
}

const NO_ARGS: readonly unknown[] = [];
const NEVER_STARTED: CallReport = Object.freeze({ startedAt: 0, duration: 0, attempt: 1, workerName: "" });
