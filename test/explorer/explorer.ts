/** Tries out every interleaving of the steps of a few threads, and every place at which one of them may die.
 *
 *  Guarantees: a state that was reached before, by whatever way, is not explored again; the number of interleavings is
 *  counted all the same. Steps that no other thread can notice (on a word that only one thread uses, or that nobody
 *  changes) are taken together with the step before; which words these are is found out by exploring, and the
 *  exploration begins anew when a word turns out to be shared after all. */
import { changed, learned, type Region, Replay, type Result, type Step, Suspended } from "./memory-model.js";

/** A thread of a scenario. */
export interface Actor {
  readonly name: string;
  /** What it does, one after another, the same whenever the steps give the same results. From one to the next it has nothing
   *  in mind. */
  readonly runs: readonly ((replay: Replay) => void)[];
  /** It may die before any of its steps. */
  readonly mortal?: true;
  /** It begins when that actor has died. */
  readonly afterDeathOf?: number;
}

export interface Scenario {
  readonly actors: readonly Actor[];
  /** The words at the beginning. */
  readonly initial: ReadonlyMap<number, number>;
}

/** What was explored. */
export interface Findings {
  readonly states: number;
  readonly interleavings: bigint;
  /** The first thing found that must not be; `undefined` when all is well. */
  readonly violation: string | undefined;
}

/** A thread up to where it stands: known by the results of its steps. */
interface Standing {
  readonly run: number;
  readonly next: Step | "done" | { readonly failed: string };
  readonly results: readonly Result[];
  readonly after: Map<Result, number>;
}

/** States of a thread, beside where it stands. */
const READY = 0;
const ASLEEP = 1;
const DEAD = 2;
const UNBORN = 3;

/** All words in use, then for each thread where it stands, then for each its state: in one piece, for it is copied at every
 *  step and looked up by its contents. */
type State = Int32Array<ArrayBuffer>;

/** Words that were never changed have no place in it: they are 0. */
const NOWHERE = -1;

/** More words than any scenario changes. */
const WORDS = 48;

/** How the words are used, over all that has been explored. */
class Usage {
  readonly #users = new Map<number, Set<number>>();
  readonly #changed = new Set<number>();
  readonly shared = new Set<number>();
  /** Words that are changed, or are not 0 from the beginning. */
  readonly #filled: Set<number>;

  constructor(initial: Iterable<number>) {
    this.#filled = new Set(initial);
  }

  readonly empty = (at: number): boolean => !this.#filled.has(at);

  note(actor: number, at: number, changes: boolean): void {
    const users = this.#users.get(at) ?? new Set();
    this.#users.set(at, users.add(actor));
    if (changes && !this.#filled.has(at)) {
      this.#filled.add(at);
      throw new TurnedOutShared();
    }
    if (changes) this.#changed.add(at);
    if (users.size > 1 && this.#changed.has(at) && !this.shared.has(at)) {
      this.shared.add(at);
      throw new TurnedOutShared();
    }
  }
}

/** There is something that must not be. */
class Violation extends Error {}

/** A word was taken for one that nobody else can notice. */
class TurnedOutShared extends Error {}

export class Explorer {
  readonly #scenario: Scenario;
  #standings: Standing[] = [];
  /** Standings that several histories lead to. */
  readonly #known = new Map<string, number>();
  readonly #usage: Usage;
  readonly #slots = new Map<number, number>();
  #seen = new Map<string, bigint>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#usage = new Usage(scenario.initial.keys());
    for (const at of scenario.initial.keys()) this.#slot(at);
  }

  explore(): Findings {
    for (;;) {
      this.#seen = new Map();
      this.#standings = [];
      this.#known.clear();
      try {
        const interleavings = this.#from(this.#first());
        return { states: this.#seen.size, interleavings, violation: undefined };
      } catch (error) {
        if (error instanceof TurnedOutShared) continue;
        if (!(error instanceof Violation)) throw error;
        return { states: this.#seen.size, interleavings: 0n, violation: error.message };
      }
    }
  }

  #first(): State {
    const { actors, initial } = this.#scenario;
    let state: State = new Int32Array(WORDS + 2 * actors.length);
    for (const [at, value] of initial) state[this.#slot(at)] = value;
    for (const [actor, { afterDeathOf }] of actors.entries()) {
      state[this.#standingOf(actor)] = this.#beginning(actor, 0);
      state[this.#statusOf(actor)] = afterDeathOf === undefined ? READY : UNBORN;
    }
    for (const actor of actors.keys())
      if (state[this.#statusOf(actor)] === READY) state = this.#quietSteps(state, actor);
    return state;
  }

  /** How many ways lead from here to an end. */
  #from(state: State): bigint {
    const key = Buffer.from(state.buffer).toString("latin1");
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    let [ways, ended] = [0n, true];
    for (let actor = 0; actor < this.#scenario.actors.length; actor += 1) {
      for (const next of this.#successors(state, actor)) {
        ways += this.#from(next);
        ended = false;
      }
    }
    if (ended) {
      this.#requireAllDone(state);
      ways = 1n;
    }
    this.#seen.set(key, ways);
    return ways;
  }

  #requireAllDone(state: State): void {
    for (const [actor, { name }] of this.#scenario.actors.entries()) {
      const status = state[this.#statusOf(actor)];
      if (status === ASLEEP || (status === READY && this.#at(state, actor).next !== "done")) {
        throw new Violation(`${name} sleeps for ever`);
      }
    }
  }

  #successors(state: State, actor: number): State[] {
    const { next } = this.#at(state, actor);
    const { mortal, name } = this.#scenario.actors[actor] as Actor;
    const status = state[this.#statusOf(actor)];
    if (status === DEAD || status === UNBORN || next === "done") return [];
    if ("failed" in next) throw new Violation(`${name} ${next.failed}`);
    const states = mortal === true ? [this.#died(state, actor)] : [];
    if (status === READY) states.push(...this.#taken(state, actor, next));
    return states;
  }

  #died(state: State, actor: number): State {
    let next = state.slice();
    next[this.#statusOf(actor)] = DEAD;
    for (const [other, { afterDeathOf }] of this.#scenario.actors.entries()) {
      if (afterDeathOf !== actor) continue;
      next[this.#statusOf(other)] = READY;
      next = this.#quietSteps(next, other);
    }
    return next;
  }

  #taken(state: State, actor: number, step: Step): State[] {
    if (step.do !== "choose") return [this.#quietSteps(this.#step(state.slice(), actor, step), actor)];
    return Array.from({ length: step.among }, (_, choice) =>
      this.#quietSteps(this.#learned(state.slice(), actor, choice), actor),
    );
  }

  /** Takes a step, in place. */
  #step(state: State, actor: number, step: Exclude<Step, { do: "choose" }>): State {
    this.#usage.note(actor, step.at, step.do !== "load" && step.do !== "wait");
    const before = state[this.#slots.get(step.at) ?? NOWHERE] ?? 0;
    if (step.do === "wait") {
      if (before !== step.value) return this.#learned(state, actor, "not-equal");
      state[this.#statusOf(actor)] = ASLEEP;
      return state;
    }
    if (step.do === "notify") this.#notify(state, step.at);
    else if (changed(step, before) !== before) state[this.#slot(step.at)] = changed(step, before);
    return this.#learned(state, actor, learned(step, before));
  }

  #notify(state: State, at: number): void {
    for (const actor of this.#scenario.actors.keys()) {
      const { next } = this.#at(state, actor);
      if (state[this.#statusOf(actor)] !== ASLEEP || typeof next !== "object" || !("at" in next) || next.at !== at)
        continue;
      state[this.#statusOf(actor)] = READY;
      this.#learned(state, actor, "ok");
      this.#quietSteps(state, actor);
    }
  }

  /** Takes the steps that nobody else can notice, in place. */
  #quietSteps(state: State, actor: number): State {
    for (;;) {
      const { next } = this.#at(state, actor);
      if (next === "done" || "failed" in next || next.do === "choose" || next.do === "wait") return state;
      this.#usage.note(actor, next.at, next.do !== "load");
      if (this.#usage.shared.has(next.at) || next.do === "notify") return state;
      this.#step(state, actor, next);
    }
  }

  #learned(state: State, actor: number, result: Result): State {
    const { after, results, run } = this.#at(state, actor);
    let next = after.get(result);
    if (next === undefined) {
      next = this.#standing(actor, run, [...results, result]);
      after.set(result, next);
    }
    state[this.#standingOf(actor)] = next;
    return state;
  }

  #standingOf(actor: number): number {
    return WORDS + actor;
  }

  #statusOf(actor: number): number {
    return WORDS + this.#scenario.actors.length + actor;
  }

  #standing(actor: number, run: number, results: readonly Result[]): number {
    const { runs } = this.#scenario.actors[actor] as Actor;
    const replay = new Replay(results, this.#usage.empty);
    let next: Standing["next"] = "done";
    try {
      runs[run]?.(replay);
      if (run + 1 < runs.length) return this.#beginning(actor, run + 1);
    } catch (error) {
      next = error instanceof Suspended ? error.step : { failed: String(error) };
    }
    const added = (): number => this.#standings.push({ run, next, results, after: new Map() }) - 1;
    if (next === "done") return this.#same(`${actor} is done`, added);
    if (!("do" in next) || !(next.do === "wait" || replay.settled)) return added();
    return this.#same(`${actor} ${run} ${JSON.stringify(next)} ${replay.inMind} ${replay.where}`, added);
  }

  #beginning(actor: number, run: number): number {
    return this.#same(`${actor} begins ${run}`, () => this.#standing(actor, run, []));
  }

  #same(key: string, make: () => number): number {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #at(state: State, actor: number): Standing {
    return this.#standings[state[this.#standingOf(actor)] as number] as Standing;
  }

  #slot(at: number): number {
    const slot = this.#slots.get(at) ?? this.#slots.size;
    if (slot === WORDS) throw new Error("the scenario changes too many words");
    this.#slots.set(at, slot);
    return slot;
  }
}

/** The words of a region that are not 0, as a direct run has left them. */
export function wordsOf({ base }: Region, words: Int32Array): Map<number, number> {
  const initial = new Map<number, number>();
  for (const [index, word] of words.entries()) if (word !== 0) initial.set(base + index, word);
  return initial;
}
