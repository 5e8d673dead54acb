/** Ctrl-C while a child is waited for: the child gets a moment to end, then the interrupt takes its course.
 *
 *  Ctrl-C reaches a terminal's whole group, the child with it, which may have something to tidy up or to say. So this program
 *  waits for it at most {@link GRACE} ms, kills what `run` had started and was going to wait for, and ends by the same SIGINT as
 *  it would have at once. Nothing that was waited for settles in between: the program must not go on to its next step.
 *
 *  Guarantees: a program that listens to SIGINT itself decides itself, and no listener is added beside its own, for there are
 *  packages that take any other listener as a sign to do nothing; there is a listener only while a child is waited for, and for the rest of that turn;
 *  a second Ctrl-C ends at once. In threads there is nothing of this, since Node tells signals to the main thread alone. */
import { isMainThread } from "node:worker_threads";
import { systemClock } from "../base/clock.js";
import type { Extent } from "./reach.js";

/** How long a child is waited for after an interrupt, in ms. Python's. */
const GRACE = 250;

/** A child that is waited for. */
export interface Interruptible {
  readonly extent: Extent;
  readonly isRunning: boolean;
  signal(signal: NodeJS.Signals): void;
  /** Calls `listener` when it has ended. */
  whenEnded(listener: () => void): Disposable;
}

class Interrupts {
  readonly #waitedFor = new Set<Interruptible>();
  readonly #doomed = new Set<Interruptible>();
  #listens = 0;
  #leaving: NodeJS.Immediate | undefined;
  #state: "quiet" | "listening" | "ending" = "quiet";

  /** An interrupt comes here, until the result is disposed of. To be called before a child is started that is going to be
   *  watched: an interrupt in between would end the program at once, and leave the child behind. */
  listen(): Disposable {
    this.#listens += 1;
    if (this.#state === "quiet" && isMainThread && process.listenerCount("SIGINT") === 0) {
      this.#state = "listening";
      process.on("SIGINT", this.#interrupted);
    }
    return { [Symbol.dispose]: () => this.#unlisten() };
  }

  /** Somebody waits for this child, until the result is disposed of. */
  watch(child: Interruptible): Disposable {
    const listening = this.listen();
    this.#waitedFor.add(child);
    return {
      [Symbol.dispose]: () => {
        this.#waitedFor.delete(child);
        listening[Symbol.dispose]();
      },
    };
  }

  /** This child must not outlive the program when that is interrupted or exits, until the result is disposed of. */
  doom(child: Interruptible): Disposable {
    if (this.#doomed.size === 0) process.on("exit", this.#killDoomed);
    this.#doomed.add(child);
    return {
      [Symbol.dispose]: () => {
        this.#doomed.delete(child);
        if (this.#doomed.size === 0) process.off("exit", this.#killDoomed);
      },
    };
  }

  /** Goes on with `step`, unless the program is about to end by an interrupt. */
  unlessEnding(step: () => void): void {
    if (this.#state !== "ending") step();
  }

  #unlisten(): void {
    this.#listens -= 1;
    if (this.#listens > 0 || this.#leaving !== undefined) return;
    // Not at once: in a conversation one wait follows another, and for a listener the system is asked twice.
    this.#leaving = setImmediate(() => {
      this.#leaving = undefined;
      if (this.#listens > 0 || this.#state !== "listening") return;
      this.#state = "quiet";
      process.off("SIGINT", this.#interrupted);
    }).unref();
  }

  readonly #interrupted = (): void => {
    if (this.#state === "ending") return this.#end();
    // A listener that came later: the program decides now.
    if (process.listenerCount("SIGINT") > 1) return;
    this.#state = "ending";
    const running = new Set([...this.#waitedFor].filter((child) => child.isRunning));
    for (const child of running) {
      // A tree is a session of its own, to which the terminal's Ctrl-C does not come.
      if (child.extent === "tree") child.signal("SIGINT");
      child.whenEnded(() => {
        running.delete(child);
        if (running.size === 0) this.#end();
      });
    }
    if (running.size === 0) return this.#end();
    systemClock.after(GRACE, () => this.#end(), "hold");
  };

  readonly #killDoomed = (): void => {
    for (const child of this.#doomed) child.signal("SIGKILL");
  };

  #end(): void {
    this.#killDoomed();
    // Without a listener it does what it does to every program.
    process.off("SIGINT", this.#interrupted);
    process.kill(process.pid, "SIGINT");
  }
}

/** One for this thread. */
export const interrupts: Interrupts = new Interrupts();
