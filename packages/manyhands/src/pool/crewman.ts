/** A worker as its pool sees it: its port, the calls it holds, and what will become of it.
 *
 *  Guarantees: one legality table; what it is expected to work on is the sum over the calls it holds. */
import { illegalMove } from "../base/invariant.js";
import type { WorkerPort } from "../worker/mod.js";
import type { Call } from "./call.js";
import { OwnQueue } from "./own-queue.js";
import type { Candidate } from "./place.js";
import { type Load, takes } from "./profile.js";

/** `aging`: serves until its replacement is ready. `retiring`: finishes what it holds. `closing`: was told to end. */
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
  readonly slots: number;
  readonly calls: Set<Call> = new Set();
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
    this.own = new OwnQueue(slots === 1 ? "any" : "one-at-a-time");
    // On the event loop there is no crossing to save: nothing is handed over ahead of its turn.
    this.silent = port.kind === "event-loop";
  }

  get state(): CrewState {
    return this.#state;
  }

  get held(): number {
    return this.calls.size;
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

  /** Whether it can be given a call of this cost now. */
  canTake(cost: number): boolean {
    return this.serves && this.quota > 0 && this.port.room > 0 && takes(this, cost);
  }

  add(call: Call, cost: number): void {
    this.calls.add(call);
    call.worker = this;
    call.workerName = this.port.name;
    call.cost = cost;
    this.expected += cost;
    this.quota -= 1;
    if (call.plan.key !== undefined) this.own.taken(call.plan.key);
  }

  remove(call: Call): void {
    if (!this.calls.delete(call)) return;
    if (call.plan.key !== undefined) this.own.returned(call.plan.key);
    call.worker = undefined;
    // A sum of unknowns cannot be subtracted from: it is none again once nothing is held.
    this.expected =
      this.calls.size === 0 ? 0 : this.expected === Number.POSITIVE_INFINITY ? this.#sum() : this.expected - call.cost;
  }

  /** The call was recalled before it started: it does not count against the quota. */
  takeBack(call: Call): void {
    this.remove(call);
    this.quota += 1;
  }

  #sum(): number {
    let sum = 0;
    for (const call of this.calls) sum += call.cost;
    return sum;
  }
}
