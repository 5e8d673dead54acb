/** The workers of an executor: starts them, replaces them, ends them.
 *
 *  Guarantees: never more live workers than the maximum; a replacement is ready before the one it replaces goes, except
 *  where a quota is used up; workers that cannot live are not started for ever; an idle worker does not keep the
 *  program alive, one that is waited for does. */
import type { Clock } from "../base/clock.js";
import { BrokenExecutorError, WorkerExitedError } from "../base/errors.js";
import type { Held, Initializer, PortEvents, PortExit, WorkerPort } from "../worker/mod.js";
import { CLOSED, nextBreaker } from "./breaker.js";
import type { Call } from "./call.js";
import type { CrewEvents, CrewExit } from "./crew-events.js";
import { Crewman } from "./crewman.js";
import type { Watch } from "./watch.js";
import type { WorkerReplaced } from "./watch-messages.js";

export interface CrewSettings {
  readonly name: string;
  readonly maxWorkers: number;
  readonly minWorkers: number;
  readonly tasksPerWorker: number;
  /** ms; `Infinity`: an idle worker is kept. */
  readonly idleTimeout: number;
  readonly maxTasksPerWorker: number;
  /** ms */
  readonly maxAge: number;
  /** bytes */
  readonly maxMemory: number;
  /** Whether a busy executor keeps the program alive. */
  readonly ref: "ref" | "unref";
  /** Resolves when the initializer is ready to travel; rejects when it cannot. */
  readonly initializer: Promise<Initializer> | undefined;
  spawn(name: string, events: PortEvents<Call>): WorkerPort<Call>;
}

export class Crew {
  readonly #settings: CrewSettings;
  readonly #events: CrewEvents;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #members = new Set<Crewman>();
  readonly #byKey = new Map<string, Crewman>();
  #breaker = CLOSED;
  #made = 0;
  #most: number;
  #slots: number;
  #phase: "open" | "closing" = "open";

  constructor(settings: CrewSettings, events: CrewEvents, clock: Clock, watch: Watch) {
    this.#settings = settings;
    this.#events = events;
    this.#clock = clock;
    this.#watch = watch;
    this.#most = settings.maxWorkers;
    this.#slots = settings.tasksPerWorker;
  }

  /** The most workers there may be. */
  get most(): number {
    return this.#most;
  }

  /** Calls that one worker runs at once. */
  get slots(): number {
    return this.#slots;
  }

  /** Workers that are kept at all times. */
  get #kept(): number {
    return Math.min(this.#settings.minWorkers, this.#most);
  }

  /** Starts the workers that are kept at all times. */
  start(): void {
    while (this.live < this.#kept && this.#phase === "open") this.spawn();
  }

  /** So many workers from now on, at most. Those that are too many end what they run, and take nothing more. */
  resize(most: number): void {
    this.#most = most;
    this.#trim();
    this.start();
  }

  /** So many calls at once in one worker. More that run already go on. */
  widen(slots: number): void {
    this.#slots = slots;
    for (const member of this.#members) {
      member.slots = slots;
      this.#watch.workerWidened(member);
    }
  }

  get members(): ReadonlySet<Crewman> {
    return this.#members;
  }

  /** Workers that count against the maximum. */
  get live(): number {
    return this.#count((member) => member.live);
  }

  get booting(): number {
    return this.#count((member) => member.state === "booting");
  }

  /** The worker that may be handed a call while it boots, so that its first result need not wait for its being ready to be told and
   *  answered: the first of the pool, and as many calls as it runs at once. Not where something else runs in it before, nor
   *  where its calls are numbered. */
  get ahead(): Crewman | undefined {
    const { initializer, maxTasksPerWorker } = this.#settings;
    if (initializer !== undefined || maxTasksPerWorker !== Number.POSITIVE_INFINITY) return undefined;
    const [first] = this.#members;
    return first?.state === "booting" && first.held < first.slots && first.port.kind !== "event-loop"
      ? first
      : undefined;
  }

  /** The worker that a key belongs to. */
  ofKey(key: string): Crewman | undefined {
    return this.#byKey.get(key);
  }

  bind(key: string, member: Crewman): void {
    this.#byKey.set(key, member);
    member.keys.add(key);
  }

  /** Starts a worker. When it cannot even be made, the executor is broken. */
  spawn(): "spawned" | "refused" {
    // Whoever still asks then waits for calls that are about to be settled.
    if (this.#phase === "closing") return "refused";
    this.#made += 1;
    let member: Crewman | undefined;
    try {
      const port = this.#settings.spawn(
        `${this.#settings.name}-${this.#made}`,
        this.#portEvents(() => member as Crewman),
      );
      member = new Crewman(port, this.#slots, this.#settings.maxTasksPerWorker);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.broken(new BrokenExecutorError(`Cannot start a worker: ${message}`, { cause: error }));
      return "refused";
    }
    const { port } = member;
    this.#members.add(member);
    port.hold("unref");
    if (this.#settings.initializer === undefined) port.initialize(undefined);
    else {
      this.#settings.initializer
        .then((initializer) => port.initialize(initializer))
        .catch((error: unknown) => this.#initializerFailed(error));
    }
    this.#watch.workerStarted(member);
    return "spawned";
  }

  /** Lets the workers that somebody waits for keep the program alive, and no others. */
  hold(member: Crewman, queued: number): void {
    const needed = member.held > 0 || (queued > 0 && member.state === "booting") || this.#phase === "closing";
    const how = needed && (this.#settings.ref === "ref" || this.#phase === "closing") ? "ref" : "unref";
    if (member.holding === how) return;
    member.holding = how;
    member.port.hold(how);
  }

  /** Called when a worker has been given calls. */
  given(member: Crewman): void {
    member.idle?.[Symbol.dispose]();
    member.idle = undefined;
    if (member.quota > 0 || !member.serves) return;
    this.retire(member);
    this.#watch.workerReplaced(member, "calls");
  }

  /** Called when a worker has finished a call. */
  worked(member: Crewman): void {
    if (member.finished) return;
    member.finished = true;
    this.#breaker = nextBreaker(this.#breaker, "worked");
  }

  /** Called when a worker may have nothing left to do. */
  rested(member: Crewman): void {
    if (member.held > 0) return;
    if (member.state === "retiring" || this.#phase === "closing") return this.#end(member);
    const { idleTimeout } = this.#settings;
    if (idleTimeout === Number.POSITIVE_INFINITY || member.idle !== undefined || !member.live) return;
    member.idle = this.#clock.after(idleTimeout, () => {
      member.idle = undefined;
      if (member.state === "serving" && member.held === 0 && this.live > this.#kept) this.retire(member);
    });
  }

  /** No more calls for this worker; it ends when it has finished what it holds. */
  retire(member: Crewman): void {
    member.move("retiring");
    this.#release(member, "unused");
    if (this.#phase === "open" && this.live < this.#kept) this.spawn();
    this.rested(member);
  }

  /** Ends a worker whatever it is doing. */
  kill(member: Crewman): void {
    if (member.state === "gone") return;
    if (member.state !== "closing") member.move("closing");
    this.#release(member, "unused");
    member.port.terminate();
  }

  /** Ends all workers: at once, or each in good order as soon as it is idle. `broken`: those on their way up at once. */
  close(how: "idle" | "broken" | "now"): void {
    this.#phase = "closing";
    if (this.#members.size === 0) return this.#events.empty();
    for (const member of [...this.#members]) {
      this.hold(member, 0);
      if (how === "now" || (how === "broken" && member.state === "booting")) this.kill(member);
      else if (member.state !== "closing" && member.held === 0) this.#end(member);
    }
  }

  #count(which: (member: Crewman) => boolean): number {
    let count = 0;
    for (const member of this.#members) if (which(member)) count += 1;
    return count;
  }

  #portEvents(member: () => Crewman): PortEvents<Call> {
    const events = this.#events;
    return {
      ready: () => this.#ready(member()),
      broken: (error) => this.#initializerFailed(error),
      started: (call) => events.started(member(), call),
      fulfilled: (call, offset, value, startedAt, duration) =>
        events.fulfilled(member(), call, offset, value, startedAt, duration),
      fulfilledRun: (call, offset, run) => events.fulfilledRun(member(), call, offset, run),
      rejected: (call, offset, reason, startedAt, duration) =>
        events.rejected(member(), call, offset, reason, startedAt, duration),
      lost: (call, offset, error, startedAt, again) => events.lost(member(), call, offset, error, startedAt, again),
      joined: (runner) => this.#watch.runnerJoined(runner),
      left: (runner, how) => {
        if (how === "unasked") events.died();
        this.#watch.runnerLeft(runner, how);
      },
      refused: (call, error) => events.refused(member(), call, error),
      skipped: (call, offset) => events.skipped(member(), call, offset),
      progress: (call, value) => call.progress(value),
      memory: (bytes) => {
        if (bytes > this.#settings.maxMemory) this.#replace(member(), "memory");
      },
      vitals: (memory, at) => this.#watch.examined(member(), memory, at),
      copied: (bytes) => events.copied(bytes),
      alive: () => member().heard(this.#clock.now()),
      turn: () => events.turn(),
      exited: (exit, running, waiting) => this.#exited(member(), exit, running, waiting),
    };
  }

  #ready(member: Crewman): void {
    if (member.state !== "booting") return;
    member.move("serving");
    member.served = true;
    for (const other of this.#members) {
      if (other.state === "aging") this.retire(other);
      // It was thought to be up first.
      else if (other.state === "booting" && other.held > 0) this.#events.returned(other.recall());
    }
    const { maxAge } = this.#settings;
    if (maxAge !== Number.POSITIVE_INFINITY)
      member.timers.push(this.#clock.after(maxAge, () => this.#replace(member, "age")));
    this.#trim();
    this.rested(member);
    this.#watch.workerReady(member);
    this.#events.turn();
  }

  /** Lets those workers go that are too many: first those that have nothing to do. One on its way up that has begun a call is
   *  let go when it is there. */
  #trim(): void {
    if (this.#phase !== "open" || this.live <= this.#most) return;
    const least = [...this.#members].filter(({ live }) => live);
    least.sort((a, b) => a.held - b.held || a.lastUsed - b.lastUsed);
    for (const member of least.slice(0, this.live - this.#most)) {
      const taken = member.recall();
      if (taken.length > 0) this.#events.returned(taken);
      if (member.state === "serving") this.retire(member);
      else if (member.held === 0) this.kill(member);
    }
  }

  /** Starts a worker in the place of one that goes on serving until then. */
  #replace(member: Crewman, why: WorkerReplaced["why"]): void {
    if (member.state !== "serving" || this.#phase !== "open") return;
    member.move("aging");
    if (member.held === 0 && this.live >= this.#kept) this.retire(member);
    else this.spawn();
    this.#watch.workerReplaced(member, why);
  }

  /** Lets go of what belongs to the worker alone. A key stays with it while it runs a call of that key: on another
   *  worker the next one would run beside it. */
  #release(member: Crewman, which: "all" | "unused"): void {
    member.idle?.[Symbol.dispose]();
    member.idle = undefined;
    for (const timer of member.timers.splice(0)) timer[Symbol.dispose]();
    const inUse = new Set(which === "all" ? [] : [...member.calls].map((call) => call.plan.key));
    const calls: Call[] = [];
    for (const key of [...member.keys].filter((each) => !inUse.has(each))) {
      this.#byKey.delete(key);
      member.keys.delete(key);
      calls.push(...member.own.drain(key));
    }
    if (calls.length > 0) this.#events.returned(calls);
  }

  #end(member: Crewman): void {
    if (member.state === "closing" || member.state === "gone") return;
    if (member.doomed) return this.kill(member);
    member.move("closing");
    this.#release(member, "all");
    // It has nothing to do; one that still does not end is stuck in something that a task left behind. The timer first:
    // a port may tell of its end from within close(), and then nobody would take the timer back.
    member.timers.push(this.#clock.after(CLOSE_WITHIN, () => member.port.terminate()));
    member.port.close();
  }

  #exited(member: Crewman, exit: PortExit, running: readonly Held<Call>[], waiting: readonly Held<Call>[]): void {
    const before = member.state;
    this.#release(member, "all");
    member.move("gone");
    this.#members.delete(member);
    if (!member.finished && running.length === 0 && before !== "closing") {
      this.#breaker = nextBreaker(this.#breaker, "died-useless");
    }
    const ended: CrewExit = { ...exit, how: before === "closing" ? "asked" : "unasked" };
    this.#events.exited(member, ended, running, waiting);
    this.#watch.workerEnded(member, ended);
    if (this.#phase === "closing") {
      if (this.#members.size === 0) this.#events.empty();
      return;
    }
    if (this.#breaker.kind === "open") this.#events.broken(cannotLive(exit));
    else if (this.live < this.#kept) this.spawn();
  }

  #initializerFailed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#events.broken(new BrokenExecutorError(`The initializer failed: ${message}`, { cause: error }));
  }
}

/** How long an idle worker may take to end before it is terminated, in ms. */
const CLOSE_WITHIN = 2000;

function cannotLive({ exit, cause }: PortExit): BrokenExecutorError {
  const last = new WorkerExitedError({ ...exit, task: undefined }, cause === undefined ? undefined : { cause });
  const message = `Workers die before they can serve; no more are started. The last: ${last.message}`;
  return new BrokenExecutorError(message, { cause: last });
}
