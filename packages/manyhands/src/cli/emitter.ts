/** Puts outcomes into the output: in input order, or as they come; what an earlier run finished among them.
 *
 *  Guarantees: each input once; in order unless `unordered`; outcomes that wait for an earlier input are bounded, for
 *  `room` closes the input until that one has come; results of an earlier run are read when their turn comes, so they
 *  do not wait in memory. */
import type { EarlierRun } from "./earlier-run.js";
import type { CallOutcome } from "./job-log.js";
import type { LineSink } from "./line-sink.js";
import type { Renderer } from "./output-format.js";

export type OutputOrder = "input" | "completion";

/** How much may wait for an earlier input. */
const MOST_HELD = 16_384;
const MOST_HELD_CHARS = 64 * 2 ** 20;
/** Lines written before the event loop gets its turn. */
const BURST = 4096;

export class Emitter {
  readonly #sink: LineSink;
  readonly #renderer: Renderer;
  readonly #order: OutputOrder;
  readonly #earlier: EarlierRun | undefined;
  readonly #held = new Map<number, CallOutcome>();
  #heldChars = 0;
  /** The input whose turn it is, when in input order. */
  #turn = 1;
  /** Inputs that have been read. */
  #read = 0;
  #pause: "none" | "paused" = "none";
  #waiters: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(sink: LineSink, renderer: Renderer, order: OutputOrder, earlier: EarlierRun | undefined) {
    this.#sink = sink;
    this.#renderer = renderer;
    this.#order = order;
    this.#earlier = earlier;
  }

  /** Input `seq` was read: a new call, or one that stands in the earlier run's log. */
  passed(seq: number): void {
    this.#read = seq;
    if (this.#order === "completion" && this.#earlier?.stands(seq) === true) {
      this.#render(this.#earlier.read(seq).outcome);
    }
    if (this.#order === "input") this.#advance();
  }

  /** The call for input `seq` ended. */
  push(seq: number, outcome: CallOutcome): void {
    if (this.#order === "completion") return this.#render(outcome);
    this.#held.set(seq, outcome);
    this.#heldChars += sizeOf(outcome);
    this.#advance();
  }

  /** Whether another input may be read. */
  get open(): boolean {
    const roomy = this.#held.size < MOST_HELD && this.#heldChars < MOST_HELD_CHARS;
    return roomy && !this.#sink.congested && this.#failure === undefined;
  }

  /** A promise until another input may be read, when none may now. */
  room(): Promise<void> | undefined {
    this.#rethrow();
    if (this.open) return undefined;
    if (this.#sink.congested) return this.#sink.whenDrained();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Waits until everything that can be written is. Input that was never finished leaves a gap, and ends the output. */
  async finish(): Promise<void> {
    while (this.#pause === "paused") await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#rethrow();
    this.#sink.write(this.#renderer.end());
  }

  #render(outcome: CallOutcome): void {
    this.#sink.write(this.#renderer.render(outcome));
  }

  #advance(): void {
    if (this.#pause === "paused") return;
    for (let count = 0; ; count++) {
      if (count === BURST || this.#sink.congested) return this.#continueLater();
      const outcome = this.#take(this.#turn);
      if (outcome === undefined) break;
      this.#turn += 1;
      this.#render(outcome);
    }
    this.#wake();
  }

  #take(seq: number): CallOutcome | undefined {
    const held = this.#held.get(seq);
    if (held !== undefined) {
      this.#held.delete(seq);
      this.#heldChars -= sizeOf(held);
      return held;
    }
    return seq <= this.#read && this.#earlier?.stands(seq) === true ? this.#earlier.read(seq).outcome : undefined;
  }

  #continueLater(): void {
    this.#pause = "paused";
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    Promise.all([turn, this.#sink.whenDrained()])
      .then(() => {
        this.#pause = "none";
        this.#advance();
      })
      .catch((error: unknown) => {
        this.#pause = "none";
        this.#failure = { error };
        this.#wake();
      });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

const sizeOf = (outcome: CallOutcome): number =>
  outcome.status === "ok" ? outcome.text.length : outcome.error.message.length;
