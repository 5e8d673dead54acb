/** The scheduler: takes calls, gives each to a worker when it is its turn, and settles it.
 *
 *  ```
 *  submit ─► resolving ─► queued ─► at-worker ─► settled
 *               │            ▲  (crew)  │  ▲
 *               └─ refused   └─ pausing ◄┘  └─ taken back, or its worker died before it started: queued again
 *  ```
 *  Guarantees: every call is settled; none runs twice unless its plan says so; calls leave in batches, one for each
 *  worker and turn; what is decided stands in `place`, `profile`, `retry` and `breaker`, which are pure. */
import { type Clock, systemClock } from "../base/clock.js";
import {
  BrokenExecutorError,
  CancelledError,
  QueueTimeoutError,
  ShutdownError,
  TimeoutError,
  WorkerExitedError,
} from "../base/errors.js";
import type { ExecutorKind, ItemSink, Outcome } from "../futures/mod.js";
import { type AnyTask, inspectValue, isPrimitive, joinStacks, taskName } from "../wire/mod.js";
import type { PortExit, PortFunction } from "../worker/mod.js";
import { Backlog } from "./backlog.js";
import { Call, type CallOwner, type Destination } from "./call.js";
import { Crew, type CrewSettings } from "./crew.js";
import type { Crewman } from "./crewman.js";
import { place } from "./place.js";
import type { CallPlan } from "./plan.js";
import { Profile } from "./profile.js";
import type { RateGate } from "./rate-gate.js";
import { type AfterFailure, afterFailure, afterLoss } from "./retry.js";
import { SignalWatch } from "./signal-watch.js";
import { Sites } from "./sites.js";
import { Statistics } from "./statistics.js";
import { Stopper } from "./stopper.js";
import { targetOf } from "./targets.js";
import { Watchdog } from "./watchdog.js";

export interface SchedulerSettings extends CrewSettings {
  readonly kind: ExecutorKind;
  readonly gate: RateGate | undefined;
  readonly clock?: Clock;
}

type Phase =
  | { readonly kind: "open" }
  | { readonly kind: "draining" }
  | { readonly kind: "broken"; readonly error: BrokenExecutorError }
  | { readonly kind: "closed" };

export class Scheduler implements CallOwner {
  readonly statistics: Statistics = new Statistics();
  readonly crew: Crew;
  readonly #settings: SchedulerSettings;
  readonly #clock: Clock;
  readonly #backlog = new Backlog<Call>();
  readonly #profiles = new WeakMap<PortFunction, Profile>();
  readonly #signals = new SignalWatch<Call>((call, reason) => void this.abort(call, reason));
  readonly #sites = new Sites();
  readonly #stopper: Stopper;
  readonly #watchdog: Watchdog;
  /** Calls that are neither queued nor at a worker: their function is worked out, or they pause. */
  readonly #aside = new Set<Call>();
  #phase: Phase = { kind: "open" };
  #sequence = 0;
  #queued = 0;
  #unsettled = 0;
  #turn: "none" | "scheduled" = "none";
  #now = 0;
  #uses = 0;
  #gateTimer: Disposable | undefined;
  #whenIdle: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(settings: SchedulerSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.crew = new Crew(
      settings,
      {
        started: (call) => call.started(call.startedAt),
        settled: (worker, call, outcome, startedAt, duration) => this.#ended(worker, call, outcome, startedAt, duration),
        refused: (worker, call, error) => this.#refused(worker, call, error),
        skipped: (worker, call) => {
          worker.takeBack(call);
          this.#returned([call]);
        },
        copied: (bytes) => this.statistics.copied(bytes),
        turn: () => this.#dispatch(),
        returned: (calls) => this.#returned(calls),
        exited: (worker, exit, running, waiting) => this.#exited(worker, exit, running, waiting),
        broken: (error) => this.#break(error),
        empty: () => this.#whenEmpty?.(),
      },
      this.#clock,
    );
    this.#stopper = new Stopper(this.crew, this.#clock, (call) => this.#giveUp(call));
    this.#watchdog = new Watchdog(this.#clock, this.crew.members, (calls) => this.#returned(calls));
    this.crew.start();
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  get phase(): Phase["kind"] {
    return this.#phase.kind;
  }

  /** Calls that have not started, and those that have. */
  counts(): { readonly queued: number; readonly running: number } {
    let running = 0;
    for (const { calls, port } of this.crew.members) {
      for (const call of calls) if (port.startedAt(call) !== undefined) running += 1;
    }
    return { queued: this.#unsettled - running, running };
  }

  /** How many calls of this task are worth handing to one worker together, as far as is known. */
  batchOf(task: AnyTask): number {
    const target = targetOf(this.#settings.kind, task);
    if (target instanceof Promise) {
      // Whoever submits the task hears of the failure.
      target.catch(() => undefined);
      return 1;
    }
    return Math.min(1024, Math.max(1, Math.floor(1 / this.#profile(target).cost)));
  }

  // ── submit ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Why no call is taken any more; `undefined` while calls are. */
  refusal(): Error | undefined {
    switch (this.#phase.kind) {
      case "open":
        return undefined;
      case "broken":
        return new BrokenExecutorError(this.#phase.error.message, { cause: this.#phase.error.cause });
      default:
        return new ShutdownError(`Cannot submit: the executor ${this.#settings.name} was shut down`);
    }
  }

  submit(
    task: AnyTask,
    args: readonly unknown[],
    plan: CallPlan,
    below: (...args: never[]) => unknown,
    destination?: Destination,
  ): Call {
    if (this.#now === 0) this.#startTurn();
    const call = new Call(this, task, args, plan, this.#sequence++, this.#now, destination);
    call.site = this.#sites.take(below);
    this.#unsettled += 1;
    const refusal = call.sink?.drains === true && this.#phase.kind === "draining" ? undefined : this.refusal();
    if (refusal !== undefined) this.#settle(call, { status: "rejected", reason: refusal }, "failed");
    else if (plan.signal?.aborted === true) this.#cancelled(call, plan.signal.reason);
    else this.#admit(call);
    return call;
  }

  #startTurn(): void {
    this.#now = this.#clock.now();
    this.#schedule();
  }

  #admit(call: Call): void {
    const { plan } = call;
    const { kind } = this.#settings;
    try {
      if (kind !== "event-loop" && !call.args.every(isPrimitive)) {
        inspectValue(call.args, "args", kind === "process" ? "process" : "thread", plan.transfer && new Set(plan.transfer));
      }
    } catch (error) {
      return this.#settle(call, { status: "rejected", reason: error }, "failed");
    }
    if (plan.signal !== undefined) this.#signals.add(plan.signal, call);
    if (plan.queueTimeout !== undefined) this.#arm(call, plan.queueTimeout, () => this.#queueExpired(call));
    const target = targetOf(kind, call.task);
    if (!(target instanceof Promise)) return this.#ready(call, target);
    call.move("resolving");
    this.#aside.add(call);
    target.then(
      (found) => {
        if (call.state === "resolving") this.#ready(call, found);
      },
      (reason: unknown) => {
        if (call.state === "resolving") this.#settle(call, { status: "rejected", reason }, "failed");
      },
    );
  }

  #ready(call: Call, target: PortFunction): void {
    call.target = target;
    this.#aside.delete(call);
    this.#enqueue(call);
  }

  #enqueue(call: Call): void {
    call.move("queued");
    this.#backlog.push(call);
    this.#queued += 1;
    this.#schedule();
  }

  /** Calls that come back without having run, to where they stood. */
  #returned(calls: readonly Call[]): void {
    const bySequence = [...calls].sort((a, b) => b.sequence - a.sequence);
    for (const call of bySequence) {
      if (call.state === "settled") continue;
      if (call.state !== "queued") {
        call.move("queued");
        this.#queued += 1;
      }
      this.#backlog.unshift(call);
    }
    this.#schedule();
  }

  // ── dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything submitted in one turn leaves together at its end. */
  #schedule(): void {
    if (this.#turn === "scheduled") return;
    this.#turn = "scheduled";
    queueMicrotask(() => {
      this.#turn = "none";
      this.#dispatch();
    });
  }

  #dispatch(): void {
    this.#now = 0;
    this.#sites.turn();
    for (const member of this.crew.members) this.#serveOwn(member);
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      if (!this.#place(call)) break;
    }
    for (const member of this.crew.members) {
      this.crew.hold(member, this.#queued);
      this.crew.rested(member);
    }
    if (this.#unsettled === 0) this.#whenIdle?.();
  }

  /** @returns whether to go on with the next call. */
  #place(call: Call): boolean {
    const { key } = call.plan;
    const holder = key === undefined ? undefined : this.crew.ofKey(key);
    if (holder !== undefined) {
      this.#backlog.shift();
      holder.own.push(call);
      this.#serveOwn(holder);
      return true;
    }
    if (!this.#passGate()) return false;
    const { cost } = this.#profile(call.target);
    const serving = [];
    for (const member of this.crew.members) {
      member.takes = member.canTake(cost);
      if (member.serves) serving.push(member);
    }
    const { booting, live } = this.crew;
    const decision = place({ serving, booting, live, max: this.#settings.maxWorkers, waiting: this.#queued });
    switch (decision.do) {
      case "assign":
        this.#assign(decision.worker, call.plan.chunk > 0 ? call.plan.chunk : decision.most);
        return true;
      case "spawn":
        this.crew.spawn();
        return this.#phase.kind === "open" || this.#phase.kind === "draining";
      case "wait":
        return false;
    }
  }

  /** Gives a worker the calls whose turn it is: the first for certain, and up to `most` as far as it takes them. */
  #assign(member: Crewman, most: number): void {
    const batch: Call[] = [];
    const { room } = member.port;
    while (batch.length < Math.min(most, room) && member.quota > 0) {
      const call = this.#backlog.peek();
      if (call === undefined || (batch.length > 0 && !this.#follows(member, call))) break;
      this.#backlog.shift();
      this.#take(member, call, batch);
    }
    this.#send(member, batch);
  }

  /** Whether a call may travel in the batch that is being put together. */
  #follows(member: Crewman, call: Call): boolean {
    if (call.plan.key !== undefined || !this.#passGate()) return false;
    return call.plan.chunk > 0 || member.canTake(this.#profile(call.target).cost);
  }

  #serveOwn(member: Crewman): void {
    const batch: Call[] = [];
    for (let call = member.own.peek(); call !== undefined; call = member.own.peek()) {
      if (call.state === "queued") {
        if (!member.canTake(this.#profile(call.target).cost)) break;
        this.#take(member, call, batch);
      }
      member.own.shift();
    }
    this.#send(member, batch);
  }

  #take(member: Crewman, call: Call, batch: Call[]): void {
    call.move("at-worker");
    this.#queued -= 1;
    this.#settings.gate?.pass(this.#clock.now());
    if (member.held === 0) member.heardAt = this.#clock.now();
    member.add(call, this.#profile(call.target).cost);
    if (call.plan.key !== undefined) this.crew.bind(call.plan.key, member);
    if (call.timeout !== undefined) this.#armTimeout(call, call.timeout, call.timeout);
    batch.push(call);
  }

  #send(member: Crewman, batch: readonly Call[]): void {
    if (batch.length === 0) return;
    this.#uses += 1;
    member.lastUsed = this.#uses;
    this.crew.given(member);
    this.crew.hold(member, this.#queued);
    member.port.send(batch);
    this.#watchdog.watch(member);
  }

  #passGate(): boolean {
    const wait = this.#settings.gate?.wait(this.#clock.now()) ?? 0;
    if (wait === 0) return true;
    this.#gateTimer ??= this.#clock.after(
      wait,
      () => {
        this.#gateTimer = undefined;
        this.#dispatch();
      },
      "hold",
    );
    return false;
  }

  #profile(target: PortFunction): Profile {
    let profile = this.#profiles.get(target);
    if (profile === undefined) {
      profile = new Profile();
      this.#profiles.set(target, profile);
    }
    return profile;
  }

  // ── outcomes ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #ended(member: Crewman, call: Call, outcome: Outcome<unknown>, startedAt: number, duration: number): void {
    member.heardAt = this.#clock.now();
    member.silent = false;
    if (call.worker !== member) return;
    this.#observe(call, startedAt, duration);
    this.#profile(call.target).observe(duration);
    member.remove(call);
    this.#conclude(call, outcome);
  }

  #observe(call: Call, startedAt: number, duration: number): void {
    call.startedAt = startedAt;
    call.duration = duration;
    if (startedAt > 0) this.statistics.wait.observe(startedAt - call.submittedAt);
    this.statistics.run.observe(duration);
  }

  /** An attempt has ended: with its own outcome, or with what it was stopped for. */
  #conclude(call: Call, outcome: Outcome<unknown>): void {
    if (call.stop !== undefined) this.#stopped(call, call.stop.error, outcome);
    else if (outcome.status === "fulfilled") this.#settle(call, outcome, "completed");
    else this.#failed(call, outcome.reason, afterFailure(call.plan.retry, call.attempt, outcome.reason));
  }

  #stopped(call: Call, error: Error, outcome: Outcome<unknown>): void {
    if (error instanceof CancelledError) {
      return this.#settle(call, { status: "rejected", reason: error }, "cancelled");
    }
    // What the task threw when it was asked to stop is usually the very error it was asked with.
    const thrown = outcome.status === "rejected" ? outcome.reason : undefined;
    if (thrown instanceof Error && thrown.message !== error.message) error.cause ??= thrown;
    this.#failed(call, error, afterFailure(call.plan.retry, call.attempt, error));
  }

  #failed(call: Call, reason: unknown, next: AfterFailure): void {
    if (next.do === "fail" || this.#phase.kind === "closed") {
      if (this.#settings.kind !== "event-loop") joinStacks(reason, call.site?.stack);
      return this.#settle(call, { status: "rejected", reason }, "failed");
    }
    this.statistics.retried += 1;
    call.again();
    call.move("pausing");
    if (next.after === 0) return this.#enqueue(call);
    this.#aside.add(call);
    this.#arm(call, next.after, () => {
      if (call.state !== "pausing") return;
      this.#aside.delete(call);
      this.#enqueue(call);
    });
  }

  #settle(call: Call, outcome: Outcome<unknown>, how: "completed" | "failed" | "cancelled"): void {
    if (call.state === "queued") this.#queued -= 1;
    this.#aside.delete(call);
    this.#unsettled -= 1;
    this.statistics[how] += 1;
    if (call.plan.signal !== undefined) this.#signals.remove(call.plan.signal, call);
    call.settle(outcome, how);
    if (this.#unsettled === 0 && this.#whenIdle !== undefined) this.#schedule();
  }

  #refused(member: Crewman, call: Call, error: unknown): void {
    member.takeBack(call);
    this.#settle(call, { status: "rejected", reason: error }, "failed");
    this.#schedule();
  }

  #giveUp(call: Call): void {
    call.worker?.remove(call);
    this.#conclude(call, { status: "rejected", reason: call.stop?.error });
    this.#schedule();
  }

  #exited(member: Crewman, exit: PortExit, running: readonly Call[], waiting: readonly Call[]): void {
    const planned = member.doomed || running.some((call) => call.stop !== undefined) || this.#phase.kind === "closed";
    if (!planned && (running.length > 0 || exit.exit.exitCode !== 0)) this.statistics.lost += 1;
    for (const call of waiting) member.takeBack(call);
    this.#returned(waiting.filter((call) => call.state === "at-worker"));
    for (const call of running) {
      member.remove(call);
      if (call.state !== "at-worker") continue;
      const startedAt = member.port.startedAt(call) ?? 0;
      if (startedAt > 0) this.#observe(call, startedAt, this.#clock.now() - startedAt);
      if (call.stop !== undefined) this.#conclude(call, { status: "rejected", reason: call.stop.error });
      else this.#lost(call, exit);
    }
    if (running.length === 0 && !planned && exit.cause !== undefined && member.served) {
      // No call is there to carry the error, and it must not vanish.
      process.emitWarning(new WorkerExitedError({ ...exit.exit, task: undefined }, { cause: exit.cause }));
    }
    this.#schedule();
  }

  #lost(call: Call, { exit, cause }: PortExit): void {
    const error = new WorkerExitedError(
      { ...exit, task: taskName(call.task) },
      cause === undefined ? undefined : { cause },
    );
    this.#failed(call, error, afterLoss(call.plan.onWorkerLoss, call.plan.retry, call.attempt));
  }

  // ── stopping calls ───────────────────────────────────────────────────────────────────────────────────────────────

  cancel(call: Call, reason: unknown): boolean {
    if (call.state === "settled") return false;
    if (call.state === "at-worker" && !this.#recall(call)) return false;
    this.#cancelled(call, reason);
    this.#schedule();
    return true;
  }

  abort(call: Call, reason: unknown): boolean {
    if (call.state === "settled") return false;
    if (call.state === "at-worker" && !this.#recall(call)) {
      this.#stopper.stop(call, new CancelledError(undefined, { cause: reason }));
    } else this.#cancelled(call, reason);
    this.#schedule();
    return true;
  }

  refresh(call: Call): void {
    const startedAt = call.worker?.port.startedAt(call);
    if (startedAt !== undefined) call.started(startedAt);
  }

  /** Cancels the calls of a map that have not started. */
  abandon(sink: ItemSink, reason: unknown): void {
    const calls: Call[] = [...this.#aside, ...this.#backlog];
    for (const member of this.crew.members) calls.push(...member.own, ...member.calls);
    for (const call of calls) if (call.sink === sink) this.cancel(call, reason);
  }

  #recall(call: Call): boolean {
    const { worker } = call;
    if (worker === undefined || call.stop !== undefined) return false;
    if (worker.port.recall(call) === "started") {
      this.refresh(call);
      return false;
    }
    worker.takeBack(call);
    return true;
  }

  #cancelled(call: Call, reason: unknown): void {
    const error = new CancelledError(undefined, reason === undefined ? undefined : { cause: reason });
    this.#settle(call, { status: "rejected", reason: error }, "cancelled");
  }

  // ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #arm(call: Call, ms: number, fire: () => void): void {
    const timer = this.#clock.after(ms, fire, call.state === "pausing" ? "hold" : undefined);
    if (call.timers === undefined) call.timers = [timer];
    else call.timers.push(timer);
  }

  /** Counts from the start of the call, which nobody announces: it is asked for when the time may be over. */
  #armTimeout(call: Call, timeout: number, ms: number): void {
    const { attempt } = call;
    this.#arm(call, ms, () => {
      if (call.state !== "at-worker" || call.attempt !== attempt || call.stop !== undefined) return;
      const startedAt = call.worker?.port.startedAt(call);
      const left = startedAt === undefined ? timeout : startedAt + timeout - this.#clock.now();
      if (left > 0) return this.#armTimeout(call, timeout, Math.ceil(left));
      const message = `${taskName(call.task)} ran longer than its timeout of ${timeout} ms`;
      this.#stopper.stop(call, new TimeoutError(message));
    });
  }

  #queueExpired(call: Call): void {
    if (call.state === "settled" || call.attempt > 1) return;
    if (call.state === "at-worker" && !this.#recall(call)) return;
    const message = `${taskName(call.task)} waited longer than its queueTimeout of ${call.plan.queueTimeout} ms`;
    this.#settle(call, { status: "rejected", reason: new QueueTimeoutError(message) }, "failed");
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #break(error: BrokenExecutorError): void {
    if (this.#phase.kind === "broken" || this.#phase.kind === "closed") return;
    this.#phase = { kind: "broken", error };
    for (const call of this.#notStarted()) {
      const reason = new BrokenExecutorError(error.message, { cause: error.cause });
      this.#settle(call, { status: "rejected", reason }, "failed");
    }
    this.crew.close("idle");
    this.#schedule();
  }

  *#notStarted(): Iterable<Call> {
    const calls = [...this.#aside, ...this.#backlog];
    for (const member of this.crew.members) {
      for (const call of member.own) if (call.state === "queued") calls.push(call);
      for (const call of [...member.calls].reverse()) if (call.state === "at-worker" && this.#recall(call)) calls.push(call);
    }
    yield* calls;
  }

  /** Takes no more calls. Resolves when all that were taken have ended, `pending` (the unstarted) being cancelled or not. */
  async drain(pending: "finish" | "cancel"): Promise<void> {
    if (this.#phase.kind === "open") this.#phase = { kind: "draining" };
    if (pending === "cancel") for (const call of this.#notStarted()) this.#cancelled(call, undefined);
    if (this.#unsettled > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
        this.#schedule();
      });
    }
  }

  /** Ends the workers. Resolves when the last has gone. */
  async close(): Promise<void> {
    if (this.#phase.kind !== "broken") this.#phase = { kind: "closed" };
    await this.#ending("idle");
  }

  /** Stops everything now. Resolves when all calls are settled and the last worker has gone. */
  async terminate(): Promise<void> {
    if (this.#phase.kind !== "broken") this.#phase = { kind: "closed" };
    const terminated = new CancelledError(`The executor ${this.#settings.name} was terminated`);
    for (const call of this.#notStarted()) {
      this.#settle(call, { status: "rejected", reason: terminated }, "cancelled");
    }
    for (const member of this.crew.members) for (const call of member.calls) call.stop ??= { error: terminated };
    await this.#ending("now");
  }

  #ending(how: "idle" | "now"): Promise<void> {
    this.#gateTimer?.[Symbol.dispose]();
    return new Promise((resolve) => {
      const before = this.#whenEmpty;
      this.#whenEmpty = () => {
        before?.();
        resolve();
      };
      this.crew.close(how);
    });
  }
}
