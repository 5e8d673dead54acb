/** What messages call an executor and its workers, with what listeners can ask of them and do to them.
 *
 *  Guarantees: facts are own properties, and nothing else is: a copy, or JSON, holds neither the scheduler nor a call. */
import type { Clock } from "../base/clock.js";
import type { Adjustable, ExecutorKind } from "../futures/mod.js";
import type { Call } from "./call.js";
import type { Crewman } from "./crewman.js";
import type { HeldCall, WatchedExecutor, WatchedWorker, WorkerVitals } from "./watch-messages.js";

/** What carries out calls, as far as listeners may reach it. */
export interface Steered extends Adjustable {
  abort(call: Call, reason: unknown): boolean;
}

/** The calls that are told of. */
export type Told = ReadonlyMap<Call, { readonly id: number }>;

export class SeenExecutor implements WatchedExecutor {
  readonly id: number;
  readonly kind: ExecutorKind;
  readonly name: string;
  readonly #steered: Steered;
  readonly #told: Told;

  constructor(id: number, kind: ExecutorKind, name: string, steered: Steered, told: Told) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.#steered = steered;
    this.#told = told;
  }

  adjustable(): Adjustable {
    return this.#steered;
  }

  // Looked for one by one: somebody clicks on it, and a second map would cost every call something.
  abort(id: number, reason?: unknown): boolean {
    for (const [call, told] of this.#told) if (told.id === id) return this.#steered.abort(call, reason);
    return false;
  }
}

export class SeenWorker implements WatchedWorker {
  readonly executor: WatchedExecutor;
  readonly name: string;
  readonly id: number | undefined;
  slots: number;
  readonly #member: Crewman;
  readonly #told: Told;
  readonly #clock: Clock;
  #memory: number | undefined;
  #delay: number | undefined;
  /** When the question was asked that has no answer yet. */
  #askedAt: number | undefined;

  constructor(executor: WatchedExecutor, member: Crewman, told: Told, clock: Clock) {
    const { name, id } = member.port;
    this.executor = executor;
    this.name = name;
    this.id = id;
    this.slots = member.slots;
    this.#member = member;
    this.#told = told;
    this.#clock = clock;
  }

  *held(): IterableIterator<HeldCall> {
    for (const call of this.#member.calls) {
      const told = this.#told.get(call);
      if (told === undefined) continue;
      yield { id: told.id, attempt: call.attempt, startedAt: this.#member.port.startedAt(call) };
    }
  }

  examine(): WorkerVitals {
    const now = this.#clock.now();
    const waited = this.#askedAt === undefined ? 0 : now - this.#askedAt;
    if (this.#askedAt === undefined && this.#member.serves) {
      this.#askedAt = now;
      this.#member.port.examine();
    }
    const loopDelay = waited > 0 || this.#delay !== undefined ? Math.max(waited, this.#delay ?? 0) : undefined;
    return { memory: this.#memory, loopDelay };
  }

  /** It has answered. @param at when its event loop came to it. */
  answered(memory: number, at: number): void {
    this.#memory = memory;
    this.#delay = Math.max(0, at - (this.#askedAt ?? at));
    this.#askedAt = undefined;
  }
}
