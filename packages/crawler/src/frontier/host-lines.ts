/** Addresses in line at their hosts, and whose turn it is.
 *
 *  A host with addresses in line is a *candidate*, or rests until a time that its pace says, or is full until a request ends. Only
 *  candidates are looked at, so that thousands of hosts that rest cost nothing at each turn.
 *
 *  Guarantees: the pace of every host is kept; hosts take turns, so that one with many addresses does not hold up the others;
 *  addresses of one host go in the order in which they came; before any of a host's, its robots.txt, alone. */
import type { Pace, PaceLimits } from "../politeness/pace.js";
import { AT_REST, ended, paused, started, turnOf } from "../politeness/pace.js";
import { TimeHeap } from "./time-heap.js";

/** What to do next. */
export type NextTurn<T> =
  | { readonly do: "fetch"; readonly host: string; readonly item: T }
  | { readonly do: "robots"; readonly host: string }
  /** Nothing may start before this time, in ms, unless a request ends or an address comes. */
  | { readonly do: "wait"; readonly until: number }
  /** Nothing may start before a request ends or an address comes. */
  | { readonly do: "nothing" };

/** Whether a host's robots.txt is known. */
type Door =
  | { readonly kind: "unknown" }
  | { readonly kind: "asking" }
  | { readonly kind: "open"; readonly until: number };

interface HostLine<T> {
  readonly host: string;
  readonly items: T[];
  /** Where the line begins: what stands before it in `items` is gone. */
  head: number;
  pace: Pace;
  limits: PaceLimits;
  door: Door;
}

export class HostLines<T> {
  readonly #lines = new Map<string, HostLine<T>>();
  /** Hosts that may be able to start something, in the order of their turns. */
  readonly #candidates = new Set<HostLine<T>>();
  /** Hosts that rest. One that has been looked at meanwhile is looked at once more, which does no harm. */
  readonly #resting = new TimeHeap<HostLine<T>>();
  readonly #limits: PaceLimits;
  readonly #doors: "closed" | "open";

  /** @param doors "closed": a host's robots.txt comes before its addresses */
  constructor(limits: PaceLimits, doors: "closed" | "open") {
    this.#limits = limits;
    this.#doors = doors;
  }

  get hosts(): number {
    return this.#lines.size;
  }

  add(host: string, item: T): void {
    const line = this.#lineOf(host);
    line.items.push(item);
    this.#candidates.add(line);
  }

  /** The next thing to do at `now`; what is returned has begun, and must be ended by {@link ended}. */
  next(now: number): NextTurn<T> {
    for (let line = this.#resting.popDue(now); line !== undefined; line = this.#resting.popDue(now)) {
      this.#candidates.add(line);
    }
    for (const line of this.#candidates) {
      // At the end of the order if it starts something, and else out of it until something changes.
      this.#candidates.delete(line);
      if (line.items.length === 0) continue;
      const turn = this.#turnOf(line, now);
      if (turn.do === "start") return this.#start(line, now);
      if (turn.do === "wait") this.#resting.push(turn.until, line);
    }
    const until = this.#resting.next;
    return until === Number.POSITIVE_INFINITY ? { do: "nothing" } : { do: "wait", until };
  }

  /** A request of the host has ended. */
  ended(host: string): void {
    const line = this.#lineOf(host);
    line.pace = ended(line.pace);
    this.#candidates.add(line);
  }

  /** No request to the host starts before `until`. */
  pause(host: string, until: number): void {
    const line = this.#lineOf(host);
    line.pace = paused(line.pace, until);
  }

  /** The host's robots.txt is known: until when, in ms, and how far apart it wants requests to be. */
  open(host: string, until: number, delay: number): void {
    const line = this.#lineOf(host);
    line.door = { kind: "open", until };
    this.#candidates.add(line);
    line.limits =
      delay > 0 ? { perHost: this.#limits.perHost, delay: Math.max(delay, this.#limits.delay) } : this.#limits;
  }

  /** Takes those out of the host's line that `stays` does not hold for, and returns them. */
  sift(host: string, stays: (item: T) => boolean): readonly T[] {
    const line = this.#lineOf(host);
    const all = line.items.splice(0).slice(line.head);
    line.head = 0;
    const out: T[] = [];
    for (const item of all) (stays(item) ? line.items : out).push(item);
    return out;
  }

  /** The host's robots.txt is to be asked for again. */
  close(host: string): void {
    const line = this.#lineOf(host);
    line.door = { kind: "unknown" };
    this.#candidates.add(line);
  }

  #turnOf(line: HostLine<T>, now: number): ReturnType<typeof turnOf> {
    if (line.door.kind === "asking") return { do: "hold" };
    return turnOf(line.pace, line.limits, now);
  }

  #start(line: HostLine<T>, now: number): NextTurn<T> {
    this.#candidates.add(line);
    line.pace = started(line.pace, line.limits, now);
    const { host, door } = line;
    if (door.kind === "unknown" || (door.kind === "open" && now >= door.until)) {
      line.door = { kind: "asking" };
      return { do: "robots", host };
    }
    const item = line.items[line.head] as T;
    line.head += 1;
    // Not at every step, which would move all that are left each time.
    if (line.head === line.items.length || (line.head > 1024 && line.head * 2 > line.items.length)) {
      line.items.splice(0, line.head);
      line.head = 0;
    }
    return { do: "fetch", host, item };
  }

  #lineOf(host: string): HostLine<T> {
    const known = this.#lines.get(host);
    if (known !== undefined) return known;
    const door: Door =
      this.#doors === "closed" ? { kind: "unknown" } : { kind: "open", until: Number.POSITIVE_INFINITY };
    const line = { host, items: [], head: 0, pace: AT_REST, limits: this.#limits, door };
    this.#lines.set(host, line);
    return line;
  }
}
