/** `Timer`: a thread that starts later, unless it is cancelled. */
import { systemClock } from "../base/clock.js";
import { checkDuration } from "../base/options.js";
import type { Task } from "../futures/executor.js";
import { snapshotOfArgs } from "../wire/tickets.js";
import { discardArguments, movedWith } from "../worker/solo-call.js";
import type { SoloCall, SoloEvents, SoloPort } from "../worker/solo-port.js";
import { type Given, Thread, type ThreadOptions } from "./thread.js";

/** A function that runs in a thread of its own, `interval` ms after `start()`, unless `cancel()` comes first.
 *
 *  The wait is a timer of this thread's event loop, not a thread that sleeps: it costs nothing, and is late when this thread
 *  is busy. Everything else is as with {@link Thread}; a timer that waits is alive, and keeps the program alive unless it is
 *  a daemon.
 *  @example
 *  ```ts
 *  const timer = new Timer(30_000, sendReminder, ["Ada"]);
 *  timer.start();
 *  answered.then(() => timer.cancel());
 *  ``` */
export class Timer<A extends unknown[] = never[], R = unknown> extends Thread<A, R> {
  /** In ms. */
  readonly interval: number;
  #delay: Delay | "not-started" | "called-off" = "not-started";

  /** @param interval how long it waits, in ms.
   *  @param target the function to run.
   *  @param given its arguments, then `name` and `daemon`.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
  constructor(interval: number, target: Task<A, R>, ...given: Given<A, ThreadOptions>) {
    checkDuration("interval", interval);
    super(target, ...given);
    this.interval = interval;
  }

  /** Calls it off, if its time has not come; a timer that waits is over then, without a result, and one that has not been
   *  started will be over as soon as it is. After its time it does nothing. */
  cancel(): void {
    if (this.#delay instanceof Delay) this.#delay.cancel();
    else this.#delay = "called-off";
  }

  /** @internal */
  protected override open(call: SoloCall, events: SoloEvents): SoloPort {
    // Copied now, as a thread's arguments are: what is changed until then concerns it no more. What moves, moves then.
    const args = movedWith(call.args).length > 0 ? call.args : snapshotOfArgs(call.args, "thread");
    const exited: SoloEvents["exited"] = (exit, cause) => {
      // Of the call itself: the copy does not know what is on its way, and may never have left.
      discardArguments(call);
      events.exited(exit, cause);
    };
    const begin = (): SoloPort => super.open({ ...call, args }, { ...events, exited });
    const delay = new Delay(this.interval, this.name, exited, begin);
    // Not at once: it has not begun before this returns, and cannot end.
    if (this.#delay === "called-off") queueMicrotask(() => delay.cancel());
    this.#delay = delay;
    return delay;
  }
}

type DelayState =
  | { readonly kind: "waiting"; readonly timer: Disposable }
  | { readonly kind: "begun"; readonly port: SoloPort }
  | { readonly kind: "cancelled" };

/** A port whose worker is made when the time has come. */
class Delay implements SoloPort {
  readonly #name: string;
  readonly #exited: SoloEvents["exited"];
  readonly #open: () => SoloPort;
  readonly #due: number;
  #held: "ref" | "unref" = "ref";
  #state: DelayState;

  constructor(ms: number, name: string, exited: SoloEvents["exited"], open: () => SoloPort) {
    this.#name = name;
    this.#exited = exited;
    this.#open = open;
    this.#due = systemClock.now() + ms;
    this.#state = { kind: "waiting", timer: this.#wait() };
  }

  get id(): number | undefined {
    return this.#state.kind === "begun" ? this.#state.port.id : undefined;
  }

  isAlive(): boolean {
    return this.#state.kind === "begun" ? this.#state.port.isAlive() : this.#state.kind === "waiting";
  }

  hold(how: "ref" | "unref"): void {
    if (how === this.#held) return;
    this.#held = how;
    if (this.#state.kind === "begun") this.#state.port.hold(how);
    if (this.#state.kind !== "waiting") return;
    this.#state.timer[Symbol.dispose]();
    this.#state = { kind: "waiting", timer: this.#wait() };
  }

  terminate(): void {
    if (this.#state.kind === "begun") this.#state.port.terminate();
    else this.cancel();
  }

  cancel(): void {
    if (this.#state.kind !== "waiting") return;
    this.#state.timer[Symbol.dispose]();
    this.#over(undefined);
  }

  #wait(): Disposable {
    const left = this.#due - systemClock.now();
    return systemClock.after(left, () => this.#begin(), this.#held === "ref" ? "hold" : undefined);
  }

  #begin(): void {
    try {
      const port = this.#open();
      this.#state = { kind: "begun", port };
      port.hold(this.#held);
    } catch (error) {
      // Nobody calls who could be told: it ends as a thread does that cannot go on.
      this.#over(error);
    }
  }

  #over(cause: unknown): void {
    this.#state = { kind: "cancelled" };
    const exitCode = cause === undefined ? 0 : 1;
    this.#exited({ worker: this.#name, id: undefined, exitCode, signal: null }, cause);
  }
}
