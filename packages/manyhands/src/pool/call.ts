/** One call on its way: from submit to outcome.
 *
 *  Guarantees: one legality table; settled exactly once, into its future or its map; what it held is let go of then. */
import { illegalMove } from "../base/invariant.js";
import {
  type CallReport,
  control,
  type Future,
  type FutureOwner,
  type ItemSink,
  type Outcome,
  type Transferable,
} from "../futures/mod.js";
import type { AnyTask } from "../wire/mod.js";
import type { PortFunction, Ticket } from "../worker/mod.js";
import type { Waiting } from "./backlog.js";
import type { Crewman } from "./crewman.js";
import type { CallPlan } from "./plan.js";
import type { Site } from "./sites.js";

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

/** Where a call's outcome goes: into the future of a submit, or to its place in a map. */
export type Destination =
  | { readonly kind: "future" }
  | { readonly kind: "map"; readonly sink: ItemSink; readonly index: number };

const TO_FUTURE: Destination = { kind: "future" };

/** What calls need of the scheduler that carries them out. */
export interface CallOwner {
  cancel(call: Call, reason: unknown): boolean;
  abort(call: Call, reason: unknown): boolean;
  refresh(call: Call): void;
  /** Whether it wants to be told who waits for a call. */
  readonly minds: boolean;
  awaited(call: Call): void;
}

export class Call implements Ticket, FutureOwner, CallReport, Waiting {
  readonly task: AnyTask;
  args: readonly unknown[];
  readonly plan: CallPlan;
  /** Order of the submits. */
  readonly sequence: number;
  readonly submittedAt: number;
  readonly #owner: CallOwner;
  readonly #destination: Destination;
  #state: CallState = "new";
  /** What its worker will run; `undefined` while that is worked out. */
  target: PortFunction | undefined = undefined;
  attempt = 1;
  slot = -1;
  token = 0;
  startedAt = 0;
  duration = 0;
  workerName = "";
  /** The worker it is at. */
  worker: Crewman | undefined = undefined;
  /** Expected running time when it was handed over, in ms. */
  cost = 0;
  stop: Stop | undefined = undefined;
  #timers: Disposable[] | undefined = undefined;
  /** The stack of the submit. */
  site: Site | undefined = undefined;
  readonly future: Future<unknown> | undefined;

  constructor(
    owner: CallOwner,
    task: AnyTask,
    args: readonly unknown[],
    plan: CallPlan,
    sequence: number,
    submittedAt: number,
    destination: Destination = TO_FUTURE,
  ) {
    this.#owner = owner;
    this.task = task;
    this.args = args;
    this.plan = plan;
    this.sequence = sequence;
    this.submittedAt = submittedAt;
    this.#destination = destination;
    this.future = destination.kind === "future" ? control.create<unknown>(this) : undefined;
  }

  get transfer(): readonly Transferable[] | undefined {
    return this.plan.transfer;
  }

  get timeout(): number | undefined {
    return this.plan.timeout;
  }

  get state(): CallState {
    return this.#state;
  }

  get waiting(): boolean {
    return this.#state === "queued";
  }

  /** The map it belongs to. */
  get sink(): ItemSink | undefined {
    return this.#destination.kind === "map" ? this.#destination.sink : undefined;
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
    return this.#owner.cancel(this, reason);
  }

  abort(reason: unknown): boolean {
    return this.#owner.abort(this, reason);
  }

  refresh(): void {
    if (this.#state === "at-worker") this.#owner.refresh(this);
  }

  get minds(): boolean {
    return this.#owner.minds;
  }

  awaited(): void {
    if (this.#state !== "settled") this.#owner.awaited(this);
  }

  /** It has started, now or some time ago. */
  started(startedAt: number): void {
    this.startedAt = startedAt;
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

  /** Lets go of timers and gives the outcome to whoever waits for it. */
  settle(outcome: Outcome<unknown>, how: "completed" | "failed" | "cancelled"): void {
    this.move("settled");
    // The future may live long; what the call was given need not.
    this.args = NO_ARGS;
    this.worker = undefined;
    for (const timer of this.#timers ?? []) timer[Symbol.dispose]();
    this.#timers = undefined;
    if (this.#destination.kind === "map") this.#destination.sink.settled(this.#destination.index, outcome, this);
    else if (this.future === undefined) return;
    else if (outcome.status === "fulfilled") control.succeed(this.future, outcome.value);
    else if (how === "cancelled") control.cancel(this.future, outcome.reason);
    else control.fail(this.future, outcome.reason);
  }
}

const NO_ARGS: readonly unknown[] = [];
