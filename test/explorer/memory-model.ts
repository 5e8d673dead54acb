/** Shared memory as the explorer sees it: words, and the steps that threads take on them.
 *
 *  A thread of a scenario is the code that ships, run over {@link ModelCells}. It is run from its beginning again and again:
 *  the results of the steps it has taken are handed to it anew, and at the first step that it has not taken yet it is
 *  suspended. So it stands still between any two steps, and can be continued in any order with the others. */
import type { Cells } from "../../packages/manyhands/dist/memory/cells.js";

/** A piece of memory: where its words begin among all words. */
export interface Region {
  readonly name: string;
  readonly base: number;
}

/** A step that a thread is about to take. */
export type Step =
  | {
      readonly do: "load" | "exchange" | "store" | "add" | "sub" | "or" | "and";
      readonly at: number;
      readonly value: number;
    }
  | { readonly do: "replace"; readonly at: number; readonly value: number; readonly next: number }
  | { readonly do: "wait"; readonly at: number; readonly value: number }
  | { readonly do: "notify"; readonly at: number }
  /** Something that the scenario leaves open, such as whether a wait is given up just now. */
  | { readonly do: "choose"; readonly among: number };

/** The words from here on are the test's own. */
export const NOTES_FROM = 20_000;

export type Result = number | boolean | string;

// Two places that differ only far out must not be taken for one.
Error.stackTraceLimit = 100;

/** Thrown at the first step that has no result yet. */
export class Suspended extends Error {
  readonly step: Step;

  constructor(step: Step) {
    super("suspended");
    this.step = step;
  }
}

/** One run of a thread up to where it stands. */
export class Replay {
  /** Whether a word is 0 and is never changed: then to load it is no step. */
  readonly empty: (at: number) => boolean;
  /** What the thread has in mind while it sleeps, besides where in the code it stands. With the same in mind at the same
   *  place it goes on in the same way, whatever it has learned before. */
  inMind = "";
  readonly #results: readonly Result[];
  #taken = 0;
  #suspended: Suspended | undefined;

  constructor(results: readonly Result[], empty: (at: number) => boolean) {
    this.#results = results;
    this.empty = empty;
  }

  /** Whether it stands where it has nothing in mind but what it says: at the note of who is inside, or where a parked wait begins
   *  anew. */
  get settled(): boolean {
    if (this.#suspended === undefined) return false;
    const { step } = this.#suspended;
    if ("at" in step && step.at === NOTES_FROM) return true;
    return step.do === "store" && /announce.*waitSync/s.test(this.where) && !this.where.includes("serveAll");
  }

  /** Where in the code it stands, with all calls that led there. */
  get where(): string {
    return this.#suspended?.stack ?? "";
  }

  take(step: Step): Result {
    // Code that cleans up after itself runs when it is suspended too; it must get nowhere.
    if (this.#suspended !== undefined) throw this.#suspended;
    if (this.#taken < this.#results.length) {
      this.#taken += 1;
      return this.#results[this.#taken - 1] as Result;
    }
    this.#suspended = new Suspended(step);
    throw this.#suspended;
  }
}

/** The words of a region, for one run of a thread. */
export class ModelCells implements Cells {
  readonly #replay: Replay;
  readonly #base: number;

  constructor(replay: Replay, { base }: Region) {
    this.#replay = replay;
    this.#base = base;
  }

  load(index: number): number {
    if (this.#replay.empty(this.#base + index)) return 0;
    return this.#change("load", index, 0);
  }

  store(index: number, value: number): void {
    this.#change("store", index, value);
  }

  replace(index: number, expected: number, next: number): boolean {
    return this.#replay.take({ do: "replace", at: this.#base + index, value: expected, next }) as boolean;
  }

  exchange(index: number, value: number): number {
    return this.#change("exchange", index, value);
  }

  add(index: number, value: number): number {
    return this.#change("add", index, value);
  }

  sub(index: number, value: number): number {
    return this.#change("sub", index, value);
  }

  or(index: number, bits: number): number {
    return this.#change("or", index, bits);
  }

  and(index: number, bits: number): number {
    return this.#change("and", index, bits);
  }

  wait(index: number, value: number): "ok" | "not-equal" | "timed-out" {
    return this.#replay.take({ do: "wait", at: this.#base + index, value }) as "ok" | "not-equal";
  }

  waitAsync(): never {
    throw new Error("a thread of a scenario waits parked, also when it plays an event loop");
  }

  notify(index: number): void {
    this.#replay.take({ do: "notify", at: this.#base + index });
  }

  #change(verb: "load" | "store" | "exchange" | "add" | "sub" | "or" | "and", index: number, value: number): number {
    return this.#replay.take({ do: verb, at: this.#base + index, value }) as number;
  }
}

/** What a step that changes a word leaves there. */
export function changed(step: Step, before: number): number {
  switch (step.do) {
    case "store":
    case "exchange":
      return step.value | 0;
    case "replace":
      return before === step.value ? step.next | 0 : before;
    case "add":
      return (before + step.value) | 0;
    case "sub":
      return (before - step.value) | 0;
    case "or":
      return before | step.value;
    case "and":
      return before & step.value;
    default:
      return before;
  }
}

/** What a thread learns from a step: no more than the code makes use of, since whatever it learns keeps it apart from others
 *  that have learned something else. */
export function learned(step: Step, before: number): Result {
  switch (step.do) {
    case "replace":
      return before === step.value;
    case "and":
      // Which of the bits that it clears were there.
      return before & ~step.value;
    case "load":
    case "exchange":
    case "add":
      return before;
    default:
      return 0;
  }
}
