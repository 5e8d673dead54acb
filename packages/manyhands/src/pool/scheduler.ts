/** The scheduler: takes calls, has each carried out by a worker, and settles it.
 *
 *  ```
 *  submit ─► queued ─► at-worker ─► settled
 *     │        ▲  ▲        │    │
 *     └ refused│  └ pausing┘    │
 *              └ taken back ────┘  or its worker died before it started
 *  ```
 *  Guarantees: every call is settled; none runs twice unless its plan says so. The parts: `Dispatcher` gives calls to
 *  workers, `Crew` keeps the workers, `Stopper` ends what runs too long, `Settler` says how a call ended; decisions
 *  stand in `place`, `profile`, `retry` and `breaker`, which are pure. */
import { type Clock, systemClock } from "../base/clock.js";
import { BrokenExecutorError, CancelledError, WorkerExitedError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import type { ExecutorKind, ItemSink } from "../futures/mod.js";
import { type AnyTask, allPrimitive, inspectValue, moves, snapshotOf } from "../wire/mod.js";
import type { Held, PortFunction } from "../worker/mod.js";
import { Call, type CallOwner } from "./call.js";
import { Crew, type CrewEvents, type CrewExit, type CrewSettings } from "./crew.js";
import type { Crewman } from "./crewman.js";
import { Dispatcher } from "./dispatcher.js";
import { Loans } from "./loans.js";
import { Order } from "./order.js";
import { cancellation, type Phase, refusalOf } from "./phase.js";
import type { CallPlan } from "./plan.js";
import type { RateGate } from "./rate-gate.js";
import { Settler } from "./settler.js";
import { type Site, Sites } from "./sites.js";
import type { Statistics } from "./statistics.js";
import { Stopper } from "./stopper.js";
import { targetOf } from "./targets.js";
import { TimeLimits } from "./time-limits.js";

/** Calls of one turn after which the first of them leave: a message for fewer costs more than it gains. */
const STRETCH = 256;

export interface SchedulerSettings extends CrewSettings {
  readonly kind: ExecutorKind;
  readonly gate: RateGate | undefined;
  readonly clock?: Clock;
}

export class Scheduler implements CallOwner {
  readonly crew: Crew;
  readonly #settings: SchedulerSettings;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #settler: Settler;
  readonly #stopper: Stopper;
  readonly #signals = new SignalWatch<Call>((call, reason) => void this.abort(call, reason));
  readonly #sites = new Sites();
  readonly #limits: TimeLimits;
  readonly #loans: Loans;
  #phase: Phase = { kind: "open" };
  #sequence = 0;
  /** The time of this turn's submits; 0 until the first. */
  #now = 0;
  /** What the latest call of this turn was submitted with. */
  #order: Order | undefined;
  /** Calls submitted in this turn. */
  #burst = 0;
  /** Values that came amid a turn for calls whose settling runs somebody's code; they are settled at its end. */
  readonly #deferred: (() => void)[] = [];
  #when: "any-time" | "amid-turn" = "any-time";
  #whenIdle: (() => void)[] = [];
  #whenEmpty: (() => void)[] = [];

  constructor(settings: SchedulerSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.crew = new Crew(settings, this.#crewEvents(), this.#clock);
    this.#dispatcher = new Dispatcher(this.crew, this.#clock, settings.maxWorkers, settings.gate, {
      handed: (call) => this.#limits.handed(call),
      turned: () => this.#turned(),
    });
    this.#settler = new Settler(settings.kind, this.#clock, this.#dispatcher, this.#signals);
    this.#stopper = new Stopper(this.crew, this.#clock, (call) => this.#giveUp(call));
    this.#limits = new TimeLimits(this.#clock, {
      ranTooLong: (call, error) => this.#stopper.stop(call, error),
      waitedTooLong: (call, error) => {
        const found = call.state === "at-worker" ? this.#recall(call) : call;
        if (found !== undefined) this.#settler.fail(found, error);
      },
    });
    this.#loans = new Loans(this.crew.members, () => this.#dispatcher.schedule());
    this.crew.start();
  }

  get statistics(): Statistics {
    return this.#settler.statistics;
  }

  get unsettled(): number {
    return this.#settler.unsettled;
  }

  get phase(): Phase["kind"] {
    return this.#phase.kind;
  }

  /** Calls that have not started, and those that have. */
  counts(): { readonly queued: number; readonly running: number } {
    let running = 0;
    for (const { port } of this.crew.members) running += port.running();
    return { queued: this.unsettled - running, running };
  }

  /** How many calls of this task are worth handing to one worker together, as far as is known. */
  batchOf(task: AnyTask): number {
    if (this.#settings.kind === "event-loop") return 1;
    const target = targetOf(this.#settings.kind, task);
    if (!(target instanceof Promise)) return this.#dispatcher.profile(target).batch;
    // Whoever submits the task hears of the failure.
    target.catch(() => undefined);
    return 1;
  }

  // ── submit ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Why no call is taken any more; `undefined` while calls are. */
  refusal(): Error | undefined {
    return refusalOf(this.#phase, this.#settings.name);
  }

  /** Where a call is submitted. @param below the function above which the stack begins. */
  site(below: (...args: never[]) => unknown): Site {
    return this.#sites.take(below);
  }

  submit(task: AnyTask, args: readonly unknown[], plan: CallPlan, site: Site): Call {
    return this.#submit(new Call(this.#orderOf(task, plan, site), args, this.#sequence++, undefined));
  }

  /** Submits `count` items of a map, whose arguments stand in `args` one after another, as one call.
   *  @param args when there are several items, nothing but primitives. */
  submitItems(
    task: AnyTask,
    args: readonly unknown[],
    count: number,
    plan: CallPlan,
    site: Site,
    sink: ItemSink,
    index: number,
  ): void {
    this.#submit(Call.ofItems(this.#orderOf(task, plan, site), args, this.#sequence++, sink, index, count));
  }

  /** Whether items of a map may travel as one call: nothing is asked for that concerns each of them alone. */
  joins(plan: CallPlan): boolean {
    const { kind, gate, maxTasksPerWorker, tasksPerWorker } = this.#settings;
    if (kind === "event-loop" || gate !== undefined || tasksPerWorker > 1) return false;
    if (maxTasksPerWorker !== Number.POSITIVE_INFINITY) return false;
    return (
      plan.signal === undefined &&
      plan.timeout === undefined &&
      plan.queueTimeout === undefined &&
      plan.key === undefined &&
      plan.transfer === undefined
    );
  }

  #submit(call: Call): Call {
    const { plan } = call.order;
    this.#settler.opened(call.count);
    const refusal = this.#phase.kind === "open" ? undefined : this.#refusalOf(call);
    if (refusal !== undefined) this.#settler.fail(call, refusal);
    else if (plan.signal?.aborted === true) this.#settler.cancel(call, cancellation(plan.signal.reason));
    else this.#admit(call);
    this.#burst += 1;
    if (this.#burst % STRETCH === 0) this.#amidTurn();
    return call;
  }

  /** A loop that submits thousands of calls would otherwise keep the workers waiting for its end, and then hold all of
   *  them at once: they leave in stretches, and what has ended meanwhile is settled. As long as the loop runs nobody
   *  else's code may, so a call with callbacks is left for the end of the turn. */
  #amidTurn(): void {
    if (this.#settings.kind === "event-loop") return;
    this.#when = "amid-turn";
    for (const { port } of this.crew.members) port.look();
    this.#when = "any-time";
    this.#dispatcher.giveOut();
  }

  #settleDeferred(): void {
    for (const settle of this.#deferred.splice(0)) settle();
  }

  #refusalOf(call: Call): Error | undefined {
    return call.sink?.drains === true && this.#phase.kind === "draining" ? undefined : this.refusal();
  }

  /** The order that a call belongs to: the one before it, when nothing is different. */
  #orderOf(task: AnyTask, plan: CallPlan, site: Site): Order {
    if (this.#now === 0) {
      this.#now = this.#clock.now();
      this.#dispatcher.schedule();
    }
    const last = this.#order;
    if (last !== undefined && last.task === task && last.plan === plan && last.site === site) return last;
    const order = new Order(this, task, plan, this.#now, site, this.#dispatcher.profile(undefined));
    this.#order = order;
    this.#resolve(order);
    return order;
  }

  #admit(call: Call): void {
    const { plan } = call.order;
    const { kind } = this.#settings;
    const copied = kind !== "event-loop" && !allPrimitive(call.args);
    const route = kind === "process" ? "process" : "thread";
    try {
      if (copied) inspectValue(call.args, "args", route, plan.transfer && new Set(plan.transfer));
    } catch (error) {
      return this.#settler.fail(call, error);
    }
    if (plan.signal !== undefined) this.#signals.add(plan.signal, call);
    if (plan.queueTimeout !== undefined) this.#limits.waits(call, plan.queueTimeout);
    this.#dispatcher.enqueue(call);
    if (!copied || moves(call.args, plan.transfer)) return;
    // The caller may change its objects in the next line. Either the call leaves now, which copies them, or they are
    // copied to wait.
    this.#dispatcher.giveOut();
    if (call.waiting) call.args = snapshotOf(call.args, route) as readonly unknown[];
  }

  /** Finds the target. Until then the order's calls wait in their places: those behind them do not overtake them. */
  #resolve(order: Order): void {
    const target = targetOf(this.#settings.kind, order.task);
    if (!(target instanceof Promise)) return this.#resolved(order, target);
    target.then(
      (found) => {
        this.#resolved(order, found);
        this.#dispatcher.schedule();
      },
      (reason: unknown) => {
        // A later submit must find out for itself.
        if (this.#order === order) this.#order = undefined;
        for (const call of [...this.#dispatcher.waiting()]) if (call.order === order) this.#settler.fail(call, reason);
        this.#dispatcher.schedule();
      },
    );
  }

  #resolved(order: Order, target: PortFunction): void {
    order.target = target;
    order.profile = this.#dispatcher.profile(target);
  }

  // ── what workers tell ────────────────────────────────────────────────────────────────────────────────────────────

  #crewEvents(): CrewEvents {
    return {
      started: (call) => this.refresh(call),
      fulfilled: (worker, call, offset, value, startedAt, duration) =>
        this.#fulfilled(worker, call, offset, value, startedAt, duration),
      fulfilledRun: (worker, call, offset, values, starts, durations) =>
        this.#fulfilledRun(worker, call, offset, values, starts, durations),
      rejected: (worker, call, offset, reason, startedAt, duration) => {
        const item = this.#ended(worker, call, offset, startedAt, duration);
        if (item !== undefined) this.#settler.rejected(item, reason);
      },
      refused: (worker, call, error) => {
        worker.takeBack(call, 1);
        this.#settler.fail(call, error);
        this.#dispatcher.schedule();
      },
      skipped: (worker, call, offset) => {
        this.#giveBack([this.#returned(worker, call, offset)]);
      },
      copied: (bytes) => this.statistics.copied(bytes),
      turn: () => {
        if (this.#when === "any-time") this.#dispatcher.dispatch();
      },
      returned: (calls) => this.#giveBack(calls),
      exited: (worker, exit, running, waiting) => this.#exited(worker, exit, running, waiting),
      broken: (error) => this.#break(error),
      empty: () => {
        for (const resolve of this.#whenEmpty.splice(0)) resolve();
      },
    };
  }

  #fulfilled(member: Crewman, call: Call, offset: number, value: unknown, startedAt: number, duration: number): void {
    if (this.#when === "amid-turn" && !call.quiet) {
      this.#deferred.push(() => this.#fulfilled(member, call, offset, value, startedAt, duration));
    } else if (call.count === 1) {
      if (this.#ended(member, call, 0, startedAt, duration) !== undefined) this.#settler.fulfilled(call, value);
    } else if (call.stop !== undefined) {
      const item = this.#ended(member, call, offset, startedAt, duration);
      if (item !== undefined) this.#settler.fulfilled(item, value);
    } else {
      this.#observe(member, call, startedAt, duration);
      member.remove(call);
      this.#settler.fulfilledItem(call, offset, value, startedAt, duration, member.port.name);
    }
  }

  #fulfilledRun(
    member: Crewman,
    call: Call,
    offset: number,
    values: readonly unknown[],
    starts: Float64Array,
    durations: Float64Array,
  ): void {
    const { length } = values;
    if (call.stop !== undefined || this.#when === "amid-turn") {
      for (let at = 0; at < length; at += 1) {
        this.#fulfilled(member, call, offset + at, values[at], starts[at] ?? 0, durations[at] ?? 0);
      }
      return;
    }
    if (!member.finished) this.crew.worked(member);
    let sum = 0;
    let longest = 0;
    for (let at = 0; at < length; at += 1) {
      const duration = durations[at] ?? 0;
      sum += duration;
      if (duration > longest) longest = duration;
    }
    call.order.profile.observeRun(length, sum, longest);
    member.removeItems(call, length);
    this.#settler.fulfilledRun(call, offset, values, starts, durations, member.port.name);
  }

  /** @returns the call that ended: an item of several gets one of its own. */
  #ended(member: Crewman, call: Call, offset: number, startedAt: number, duration: number): Call | undefined {
    if (call.worker !== member) return undefined;
    this.#observe(member, call, startedAt, duration);
    member.remove(call);
    if (call.count === 1) return call;
    const item = call.splitItem(offset);
    item.ran(startedAt, duration, member.port.name);
    return item;
  }

  #observe(member: Crewman, call: Call, startedAt: number, duration: number): void {
    if (!member.finished) this.crew.worked(member);
    if (this.minds) this.#loans.ended(member, call.slot);
    this.#settler.observe(call, startedAt, duration, member);
    call.order.profile.observe(duration);
  }

  #exited(member: Crewman, exit: CrewExit, running: readonly Held<Call>[], waiting: readonly Held<Call>[]): void {
    if (exit.how === "unasked") this.statistics.lost += 1;
    this.#giveBack(this.#takeBackAll(member, waiting));
    for (const { ticket, offset } of running) this.#lost(member, ticket, offset, exit);
    if (running.length === 0 && exit.how === "unasked" && exit.cause !== undefined && member.served) {
      // No call is there to carry the error, and it must not vanish.
      process.emitWarning(new WorkerExitedError({ ...exit.exit, task: undefined }, { cause: exit.cause }));
    }
    this.#dispatcher.schedule();
  }

  /** What had not started: those of one call are its last items, unless some of these had come back by themselves. */
  #takeBackAll(member: Crewman, waiting: readonly Held<Call>[]): readonly Call[] {
    const offsets = new Map<Call, number[]>();
    for (const { ticket, offset } of waiting) {
      const known = offsets.get(ticket);
      if (known === undefined) offsets.set(ticket, [offset]);
      else known.push(offset);
    }
    const calls: Call[] = [];
    for (const [call, each] of offsets) {
      if (call.state !== "at-worker") continue;
      if (each[0] === call.count - each.length) calls.push(member.takeBack(call, each.length));
      else for (const offset of each) calls.push(this.#returned(member, call, offset));
    }
    return calls;
  }

  /** A call that its worker has not run after all, or one of its items. */
  #returned(member: Crewman, call: Call, offset: number): Call {
    if (call.count === 1) return member.takeBack(call, 1);
    member.removeItems(call, 1);
    member.quota += 1;
    return call.splitItem(offset);
  }

  #lost(member: Crewman, call: Call, offset: number, exit: CrewExit): void {
    if (call.state !== "at-worker") return;
    const startedAt = call.count === 1 ? (member.port.startedAt(call) ?? 0) : 0;
    member.remove(call);
    const item = call.count > 1 ? call.splitItem(offset) : call;
    if (startedAt > 0) this.#settler.observe(item, startedAt, this.#clock.now() - startedAt, member);
    if (item.stop === undefined) this.#settler.lost(item, exit);
    else this.#settler.rejected(item, item.stop.error);
  }

  /** Calls that have not run wait again, or end here when there is nothing left to wait for: a worker that is killed may
   *  leave calls of which nobody knew whether they had started. */
  #giveBack(calls: readonly Call[]): void {
    const waiting: Call[] = [];
    for (const call of calls) {
      if (call.state === "settled") continue;
      const refusal = this.#phase.kind === "draining" ? undefined : this.refusal();
      if (call.stop !== undefined) this.#settler.rejected(call, call.stop.error);
      else if (refusal !== undefined) this.#settler.fail(call, refusal);
      else waiting.push(call);
    }
    this.#dispatcher.takeBack(waiting);
  }

  #turned(): void {
    this.#now = 0;
    this.#order = undefined;
    this.#burst = 0;
    this.#sites.turn();
    if (this.#deferred.length > 0) this.#settleDeferred();
    if (this.unsettled === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  // ── stopping calls ───────────────────────────────────────────────────────────────────────────────────────────────

  cancel(call: Call, reason: unknown): boolean {
    const found = call.state === "at-worker" ? this.#recall(call) : call;
    if (found === undefined || found.state === "settled") return false;
    this.#settler.cancel(found, cancellation(reason));
    this.#dispatcher.schedule();
    return true;
  }

  abort(call: Call, reason: unknown): boolean {
    this.#settleDeferred();
    // It may have ended without having been heard of.
    call.worker?.port.look();
    if (call.state === "settled") return false;
    if (!this.cancel(call, reason)) this.#stopper.stop(call, cancellation(reason));
    return true;
  }

  refresh(call: Call): void {
    if (call.worker?.port.startedAt(call) !== undefined) call.started();
  }

  /** Only tasks on the event loop can wait for calls of their own executor. */
  get minds(): boolean {
    return this.#settings.kind === "event-loop";
  }

  awaited(call: Call): void {
    const loan = this.lend();
    if (loan !== undefined) call.timers.push(loan);
  }

  /** A task of this executor begins to wait for one of its calls. */
  lend(): Disposable | undefined {
    return this.minds ? this.#loans.lend() : undefined;
  }

  /** Cancels the calls of a map that have not started. */
  abandon(sink: ItemSink, reason: unknown): void {
    const calls = [...this.#settler.pausing, ...this.#dispatcher.waiting()];
    for (const member of this.crew.members) calls.push(...member.calls);
    for (const call of calls) if (call.sink === sink) this.cancel(call, reason);
  }

  /** Takes a call back from its worker, or those of its items that have not started.
   *  @returns what came back; `undefined` when all of it has started. */
  #recall(call: Call): Call | undefined {
    const { worker } = call;
    if (worker === undefined || call.stop !== undefined) return undefined;
    const count = worker.port.recall(call);
    if (count > 0) return worker.takeBack(call, count);
    this.refresh(call);
    return undefined;
  }

  /** The work goes on where it cannot be stopped; the call does not wait for it. */
  #giveUp(call: Call): void {
    if (call.worker !== undefined && this.minds) this.#loans.ended(call.worker, call.slot);
    call.worker?.remove(call);
    this.#settler.rejected(call, call.stop?.error);
    this.#dispatcher.schedule();
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #break(error: BrokenExecutorError): void {
    if (this.#phase.kind === "broken" || this.#phase.kind === "closed") return;
    this.#phase = { kind: "broken", error };
    this.#settler.endRetries();
    for (const call of this.#notStarted()) {
      this.#settler.fail(call, new BrokenExecutorError(error.message, { cause: error.cause }));
    }
    this.crew.close("broken");
    this.#dispatcher.schedule();
  }

  /** The calls that have not started, those at workers being taken back: the last first, so that none moves up. */
  #notStarted(): readonly Call[] {
    const calls = [...this.#settler.pausing, ...this.#dispatcher.waiting()];
    for (const member of this.crew.members) {
      for (const call of [...member.calls].reverse()) {
        const found = this.#recall(call);
        if (found !== undefined) calls.push(found);
      }
    }
    return calls;
  }

  /** Cancels the calls that have not started. */
  cancelPending(): void {
    for (const call of this.#notStarted()) this.#settler.cancel(call, cancellation(undefined));
    this.#dispatcher.schedule();
  }

  /** Takes no more calls. Resolves when all that were taken have ended. */
  async drain(): Promise<void> {
    if (this.#phase.kind === "open") this.#phase = { kind: "draining" };
    if (this.unsettled > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Ends the workers. Resolves when the last has gone. */
  async close(): Promise<void> {
    if (this.#phase.kind !== "broken") this.#phase = { kind: "closed" };
    await this.#ending("idle");
  }

  /** Stops everything now. Resolves when all calls are settled and the last worker has gone. */
  async terminate(): Promise<void> {
    if (this.#phase.kind !== "broken") this.#phase = { kind: "closed" };
    this.#settler.endRetries();
    const terminated = new CancelledError(`The executor ${this.#settings.name} was terminated`);
    for (const call of this.#notStarted()) this.#settler.cancel(call, terminated);
    for (const member of this.crew.members) for (const call of member.calls) call.stop = { error: terminated };
    await this.#ending("now");
  }

  #ending(how: "idle" | "now"): Promise<void> {
    this.#dispatcher[Symbol.dispose]();
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
      this.crew.close(how);
    });
  }
}
