/** The inputs as the executor pulls them, numbered, paced, and without those that an earlier run finished.
 *
 *  Guarantees: an input that is at hand costs one promise; a stop ends the input at once, even while it waits for a
 *  slow reader; a failure to read ends the input and is kept in `failure`, so that calls under way finish and are
 *  logged before it is told. */
import { InvariantError } from "../mod.js";
import type { EarlierRun } from "./earlier-run.js";
import type { Emitter } from "./emitter.js";
import { UsageError } from "./exit-code.js";
import { fingerprint } from "./input-plan.js";
import type { Pace } from "./pace.js";
import { keyOf } from "./record-key.js";

/** A call that was handed out and has not ended. */
export interface FedInput {
  readonly seq: number;
  readonly key: string;
  readonly fingerprint: string | undefined;
}

export interface FeedParts {
  readonly batches: AsyncIterable<readonly unknown[]>;
  readonly keyField: string | undefined;
  /** Whether each record is fingerprinted, since the input cannot be read twice. */
  readonly marking: "fingerprints" | "none";
  readonly earlier: EarlierRun | undefined;
  readonly pace: Pace | undefined;
  readonly output: Pick<Emitter, "passed" | "open" | "room">;
  /** Called for each input that an earlier run finished. */
  onStanding(key: string, seq: number): void;
}

type FeedState =
  | { readonly kind: "open" }
  | { readonly kind: "ended" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: unknown };

/** Standing inputs between two turns of the event loop. */
const BURST = 1024;
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class InputFeed implements AsyncIterableIterator<unknown> {
  readonly #parts: FeedParts;
  readonly #batches: AsyncIterator<readonly unknown[]>;
  readonly #underWay = new Map<number, FedInput>();
  #batch: readonly unknown[] = [];
  #position = 0;
  #seq = 0;
  #given = 0;
  #state: FeedState = { kind: "open" };
  /** Ends the present wait early. One slot, not a race against a lasting promise, which would gather reactions. */
  #wake: (() => void) | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#batches = parts.batches[Symbol.asyncIterator]();
  }

  /** Inputs read so far. */
  get read(): number {
    return this.#seq;
  }

  /** Why the input ended, when it failed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#state.kind === "failed" ? this.#state : undefined;
  }

  /** Whether the whole input was handed out. */
  get exhausted(): boolean {
    return this.#state.kind === "ended";
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const { output, pace, earlier } = this.#parts;
    const atHand = this.#state.kind === "open" && this.#position < this.#batch.length;
    if (!atHand || pace !== undefined || earlier !== undefined || !output.open) return this.#nextSlowly();
    this.#seq += 1;
    return Promise.resolve(this.#give());
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.stop();
    return { value: undefined, done: true };
  }

  /** Hands out nothing more. */
  stop(): void {
    if (this.#state.kind === "open") this.#state = { kind: "stopped" };
    this.#wake?.();
  }

  /** What the executor's call number `index`, which has ended, was. */
  take(index: number): FedInput {
    const input = this.#underWay.get(index);
    if (input === undefined) throw new InvariantError(`Call ${index} ended twice; ${this.#given} were given`);
    this.#underWay.delete(index);
    return input;
  }

  async #nextSlowly(): Promise<IteratorResult<unknown, undefined>> {
    try {
      while (this.#state.kind === "open") {
        const room = this.#parts.output.room();
        if (room !== undefined) await this.#unlessStopped(room);
        else if (this.#position === this.#batch.length) await this.#refill();
        else if (this.#read() === "new") return await this.#giveWhenDue();
        // A million inputs that stand would otherwise keep signals and the progress line waiting.
        else if (this.#seq % BURST === 0) await this.#unlessStopped(eventLoopTurn());
      }
    } catch (error) {
      this.#state = { kind: "failed", error };
    }
    return { value: undefined, done: true };
  }

  async #giveWhenDue(): Promise<IteratorResult<unknown, undefined>> {
    const due = this.#parts.pace?.take();
    if (due !== undefined) await this.#unlessStopped(due);
    return this.#state.kind === "open" ? this.#give() : { value: undefined, done: true };
  }

  async #refill(): Promise<void> {
    const next = await this.#unlessStopped(this.#batches.next());
    if (next === undefined) return;
    if (next.done === true) return this.#end();
    this.#batch = next.value;
    this.#position = 0;
  }

  #end(): void {
    const known = this.#parts.earlier?.highest ?? 0;
    if (known > this.#seq) {
      throw new UsageError(`cannot resume: the input changed (it had ${known} inputs or more, now ${this.#seq})`);
    }
    this.#state = { kind: "ended" };
  }

  /** Counts the input at hand; `standing` when its call ended in an earlier run, and then goes on behind it. */
  #read(): "new" | "standing" {
    this.#seq += 1;
    const seq = this.#seq;
    const { earlier, marking, output, onStanding, keyField } = this.#parts;
    if (earlier?.stands(seq) !== true) return "new";
    const value = this.#batch[this.#position];
    if (marking === "fingerprints" && earlier.read(seq).fingerprint !== fingerprint(value)) {
      throw new UsageError(`cannot resume: the input changed (input ${seq} is not what it was)`);
    }
    this.#position += 1;
    onStanding(keyOf(value, keyField), seq);
    output.passed(seq);
    return "standing";
  }

  #give(): IteratorResult<unknown, undefined> {
    const value = this.#batch[this.#position];
    this.#position += 1;
    const mark = this.#parts.marking === "fingerprints" ? fingerprint(value) : undefined;
    const key = keyOf(value, this.#parts.keyField);
    this.#underWay.set(this.#given, { seq: this.#seq, key, fingerprint: mark });
    this.#given += 1;
    this.#parts.output.passed(this.#seq);
    return { value, done: false };
  }

  /** Waits for `promise`, or until stopped: then `undefined`. */
  #unlessStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  }
}
