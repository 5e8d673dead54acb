/** Time that passes when nothing else can happen: a second of sleep costs nothing, and no test waits for one. */
import assert from "node:assert/strict";
import { type RunOptions, run, type Work } from "manyhands/asyncio";

type Clock = NonNullable<RunOptions["clock"]>;

interface Entry {
  readonly at: number;
  readonly number: number;
  readonly fire: () => void;
}

/** Turns of the event loop in which tasks may still be on their way to their next wait. */
const TURNS = 20;

export class VirtualClock implements Clock {
  #now = 0;
  #made = 0;
  readonly #timers = new Set<Entry>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Disposable {
    this.#made += 1;
    const entry: Entry = { at: this.#now + ms, number: this.#made, fire };
    this.#timers.add(entry);
    return { [Symbol.dispose]: () => void this.#timers.delete(entry) };
  }

  /** How many timers there are. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass until `work` has ended. Fails when it cannot end any more. */
  async drive<T>(work: Promise<T>): Promise<T> {
    let state: "waiting" | "settled" = "waiting";
    const settled = (): void => {
      state = "settled";
    };
    work.then(settled, settled);
    for (let idle = 0; ; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state !== ("waiting" as string)) return work;
      idle = this.#jump() ? 0 : idle + 1;
      assert.ok(idle < TURNS, "nothing can happen any more, and the work has not ended");
    }
  }

  /** To the next timer. @returns false when there is none. */
  #jump(): boolean {
    const [first, ...others] = [...this.#timers];
    if (first === undefined) return false;
    const next = others.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.number < a.number) ? b : a), first);
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.fire();
    return true;
  }
}

/** `run` in virtual time. */
export function runVirtually<T>(main: Work<T>, options: RunOptions = {}): Promise<Awaited<T>> {
  const clock = new VirtualClock();
  return clock.drive(run(main, { onInterrupt: "leave", clock, ...options }));
}
