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
import { BrokenExecutorError, CancelledError, InvalidStateError, ShutdownError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import type { Flow, ItemSink } from "../futures/mod.js";
import type { Call, CallOwner } from "./call.js";
import { Crew } from "./crew.js";
import type { CrewEvents } from "./crew-events.js";
import { Dispatcher } from "./dispatcher.js";
import { Intake, type IntakeSettings } from "./intake.js";
import { Loans } from "./loans.js";
import { Outcomes } from "./outcomes.js";
import { cancellation, type Phase, refusalOf } from "./phase.js";
import { Settler } from "./settler.js";
import type { Statistics } from "./statistics.js";
import { Stopper } from "./stopper.js";
import { TimeLimits } from "./time-limits.js";
import { Watch } from "./watch.js";
import type { WatchedExecutor } from "./watch-messages.js";

export interface SchedulerSettings extends IntakeSettings {
  readonly clock?: Clock;
  /** Of workers that come and go by themselves behind a port: how many calls they run at once, as far as is known. */
  readonly elsewhere?: () => number;
}

export class Scheduler implements CallOwner {
  readonly crew: Crew;
  /** Where calls are submitted. */
  readonly intake: Intake;
  /** What it is called in messages. */
  readonly watched: WatchedExecutor;
  readonly #settings: SchedulerSettings;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #settler: Settler;
  readonly #stopper: Stopper;
  readonly #signals = new SignalWatch<Call>((call, reason) => void this.abort(call, reason));
  readonly #limits: TimeLimits;
  readonly #loans: Loans;
  readonly #outcomes: Outcomes;
  readonly #watch: Watch;
  #phase: Phase = { kind: "open" };
  #whenIdle: (() => void)[] = [];
  #whenEmpty: (() => void)[] = [];

  constructor(settings: SchedulerSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    const watch = new Watch(settings.kind, settings.name, this.#clock, this);
    this.watched = watch.executor;
    this.#watch = watch;
    this.crew = new Crew(settings, this.#crewEvents(), this.#clock, watch);
    this.#dispatcher = new Dispatcher(
      this.crew,
      this.#clock,
      settings.gate,
      {
        handed: (call) => this.#limits.handed(call),
        turned: () => this.#turned(),
      },
      watch,
    );
    this.#settler = new Settler(settings.kind, this.#clock, this.#dispatcher, this.#signals, watch);
    this.#stopper = new Stopper(this.crew, this.#clock, (call) => this.#giveUp(call));
    this.#limits = new TimeLimits(this.#clock, {
      ranTooLong: (call, error) => this.#stopper.stop(call, error),
      waitedTooLong: (call, error) => {
        const fail = (late: Call): void => this.#settler.fail(late, error);
        const found = call.state === "at-worker" ? this.#recall(call, fail) : call;
        if (found !== undefined) fail(found);
      },
    });
    this.#loans = new Loans(this.crew.members, () => this.#dispatcher.schedule());
    const { crew } = this;
    const [clock, dispatcher, settler] = [this.#clock, this.#dispatcher, this.#settler];
    const loans = this.minds ? this.#loans : undefined;
    const outcomes = new Outcomes(crew, clock, dispatcher, settler, loans, () => this.#refusalBack());
    const refusal = (sink: ItemSink | undefined): Error | undefined => this.#refusalOf(sink);
    const parts = {
      owner: this,
      clock,
      dispatcher,
      settler,
      outcomes,
      limits: this.#limits,
      signals: this.#signals,
      watch,
    };
    this.#outcomes = outcomes;
    this.intake = new Intake(settings, { ...parts, refusal });
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

  get flow(): Flow {
    return this.#dispatcher.flow;
  }

  /** The most workers, or calls at once on the event loop. */
  get size(): number {
    if (this.#settings.elsewhere !== undefined) return this.#settings.elsewhere();
    return this.minds ? this.crew.slots : this.crew.most;
  }

  /** What has not started waits, also what workers hold already.
   *  @throws why it cannot be paused any more. */
  pause(): void {
    this.#checkOpen("pause");
    this.#dispatcher.let("paused");
    for (const member of this.crew.members) this.#outcomes.giveBack(member.recall());
  }

  resume(): void {
    this.#dispatcher.let("flowing");
  }

  /** @throws why it cannot be resized any more. */
  resize(size: number): void {
    this.#checkOpen("resize");
    if (this.#settings.elsewhere !== undefined) {
      const { name } = this.#settings;
      throw new InvalidStateError(
        `${name} has no workers of its own to resize: start more of what runs its calls, or end some`,
      );
    }
    if (this.minds) this.crew.widen(size);
    else this.crew.resize(size);
    this.#dispatcher.schedule();
  }

  #checkOpen(deed: "pause" | "resize"): void {
    if (this.#phase.kind === "open") return;
    if (this.#phase.kind === "broken") throw this.refusal();
    throw new ShutdownError(`Cannot ${deed}: the executor ${this.#settings.name} was shut down`);
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

  // ── what workers tell ────────────────────────────────────────────────────────────────────────────────────────────

  #crewEvents(): CrewEvents {
    return {
      started: (worker, call) => {
        this.refresh(call);
        if (worker.port.runner !== undefined) this.#watch.handed(worker, [call]);
      },
      fulfilled: (worker, call, offset, value, startedAt, duration) =>
        this.#outcomes.fulfilled(worker, call, offset, value, startedAt, duration),
      fulfilledRun: (worker, call, offset, run) => this.#outcomes.fulfilledRun(worker, call, offset, run),
      rejected: (worker, call, offset, reason, startedAt, duration) =>
        this.#outcomes.rejected(worker, call, offset, reason, startedAt, duration),
      lost: (worker, call, offset, error, startedAt, again) =>
        this.#outcomes.lost(worker, call, offset, error, startedAt, again),
      refused: (worker, call, error) => this.#outcomes.refused(worker, call, error),
      skipped: (worker, call, offset) => this.#outcomes.skipped(worker, call, offset),
      copied: (bytes) => this.statistics.copied(bytes),
      turn: () => this.#outcomes.turn(),
      returned: (calls) => this.#outcomes.giveBack(calls),
      exited: (worker, exit, running, waiting) => this.#outcomes.exited(worker, exit, running, waiting),
      died: () => {
        this.statistics.lost += 1;
      },
      broken: (error) => this.#break(error),
      empty: () => {
        for (const resolve of this.#whenEmpty.splice(0)) resolve();
      },
    };
  }

  #turned(): void {
    this.intake.turned();
    this.#outcomes.settleDeferred();
    if (this.unsettled === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  // ── stopping calls ───────────────────────────────────────────────────────────────────────────────────────────────

  cancel(call: Call, reason: unknown): boolean {
    // Whoever is told that it cannot be cancelled can count on it: it runs, also when it comes back later.
    return this.#cancel(call, reason, undefined);
  }

  #cancel(call: Call, reason: unknown, late: ((call: Call) => void) | undefined): boolean {
    const found = call.state === "at-worker" ? this.#recall(call, late) : call;
    if (found === undefined || found.state === "settled") return false;
    this.#settler.cancel(found, cancellation(reason));
    this.#dispatcher.schedule();
    return true;
  }

  abort(call: Call, reason: unknown): boolean {
    this.#outcomes.settleDeferred();
    // It may have ended without having been heard of.
    if (call.worker !== undefined) this.#outcomes.collectBeforeAbort(call.worker);
    if (call.state === "settled") return false;
    // Where it is not known here whether the call has begun, only the port can find out, and ends it either way.
    const far = call.worker?.port.runner !== undefined;
    if (far || !this.cancel(call, reason)) this.#stopper.stop(call, cancellation(reason));
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
    const late = (call: Call): void => this.#settler.cancel(call, cancellation(reason));
    for (const call of calls) if (call.sink === sink) this.#cancel(call, reason, late);
  }

  /** Cancels the calls of a map, those too that run. Items that travel together are short, and end by themselves. */
  stop(sink: ItemSink, reason: unknown): void {
    this.abandon(sink, reason);
    for (const { calls } of this.crew.members) {
      for (const call of [...calls]) if (call.sink === sink && call.travels === "alone") this.abort(call, reason);
    }
  }

  /** Takes a call back from its worker, or those of its items that have not started.
   *  @param late what becomes of those that come back later, when it is known that they had not started.
   *  @returns what came back; `undefined` when all of it seems to have started. */
  #recall(call: Call, late: ((call: Call) => void) | undefined): Call | undefined {
    const { worker } = call;
    if (worker === undefined || call.stop !== undefined) return undefined;
    const count = worker.port.recall(call);
    if (count < call.left && late !== undefined) this.#outcomes.unwant(call, late);
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
    const fail = (call: Call): void => {
      this.#settler.fail(call, new BrokenExecutorError(error.message, { cause: error.cause }));
    };
    for (const call of this.#notStarted(fail)) fail(call);
    this.crew.close("broken");
    this.#dispatcher.schedule();
  }

  /** The calls that have not started, those at workers being taken back: the last first, so that none moves up. */
  #notStarted(late: (call: Call) => void): readonly Call[] {
    const calls = [...this.#settler.pausing, ...this.#dispatcher.waiting()];
    for (const member of this.crew.members) {
      for (const call of [...member.calls].reverse()) {
        const found = this.#recall(call, late);
        if (found !== undefined) calls.push(found);
      }
    }
    return calls;
  }

  /** Cancels the calls that have not started. */
  cancelPending(): void {
    const cancel = (call: Call): void => this.#settler.cancel(call, cancellation(undefined));
    for (const call of this.#notStarted(cancel)) cancel(call);
    this.#dispatcher.schedule();
  }

  /** Takes no more calls. Resolves when all that were taken have ended. */
  async drain(): Promise<void> {
    if (this.#phase.kind === "open") this.#phase = { kind: "draining" };
    // What is held back would never end.
    this.resume();
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
    const cancel = (call: Call): void => this.#settler.cancel(call, terminated);
    for (const call of this.#notStarted(cancel)) cancel(call);
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
