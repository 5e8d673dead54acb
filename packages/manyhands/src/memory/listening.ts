/** Listening to a thread's bell in its event loop.
 *
 *  Guarantees: while anybody of the thread waits, exactly one asynchronous wait stands on the bell, or its answer is about to
 *  be run; the program stays alive as long as it is told to hold, and no longer. */
import type { Attention, Bell } from "./bell.js";

/** Some time in the life of no program: the handle exists to keep the event loop alive, not to fire. */
const NEVER = 2 ** 31 - 1;

export class Listening implements Attention {
  readonly #bell: Bell;
  /** Whether an asynchronous wait stands on the bell. There is no taking it back, so it may outlive its purpose. */
  #ear: "open" | "shut" = "shut";
  #answer: "none" | "due" = "none";
  #handle: NodeJS.Timeout | undefined;

  constructor(bell: Bell) {
    this.#bell = bell;
  }

  listen(): void {
    if (this.#ear === "open") return;
    const ringing = this.#bell.world.sleepAsync(this.#bell.seat);
    if (ringing === "not-equal") return this.later();
    this.#ear = "open";
    // The promise of an asynchronous wait is never rejected.
    void ringing.then(() => {
      this.#ear = "shut";
      this.#attend();
    });
  }

  later(): void {
    if (this.#answer === "due") return;
    this.#answer = "due";
    queueMicrotask(() => {
      this.#answer = "none";
      this.#attend();
    });
  }

  hold(how: "ref" | "unref"): void {
    // Neither Atomics.waitAsync nor its promise keeps a program alive.
    this.#handle ??= setInterval(() => undefined, NEVER);
    this.#handle[how]();
  }

  #attend(): void {
    try {
      this.#bell.answer();
    } finally {
      if (this.#bell.awaited) this.listen();
    }
  }
}
