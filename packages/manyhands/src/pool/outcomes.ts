/** What becomes of calls that come back from their workers: with a value, with an error, not run, or not at all.
 *
 *  Guarantees: every item is heeded once; while a program's own loop submits, none of its callbacks run. */
import type { Clock } from "../base/clock.js";
import { WorkerExitedError } from "../base/errors.js";
import { RingQueue } from "../base/ring-queue.js";
import type { ItemRun } from "../futures/mod.js";
import { taskName } from "../wire/mod.js";
import type { Again, Held } from "../worker/mod.js";
import type { Call } from "./call.js";
import type { Crew } from "./crew.js";
import type { CrewExit } from "./crew-events.js";
import type { Crewman } from "./crewman.js";
import type { Dispatcher } from "./dispatcher.js";
import type { Loans } from "./loans.js";
import type { Settler } from "./settler.js";

export class Outcomes {
  readonly #crew: Crew;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #settler: Settler;
  readonly #loans: Loans | undefined;
  readonly #refusal: () => Error | undefined;
  /** Values that came amid a turn for calls whose settling runs somebody's code; they are settled at its end. */
  readonly #deferred = new RingQueue<() => void>();
  readonly #unwanted = new WeakMap<Call, (call: Call) => void>();
  #when: "any-time" | "amid-turn" | "amid-abort" = "any-time";

  /** @param refusal why calls that come back cannot wait again; `undefined` when they can. */
  constructor(
    crew: Crew,
    clock: Clock,
    dispatcher: Dispatcher,
    settler: Settler,
    loans: Loans | undefined,
    refusal: () => Error | undefined,
  ) {
    this.#crew = crew;
    this.#clock = clock;
    this.#dispatcher = dispatcher;
    this.#settler = settler;
    this.#loans = loans;
    this.#refusal = refusal;
  }

  /** Takes in what has ended, amid a turn of the program: a call with callbacks is left for the end of the turn. */
  collect(): void {
    this.#when = "amid-turn";
    try {
      // A look at a process costs a system call: not at those that have nothing to do.
      for (const { port, held } of this.#crew.members) if (held > 0) port.look();
    } finally {
      this.#when = "any-time";
    }
  }

  /** Takes in what a worker has ended, before one of its calls is aborted. No other call leaves meanwhile: a signal aborts one
   *  call after another, and the room that one of them leaves would be filled with the next, which then has run. */
  collectBeforeAbort({ port }: Crewman): void {
    this.#when = "amid-abort";
    try {
      port.look();
    } finally {
      this.#when = "any-time";
    }
    this.#dispatcher.schedule();
  }

  /** Settles what was left. */
  settleDeferred(): void {
    // One by one: a callback may ask for the next to be settled before it goes on.
    for (let settle = this.#deferred.shift(); settle !== undefined; settle = this.#deferred.shift()) settle();
  }

  /** A call was to end before it starts, and its worker may or may not have started it: if not, it comes back later.
   *  @param fate what becomes of it then. */
  unwant(call: Call, fate: (call: Call) => void): void {
    this.#unwanted.set(call, fate);
  }

  /** There may be room for more calls. */
  turn(): void {
    if (this.#when === "any-time") this.#dispatcher.dispatch();
  }

  rejected(member: Crewman, call: Call, offset: number, reason: unknown, startedAt: number, duration: number): void {
    const item = this.#ended(member, call, offset, startedAt, duration);
    if (item !== undefined) this.#settler.rejected(item, reason);
  }

  /** What ran the call has died, though not all that its port stands for. */
  lost(member: Crewman, call: Call, offset: number, error: Error, startedAt: number, again: Again): void {
    if (call.state !== "at-worker" || call.worker !== member) return;
    // An agent that is gone is counted once, whatever it had; see `Crew`.
    if (error instanceof WorkerExitedError) this.#settler.statistics.lost += 1;
    if (startedAt > 0) this.#settler.observe(call, startedAt, this.#clock.now() - startedAt, member);
    member.remove(call);
    const item = call.count > 1 ? call.splitItem(offset) : call;
    if (item.stop === undefined) this.#settler.lost(item, error, again);
    else this.#settler.rejected(item, item.stop.error);
    this.#dispatcher.schedule();
  }

  /** The call cannot travel; it has not left. */
  refused(member: Crewman, call: Call, error: unknown): void {
    member.takeBack(call, call.count);
    this.#settler.fail(call, error);
    this.#dispatcher.schedule();
  }

  /** Its worker has passed over the call. */
  skipped(member: Crewman, call: Call, offset: number): void {
    if (call.count === 1 && call.worker !== member) return;
    this.giveBack([this.#returned(member, call, offset)]);
  }

  fulfilled(member: Crewman, call: Call, offset: number, value: unknown, startedAt: number, duration: number): void {
    if (this.#when === "amid-turn" && !call.quiet) {
      this.#deferred.push(() => this.fulfilled(member, call, offset, value, startedAt, duration));
    } else if (call.count === 1) {
      if (this.#ended(member, call, 0, startedAt, duration) !== undefined) this.#settler.fulfilled(call, value);
    } else if (call.stop !== undefined) {
      const item = this.#ended(member, call, offset, startedAt, duration);
      if (item !== undefined) this.#settler.fulfilled(item, value);
    } else {
      this.#observe(member, call, startedAt, duration);
      member.remove(call);
      this.#settler.fulfilledItem(call, offset, value, startedAt, duration, member.runnerOf(call));
    }
  }

  /** Neighbouring items of a call came to numbers. */
  fulfilledRun(member: Crewman, call: Call, offset: number, run: ItemRun): void {
    const { values, starts, durations } = run;
    const { length } = values;
    if (call.stop !== undefined || this.#when === "amid-turn") {
      for (let at = 0; at < length; at += 1) {
        this.fulfilled(member, call, offset + at, values[at], starts[at] ?? 0, durations[at] ?? 0);
      }
      return;
    }
    if (!member.finished) this.#crew.worked(member);
    const end = (starts[length - 1] ?? 0) + (durations[length - 1] ?? 0);
    call.order.profile.observeRun(length, end - (starts[0] ?? 0), run.longest);
    member.removeItems(call, length);
    this.#settler.fulfilledRun(call, offset, run, member.runnerOf(call));
  }

  /** @returns the call that ended: an item of several gets one of its own. */
  #ended(member: Crewman, call: Call, offset: number, startedAt: number, duration: number): Call | undefined {
    if (call.worker !== member) return undefined;
    this.#observe(member, call, startedAt, duration);
    member.remove(call);
    if (call.count === 1) return call;
    const item = call.splitItem(offset);
    item.ran(startedAt, duration, member.runnerOf(call));
    return item;
  }

  #observe(member: Crewman, call: Call, startedAt: number, duration: number): void {
    if (!member.finished) this.#crew.worked(member);
    this.#loans?.ended(member, call.slot);
    this.#settler.observe(call, startedAt, duration, member);
    call.order.profile.observe(duration);
  }

  exited(member: Crewman, exit: CrewExit, running: readonly Held<Call>[], waiting: readonly Held<Call>[]): void {
    if (exit.how === "unasked") this.#settler.statistics.lost += 1;
    this.giveBack(this.#takeBackAll(member, waiting));
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
    const item = call.splitItem(offset);
    const fate = this.#unwanted.get(call);
    if (fate !== undefined) this.#unwanted.set(item, fate);
    return item;
  }

  #lost(member: Crewman, call: Call, offset: number, exit: CrewExit): void {
    if (call.state !== "at-worker") return;
    const startedAt = call.count === 1 ? (member.port.startedAt(call) ?? 0) : 0;
    member.remove(call);
    const item = call.count > 1 ? call.splitItem(offset) : call;
    if (startedAt > 0) this.#settler.observe(item, startedAt, this.#clock.now() - startedAt, member);
    if (item.stop === undefined) this.#settler.lost(item, exitError(item, exit), "as-planned");
    else this.#settler.rejected(item, item.stop.error);
  }

  /** Calls that have not run wait again, or end here when there is nothing left to wait for: a worker that is killed may
   *  leave calls of which nobody knew whether they had started. */
  giveBack(calls: readonly Call[]): void {
    const waiting: Call[] = [];
    for (const call of calls) {
      if (call.state === "settled") continue;
      const fate = this.#unwanted.get(call);
      if (fate !== undefined) {
        fate(call);
        continue;
      }
      const refusal = this.#refusal();
      if (call.stop !== undefined) this.#settler.rejected(call, call.stop.error);
      else if (refusal !== undefined) this.#settler.fail(call, refusal);
      else waiting.push(call);
    }
    this.#dispatcher.takeBack(waiting);
  }
}

function exitError(call: Call, { exit, cause }: CrewExit): WorkerExitedError {
  const options = cause === undefined ? undefined : { cause };
  return new WorkerExitedError({ ...exit, task: taskName(call.task) }, options);
}
