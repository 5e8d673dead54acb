/** Gives the calls that wait to workers, in order of priority and arrival.
 *
 *  Guarantees: what is submitted in one turn of the event loop leaves together at its end, or in stretches of hundreds;
 *  a call of a key goes to the worker of that key; whom to give what is decided in `place` and `profile`. */
import { availableParallelism } from "node:os";
import type { Clock } from "../base/clock.js";
import type { ExecutorKind, Flow } from "../futures/mod.js";
import type { PortFunction } from "../worker/mod.js";
import { Attention } from "./attention.js";
import { Backlog } from "./backlog.js";
import type { Call } from "./call.js";
import type { Crew } from "./crew.js";
import type { Crewman } from "./crewman.js";
import { place } from "./place.js";
import { Profile, takes } from "./profile.js";
import type { RateGate } from "./rate-gate.js";
import type { Watch } from "./watch.js";
import { Watchdog } from "./watchdog.js";

export interface DispatcherEvents {
  /** The call, which has a time limit, is about to be sent. */
  handed(call: Call): void;
  /** A turn has ended: everything that can be sent has been. */
  turned(): void;
}

const CORES = availableParallelism();

/** Workers whose answer may come so soon that it is waited for awake. */
const LISTENED: ReadonlySet<ExecutorKind> = new Set(["thread", "process"]);

/** Of a function that is still being worked out. */
const UNKNOWN = new Profile();

export class Dispatcher implements Disposable {
  readonly #crew: Crew;
  readonly #clock: Clock;
  readonly #gate: RateGate | undefined;
  readonly #events: DispatcherEvents;
  readonly #watch: Watch;
  readonly #backlog = new Backlog<Call>();
  readonly #profiles = new WeakMap<PortFunction, Profile>();
  readonly #watchdog: Watchdog;
  readonly #attention = new Attention();
  /** Items of all calls that wait. */
  #queued = 0;
  #turn: "none" | "scheduled" = "none";
  #flow: Flow = "flowing";
  #uses = 0;
  #gateTimer: Disposable | undefined;

  constructor(crew: Crew, clock: Clock, gate: RateGate | undefined, events: DispatcherEvents, watch: Watch) {
    this.#crew = crew;
    this.#clock = clock;
    this.#gate = gate;
    this.#events = events;
    this.#watch = watch;
    this.#watchdog = new Watchdog(clock, crew.members, (calls) => this.takeBack(calls));
  }

  // A field, so that asking for the end of a turn that is already asked for makes no closure.
  readonly #endTurn = (): void => {
    this.#turn = "none";
    this.dispatch();
  };

  /** What is known of a function's running time. */
  profile(target: PortFunction | undefined): Profile {
    if (target === undefined) return UNKNOWN;
    let profile = this.#profiles.get(target);
    if (profile === undefined) {
      profile = new Profile();
      this.#profiles.set(target, profile);
    }
    return profile;
  }

  enqueue(call: Call): void {
    call.move("queued");
    this.#backlog.push(call);
    this.#queued += call.count;
    this.schedule();
  }

  /** Calls that come back without having run take their places again. */
  takeBack(calls: readonly Call[]): void {
    const returned = calls.filter((call) => call.state !== "queued");
    for (const call of [...calls].sort((a, b) => b.sequence - a.sequence || b.index - a.index)) {
      if (call.state !== "queued") {
        call.move("queued");
        this.#queued += call.count;
      }
      const { key } = call.plan;
      const holder = key === undefined ? undefined : this.#crew.ofKey(key);
      if (key !== undefined && holder !== undefined) holder.own.unshift(key, call);
      else this.#backlog.unshift(call);
    }
    this.schedule();
    this.#watch.returned(returned);
  }

  /** A call that waits is settled: it will be passed over. */
  leave(call: Call): void {
    if (call.state === "queued") this.#queued -= call.count;
  }

  /** All calls that wait here. */
  *waiting(): IterableIterator<Call> {
    yield* this.#backlog;
    for (const member of this.#crew.members) yield* member.own;
  }

  /** Gives out calls at the end of this turn. */
  schedule(): void {
    if (this.#turn === "scheduled") return;
    this.#turn = "scheduled";
    queueMicrotask(this.#endTurn);
  }

  /** Gives out what can be given, and ends the turn. */
  dispatch(): void {
    this.giveOut();
    this.#events.turned();
  }

  get flow(): Flow {
    return this.#flow;
  }

  /** Gives out nothing more, or goes on. What workers hold already is not called back here. */
  let(flow: Flow): void {
    this.#flow = flow;
    if (flow === "flowing") this.schedule();
  }

  /** Gives out what can be given now. */
  giveOut(): void {
    if (this.#flow === "flowing") this.#giveAll();
    for (const member of this.#crew.members) {
      this.#crew.hold(member, this.#queued);
      this.#crew.rested(member);
    }
    // Nobody waits for the gate any more, and its timer would keep the program alive.
    if (this.#queued === 0) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#gateTimer?.[Symbol.dispose]();
    this.#gateTimer = undefined;
  }

  #giveAll(): void {
    for (const member of this.#crew.members) this.#serveOwn(member);
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      if (!this.#place(call)) break;
    }
  }

  /** @returns whether to go on with the next call. */
  #place(call: Call): boolean {
    const { key, chunk } = call.plan;
    const holder = key === undefined ? undefined : this.#crew.ofKey(key);
    if (key !== undefined && holder !== undefined) {
      this.#backlog.shift();
      holder.own.push(key, call);
      this.#serveOwn(holder);
      return true;
    }
    if (!this.#passGate()) return false;
    const decision = place(this.#view(call));
    // While its function is worked out a worker can start, and nothing behind it overtakes it.
    if (call.target === undefined && decision.do !== "spawn") return false;
    switch (decision.do) {
      case "assign":
        this.#assign(decision.worker, chunk > 0 ? chunk : decision.most);
        return true;
      case "spawn":
        return this.#crew.spawn() === "spawned";
      case "wait":
        return false;
    }
  }

  #view(call: Call): Parameters<typeof place<Crewman>>[0] {
    const { count } = call;
    const { cost } = call.order.profile;
    const serving: Crewman[] = [];
    let booting = 0;
    let live = 0;
    const full = this.#full();
    for (const member of this.#crew.members) {
      member.takes = member.canTake(cost, count) && (member.held > 0 || !full);
      if (member.serves) serving.push(member);
      if (member.state === "booting" && member.held === 0) booting += 1;
      if (member.live) live += 1;
    }
    const handed = serving.length === 0 && count === 1 && call.target !== undefined && call.plan.key === undefined;
    const ahead = handed ? this.#crew.ahead : undefined;
    return { serving, booting, ahead, live, max: this.#crew.most, waiting: this.#queued, cost, cores: CORES };
  }

  /** Whether as many workers have calls as may: one that finishes its last before it goes counts too. */
  #full(): boolean {
    let busy = 0;
    for (const member of this.#crew.members) if (member.held > 0) busy += 1;
    return busy >= this.#crew.most;
  }

  /** Gives a worker the calls whose turn it is: the first for certain, and up to `most` as far as it takes them. */
  #assign(member: Crewman, most: number): void {
    const batch: Call[] = [];
    const limit = Math.min(most, member.port.room, member.quota);
    let given = 0;
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      if (given > 0 && (given + call.count > limit || !this.#follows(member, call))) break;
      this.#backlog.shift();
      this.#take(member, call, batch);
      given += call.count;
      if (given >= limit) break;
    }
    this.#send(member, batch);
  }

  /** Whether a call may travel in the batch that is being put together. */
  #follows(member: Crewman, call: Call): boolean {
    const { plan, profile, target } = call.order;
    if (plan.key !== undefined || target === undefined || !this.#passGate()) return false;
    return plan.chunk > 0 || takes(member, profile.cost * call.count);
  }

  #serveOwn(member: Crewman): void {
    let call = member.own.peek();
    if (call === undefined || (member.held === 0 && this.#full())) return;
    const batch: Call[] = [];
    for (; call !== undefined; call = member.own.peek()) {
      const { target, profile } = call.order;
      if (target === undefined || !member.canTake(profile.cost, 1) || !this.#passGate()) break;
      member.own.shift();
      this.#take(member, call, batch);
    }
    this.#send(member, batch);
  }

  #take(member: Crewman, call: Call, batch: Call[]): void {
    const { plan, profile } = call.order;
    call.move("at-worker");
    this.#queued -= call.count;
    this.#gate?.pass(this.#clock.now());
    if (member.held === 0) member.heardAt = this.#clock.now();
    member.add(call, profile.cost);
    if (plan.key !== undefined) this.#crew.bind(plan.key, member);
    // Workers elsewhere keep time themselves: they know when a call began, by a clock that can be relied on.
    if (plan.timeout !== undefined && member.port.runner === undefined) this.#events.handed(call);
    batch.push(call);
  }

  #send(member: Crewman, batch: readonly Call[]): void {
    if (batch.length === 0) return;
    this.#uses += 1;
    member.lastUsed = this.#uses;
    this.#crew.hold(member, this.#queued);
    member.port.send(batch);
    // After it holds them: a worker whose quota is used up lets go of the keys of which it holds nothing.
    this.#crew.given(member);
    this.#watchdog.watch(member);
    const [only] = batch;
    if (batch.length === 1 && only !== undefined && LISTENED.has(member.port.kind)) {
      this.#attention.pay(member, only.cost);
    }
    this.#watch.handed(member, batch);
  }

  #passGate(): boolean {
    const wait = this.#gate?.wait(this.#clock.now()) ?? 0;
    if (wait === 0) return true;
    this.#gateTimer ??= this.#clock.after(
      wait,
      () => {
        this.#gateTimer = undefined;
        this.dispatch();
      },
      "hold",
    );
    return false;
  }
}
