/** Takes calls in: finds out what each will run, copies what it was given, and has it wait for a worker.
 *
 *  Guarantees: nothing throws, what is wrong with a call fails it; what its caller changes afterwards does not show; calls
 *  wait in the order of their submits. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Carrier, carries, luggageOf } from "../base/carriers.js";
import type { Clock } from "../base/clock.js";
import type { SignalWatch } from "../base/signal-watch.js";
import type { ExecutorKind, ItemSink } from "../futures/mod.js";
import { discard, mustBeDiscarded, parcelOf } from "../share/mod.js";
import {
  type AnyTask,
  allPrimitive,
  boundToMachine,
  copyArgs,
  inspectValue,
  moves,
  snapshotOfArgs,
  taskName,
} from "../wire/mod.js";
import { Call, type CallOwner } from "./call.js";
import type { CrewSettings } from "./crew.js";
import type { Dispatcher } from "./dispatcher.js";
import { Order } from "./order.js";
import type { Outcomes } from "./outcomes.js";
import { cancellation } from "./phase.js";
import type { CallPlan } from "./plan.js";
import type { RateGate } from "./rate-gate.js";
import type { Settler } from "./settler.js";
import { type Site, Sites } from "./sites.js";
import { carrying, type OwnTarget, targetOf } from "./targets.js";
import type { TimeLimits } from "./time-limits.js";
import { nextId, type Watch } from "./watch.js";

/** Items of a map that travel as one call at most: enough that what a call costs does not count for an item. */
const TOGETHER = 256;

/** Calls of one turn after which the first of them leave: a message for fewer costs more than it gains. */
const STRETCH = 256;

export interface IntakeSettings extends CrewSettings {
  readonly kind: ExecutorKind;
  readonly gate: RateGate | undefined;
  /** How much of a map travels at once to where a crossing costs more than to a worker here. */
  readonly crossing?: CrossingSize;
}

/** Calls that are worth one crossing. */
export interface CrossingSize {
  /** In µs of work. */
  readonly work: number;
  /** In calls. */
  readonly most: number;
}

/** The scheduler's parts that calls are handed on to. */
export interface IntakeParts {
  readonly owner: CallOwner;
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly outcomes: Outcomes;
  readonly limits: TimeLimits;
  readonly signals: SignalWatch<Call>;
  readonly watch: Watch;
  /** Why no call is taken, of this map if it is of one; `undefined` while calls are. */
  refusal(sink: ItemSink | undefined): Error | undefined;
}

export class Intake {
  readonly #settings: IntakeSettings;
  readonly #owner: CallOwner;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #settler: Settler;
  readonly #outcomes: Outcomes;
  readonly #limits: TimeLimits;
  readonly #signals: SignalWatch<Call>;
  readonly #watch: Watch;
  readonly #refusal: IntakeParts["refusal"];
  readonly #sites = new Sites();
  #sequence = 0;
  /** The time of this turn's submits; 0 until the first. */
  #now = 0;
  /** What the latest call of this turn was submitted with. */
  #order: Order | undefined;
  /** Calls submitted in this turn. */
  #burst = 0;

  constructor(settings: IntakeSettings, parts: IntakeParts) {
    this.#settings = settings;
    this.#owner = parts.owner;
    this.#clock = parts.clock;
    this.#dispatcher = parts.dispatcher;
    this.#settler = parts.settler;
    this.#outcomes = parts.outcomes;
    this.#limits = parts.limits;
    this.#signals = parts.signals;
    this.#watch = parts.watch;
    this.#refusal = parts.refusal;
  }

  /** A turn has ended. */
  turned(): void {
    this.#now = 0;
    this.#order = undefined;
    this.#burst = 0;
    this.#sites.turn();
  }

  /** How many calls of this task are worth handing to one worker together, as far as is known. */
  batchOf(task: AnyTask): number {
    if (this.#settings.kind === "event-loop") return 1;
    const target = targetOf(this.#settings.kind, task);
    if (!(target instanceof Promise)) {
      const profile = this.#dispatcher.profile(target);
      const { crossing } = this.#settings;
      return crossing === undefined ? profile.batch : Math.min(crossing.most, profile.within(crossing.work));
    }
    // Whoever submits the task hears of the failure.
    target.catch(() => undefined);
    return 1;
  }

  /** Where a call is submitted. @param below the function above which the stack begins. */
  site(below: (...args: never[]) => unknown): Site {
    return this.#sites.take(below);
  }

  submit(task: AnyTask, args: readonly unknown[], plan: CallPlan, site: Site): Call {
    if (this.#heeded) return this.#submitHeeded(task, args, plan, site, undefined);
    return this.#submit(new Call(this.#orderOf(task, plan, site, undefined), args, this.#sequence++, undefined));
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
    if (!this.#heeded) {
      const order = this.#orderOf(task, plan, site, undefined);
      this.#submit(Call.ofItems(order, args, this.#sequence++, sink, index, count));
      return;
    }
    // Of items that travel together nobody keeps books one by one, and they cannot take along what each was given.
    const arity = args.length / count;
    for (let item = 0; item < count; item += 1) {
      const own = args.slice(item * arity, (item + 1) * arity);
      this.#submitHeeded(task, own, plan, site, { sink, index: index + item });
    }
  }

  /** Whether a call is more than its function and its arguments: somebody listens to what becomes of it, or something goes
   *  along with it. */
  get #heeded(): boolean {
    return this.#watch.listened || carries();
  }

  #submitHeeded(
    task: AnyTask,
    args: readonly unknown[],
    plan: CallPlan,
    site: Site,
    place: { readonly sink: ItemSink; readonly index: number } | undefined,
  ): Call {
    const id = nextId();
    const luggage = carries() ? luggageOf({ id, task: taskName(task), executor: this.#watch.executor }) : undefined;
    const order = this.#orderOf(task, plan, site, luggage?.carriers);
    const call =
      place === undefined
        ? new Call(order, args, this.#sequence++, undefined)
        : Call.ofItems(order, args, this.#sequence++, place.sink, place.index, 1);
    if (this.#watch.listened) this.#watch.submitted(call, id);
    if (luggage !== undefined) call.args = [...args, luggage.values];
    return this.#submit(call);
  }

  /** What is asked of the function that it returns is submitted as part of what goes on here and now: items of a map are
   *  submitted whenever there is room for them, in nobody's context. */
  here(): <R>(submit: () => R) => R {
    return this.#heeded ? AsyncLocalStorage.snapshot() : (submit) => submit();
  }

  /** Whether items of a map may travel as one call: nothing is asked for that concerns each of them alone. */
  joins(plan: CallPlan): boolean {
    const { kind, gate, crossing, maxTasksPerWorker, tasksPerWorker } = this.#settings;
    if (kind === "event-loop" || gate !== undefined || (tasksPerWorker > 1 && crossing === undefined)) return false;
    if (maxTasksPerWorker !== Number.POSITIVE_INFINITY) return false;
    return (
      plan.signal === undefined &&
      plan.timeout === undefined &&
      plan.queueTimeout === undefined &&
      plan.key === undefined &&
      plan.transfer === undefined
    );
  }

  /** How many items of a map may travel as one call. */
  most(plan: CallPlan): number {
    return this.joins(plan) ? TOGETHER : 1;
  }

  #submit(call: Call): Call {
    const { plan } = call.order;
    this.#settler.opened(call.count);
    const refusal = this.#refusal(call.sink);
    if (refusal !== undefined) this.#settler.fail(call, refusal);
    else if (plan.signal?.aborted === true) this.#settler.cancel(call, cancellation(plan.signal.reason));
    else this.#admit(call);
    this.#burst += 1;
    if (this.#burst % STRETCH === 0 && this.#settings.kind !== "event-loop") this.#amidTurn();
    return call;
  }

  /** A loop that submits thousands of calls would otherwise keep the workers waiting for its end, and then hold all of
   *  them at once: they leave in stretches, and what has ended meanwhile is settled. */
  #amidTurn(): void {
    this.#outcomes.collect();
    this.#dispatcher.giveOut();
  }

  /** The order that a call belongs to: the one before it, when nothing is different. */
  #orderOf(task: AnyTask, plan: CallPlan, site: Site, carriers: readonly Carrier[] | undefined): Order {
    if (this.#now === 0) {
      this.#now = this.#clock.now();
      this.#dispatcher.schedule();
    }
    const last = this.#order;
    if (last !== undefined && last.task === task && last.plan === plan && last.site === site) {
      if (last.carriers === carriers) return last;
    }
    const order = new Order(this.#owner, task, plan, carriers, this.#now, site, this.#dispatcher.profile(undefined));
    this.#order = order;
    this.#resolve(order);
    return order;
  }

  #admit(call: Call): void {
    const { plan } = call.order;
    const { kind } = this.#settings;
    // Items that travel together are primitives, every one.
    const plain = kind === "event-loop" || call.count > 1 || allPrimitive(call.args);
    const small = plain || this.#copySmall(call);
    const route = kind === "thread" || kind === "event-loop" ? "thread" : "process";
    try {
      const moved = plan.transfer && new Set(plan.transfer);
      if (!small && inspectValue(call.args, "args", route, moved).shareables > 0) {
        if (kind === "cluster") throw boundToMachine(call.args, "args");
        putInParcel(call, route);
      }
    } catch (error) {
      return this.#settler.fail(call, error);
    }
    if (plan.signal !== undefined) this.#signals.add(plan.signal, call);
    if (plan.queueTimeout !== undefined) this.#limits.waits(call, plan.queueTimeout);
    this.#dispatcher.enqueue(call);
    if (small || moves(call.args, plan.transfer)) return;
    // The caller may change its objects in the next line. Either the call leaves now, which copies them, or they are
    // copied to wait.
    this.#dispatcher.giveOut();
    if (call.waiting) call.args = snapshotOfArgs(call.args, route);
  }

  /** Gives the call copies of its own, if what it was given is small and plain: then it can wait, and travel with others.
   *  @returns whether it has them. */
  #copySmall(call: Call): boolean {
    if (moves(call.args, call.order.plan.transfer)) return false;
    const copied = copyArgs(call.args);
    if (copied === undefined) return false;
    call.args = copied;
    call.objects = "own";
    return true;
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

  #resolved(order: Order, target: OwnTarget): void {
    order.target = order.carriers === undefined ? target : carrying(target, order.carriers);
    // Of the function itself: what goes along does not change how long it runs.
    order.profile = this.#dispatcher.profile(target);
  }
}

/** The arguments travel as one that holds them all, with tickets for what is shared. */
function putInParcel(call: Call, route: "thread" | "process"): void {
  const parcel = parcelOf(call.args, route, "until-revoked");
  call.args = [parcel];
  // Not before: another attempt uses the same passes.
  if (mustBeDiscarded(parcel)) call.timers.push({ [Symbol.dispose]: () => discard(parcel) });
}
