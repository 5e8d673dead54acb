/** A worker as its pool sees it: its port, the calls it holds, and what will become of it.
 *
 *  Guarantees: one legality table; what it is expected to work on is the sum over the calls it holds. */
import { illegalMove } from "../base/invariant.js";
import type { WorkerPort } from "../worker/mod.js";
import type { Call } from "./call.js";
import { OwnQueue } from "./own-queue.js";
import type { Candidate } from "./place.js";
import { type Load, takes } from "./profile.js";

/** `booting`: may hold calls, which wait in it. `aging`: serves until its replacement is ready. `retiring`: finishes what it holds. `closing`: was told to end. */
export type CrewState = "booting" | "serving" | "aging" | "retiring" | "closing" | "gone";

const NEXT = {
  booting: ["serving", "closing", "gone"],
  serving: ["aging", "retiring", "closing", "gone"],
  aging: ["retiring", "closing", "gone"],
  retiring: ["closing", "gone"],
  closing: ["gone"],
  gone: [],
} as const satisfies Record<CrewState, readonly CrewState[]>;

export class Crewman implements Candidate, Load {
  readonly port: WorkerPort<Call>;
  /** Calls that it runs at once. */
  slots: number;
  /** Calls it was given that have no outcome. */
  held = 0;
  /** Calls of a key that belongs to this worker, waiting for it. */
  readonly own: OwnQueue<Call>;
  readonly keys: Set<string> = new Set();
  /** Calls it may still be given before it is replaced. */
  quota: number;
  expected = 0;
  lastUsed = 0;
  /** When something was last heard of it, or it was given work while idle. */
  heardAt = 0;
  silent: boolean;
  /** Whether it ever was ready. */
  served = false;
  /** Whether it ever finished a call. */
  finished = false;
  /** Calls it runs that wait for others of the same executor. */
  lending = 0;
  /** Set while the next call is placed. */
  takes = false;
  timers: Disposable[] = [];
  idle: Disposable | undefined = undefined;
  holding: "ref" | "unref" = "unref";
  /** It runs something that was given up, and cannot end in good order. */
  doomed = false;
  #state: CrewState = "booting";

  constructor(port: WorkerPort<Call>, slots: number, quota: number) {
    this.port = port;
    this.slots = slots;
    this.quota = quota;
    // On the event loop the number of slots may grow.
    this.own = new OwnQueue(slots === 1 && port.kind !== "event-loop" ? "any" : "one-at-a-time");
    // On the event loop there is no crossing to save: nothing is handed over ahead of its turn.
    this.silent = port.kind === "event-loop";
  }

  get state(): CrewState {
    return this.#state;
  }

  get serves(): boolean {
    return this.#state === "serving" || this.#state === "aging";
  }

  /** Whether it counts against the maximum: one that is on its way out does not. */
  get live(): boolean {
    return this.#state === "booting" || this.#state === "serving";
  }

  move(to: CrewState): void {
    const from = this.#state;
    if (!(NEXT[from] as readonly CrewState[]).includes(to)) illegalMove("worker", from, to);
    this.#state = to;
  }

  /** Something was heard of it: it is not stuck. */
  heard(now: number): void {
    this.heardAt = now;
    this.silent = this.port.kind === "event-loop";
  }

  /** The name of the worker that runs the call: its own, unless it stands for several. */
  runnerOf(call: Call): string {
    return this.port.runner?.(call)?.name ?? this.port.name;
  }

  /** The calls it holds, in the order in which they were handed over. */
  get calls(): readonly Call[] {
    return this.port.held();
  }

  /** Whether it can be given `count` calls of this cost now. */
  canTake(cost: number, count: number): boolean {
    return this.serves && this.quota >= count && this.port.room >= count && takes(this, cost * count);
  }

  add(call: Call, cost: number): void {
    call.worker = this;
    call.cost = cost;
    this.held += call.count;
    this.expected += cost * call.count;
    this.quota -= call.count;
    const { key } = call.plan;
    if (key !== undefined) this.own.taken(key);
  }

  /** One item of the call has ended, or the call, when it is only one. */
  remove(call: Call): void {
    const { key } = call.plan;
    if (key !== undefined) this.own.returned(key);
    if (call.count === 1) call.worker = undefined;
    this.held -= 1;
    this.expected -= call.cost;
  }

  /** So many items of a call of several have ended. */
  removeItems(call: Call, count: number): void {
    this.held -= count;
    this.expected -= call.cost * count;
  }

  /** Takes back all that has not started. */
  recall(): readonly Call[] {
    const taken: Call[] = [];
    for (const call of this.calls) {
      const count = this.port.recall(call);
      if (count > 0) taken.push(this.takeBack(call, count));
    }
    return taken;
  }

  /** The last `count` items of the call were recalled before they started: they do not count against the quota.
   *  @returns what they are now: the call itself, when that is all of it. */
  takeBack(call: Call, count: number): Call {
    this.held -= count;
    this.expected -= call.cost * count;
    this.quota += count;
    const { key } = call.plan;
    if (key !== undefined) this.own.returned(key);
    if (count < call.count) return call.splitTail(count);
    call.worker = undefined;
    return call;
  }
}
