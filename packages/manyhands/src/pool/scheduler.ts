/** The scheduler: takes calls, has each carried out by a worker, and settles it.
 *
 *  ```
 *  submit ─► queued ─► at-worker ─► settled
 *     │        ▲  ▲        │    │
 *     └ refused│  └ pausing┘    │
 *              └ taken back ────┘  or its worker died before it started
 *  ```
 *  Guarantees: every call is settled; none runs twice unless its plan says so. The parts: `Intake` takes calls in,
 *  `Dispatcher` gives them to workers, `Crew` keeps the workers, `Outcomes` takes what comes back, `Stopper` ends what
 *  runs too long, `Settler` says how a call ended; decisions stand in `place`, `profile`, `retry` and `breaker`, which
 *  are pure. */
import { type Clock, systemClock } from "../base/clock.js";
import { BrokenExecutorError, CancelledError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import type { ItemSink } from "../futures/mod.js";
import type { AnyTask } from "../wire/mod.js";
import type { Call, CallOwner } from "./call.js";
import { Crew, type CrewEvents } from "./crew.js";
import { Dispatcher } from "./dispatcher.js";
import { Intake, type IntakeSettings } from "./intake.js";
import { Loans } from "./loans.js";
import { Outcomes } from "./outcomes.js";
import { cancellation, type Phase, refusalOf } from "./phase.js";
import type { CallPlan } from "./plan.js";
import { Settler } from "./settler.js";
import type { Site } from "./sites.js";
import type { Statistics } from "./statistics.js";
import { Stopper } from "./stopper.js";
import { TimeLimits } from "./time-limits.js";

export interface SchedulerSettings extends IntakeSettings {
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
  readonly #limits: TimeLimits;
  readonly #loans: Loans;
  readonly #outcomes: Outcomes;
  readonly #intake: Intake;
  #phase: Phase = { kind: "open" };
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
    const { crew } = this;
    const [clock, dispatcher, settler] = [this.#clock, this.#dispatcher, this.#settler];
    const loans = this.minds ? this.#loans : undefined;
    const outcomes = new Outcomes(crew, clock, dispatcher, settler, loans, () => this.#refusalBack());
    const refusal = (sink: ItemSink | undefined): Error | undefined => this.#refusalOf(sink);
    const parts = { owner: this, clock, dispatcher, settler, outcomes, limits: this.#limits, signals: this.#signals };
    this.#outcomes = outcomes;
    this.#intake = new Intake(settings, { ...parts, refusal });
    crew.start();
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

  // ── submit ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Why no call is taken any more; `undefined` while calls are. */
  refusal(): Error | undefined {
    return refusalOf(this.#phase, this.#settings.name);
  }

  /** A map that is being collected still counts as submitted work while the executor drains. */
  #refusalOf(sink: ItemSink | undefined): Error | undefined {
    if (this.#phase.kind === "open" || (this.#phase.kind === "draining" && sink?.drains === true)) return undefined;
    return this.refusal();
  }

  /** Why calls that come back cannot wait again. */
  #refusalBack(): Error | undefined {
    return this.#phase.kind === "draining" ? undefined : this.refusal();
  }

  /** How many calls of this task are worth handing to one worker together, as far as is known. */
  batchOf(task: AnyTask): number {
    return this.#intake.batchOf(task);
  }

  /** Where a call is submitted. @param below the function above which the stack begins. */
  site(below: (...args: never[]) => unknown): Site {
    return this.#intake.site(below);
  }

  submit(task: AnyTask, args: readonly unknown[], plan: CallPlan, site: Site): Call {
    return this.#intake.submit(task, args, plan, site);
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
    this.#intake.submitItems(task, args, count, plan, site, sink, index);
  }

  /** Whether items of a map may travel as one call. */
  joins(plan: CallPlan): boolean {
    return this.#intake.joins(plan);
  }

  // ── what workers tell ────────────────────────────────────────────────────────────────────────────────────────────

  #crewEvents(): CrewEvents {
    return {
      started: (call) => this.refresh(call),
      fulfilled: (worker, call, offset, value, startedAt, duration) =>
        this.#outcomes.fulfilled(worker, call, offset, value, startedAt, duration),
      fulfilledRun: (worker, call, offset, values, starts, durations) =>
        this.#outcomes.fulfilledRun(worker, call, offset, values, starts, durations),
      rejected: (worker, call, offset, reason, startedAt, duration) =>
        this.#outcomes.rejected(worker, call, offset, reason, startedAt, duration),
      refused: (worker, call, error) => this.#outcomes.refused(worker, call, error),
      skipped: (worker, call, offset) => this.#outcomes.skipped(worker, call, offset),
      copied: (bytes) => this.statistics.copied(bytes),
      turn: () => this.#outcomes.turn(),
      returned: (calls) => this.#outcomes.giveBack(calls),
      exited: (worker, exit, running, waiting) => this.#outcomes.exited(worker, exit, running, waiting),
      broken: (error) => this.#break(error),
      empty: () => {
        for (const resolve of this.#whenEmpty.splice(0)) resolve();
      },
    };
  }

  #turned(): void {
    this.#intake.turned();
    this.#outcomes.settleDeferred();
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
    this.#outcomes.settleDeferred();
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
