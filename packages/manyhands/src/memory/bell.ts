/** A thread's own bell: the one word it ever sleeps on, parked or in its event loop, for all objects it waits for.
 *
 *  Guarantees: the thread sleeps only while the word is 0, and takes all bits at once, so what is rung before it falls
 *  asleep keeps it awake; every line whose lane was rung looks again, all of them after a death. A line that is rung while
 *  the thread is parked for another passes the wake on, and looks when the thread is no longer parked. See
 *  PROTOCOL-WAITING.md. */
import { DEATH, LANES, type Seat, seatOf, type Ticket, type World } from "./world.js";

/** The waiters of this thread at one object. */
export interface Rung {
  readonly lane: number;
  /** Whether its wait keeps the program alive. */
  readonly holds: boolean;
  /** Somebody may have been given something to take: look. */
  serve(): void;
  /** A thread has died: what it owed is made good, then look. */
  mourn(): void;
  /** The wake that came cannot be used now: let another thread have it. */
  yieldWake(): void;
}

/** What has the thread listen to its bell in its event loop. */
export interface Attention {
  /** Somebody waits: the bell must be listened to. */
  listen(): void;
  /** Bits were put aside and have to be answered in a later turn. */
  later(): void;
  /** Whether the program must stay alive for what is waited for. */
  hold(how: "ref" | "unref"): void;
}

/** For a thread that parks and does nothing else. */
const NO_ATTENTION: Attention = { listen: () => undefined, later: () => undefined, hold: () => undefined };

/** The lane of an object: objects that share one look in vain now and then. */
export const laneOf = (object: number): number => (object >>> 0) % LANES;

export class Bell {
  readonly world: World;
  readonly ticket: Ticket;
  readonly seat: Seat;
  readonly #lines = new Set<Rung>();
  /** Those of them that keep the program alive. */
  readonly #holding = new Set<Rung>();
  #attention: Attention = NO_ATTENTION;
  /** Bits that were taken while the thread was parked for something else. */
  #aside = 0;

  constructor(world: World, ticket: Ticket) {
    this.world = world;
    this.ticket = ticket;
    this.seat = seatOf(ticket);
  }

  attend(attention: Attention): void {
    this.#attention = attention;
  }

  /** Whether anybody of this thread waits. */
  get awaited(): boolean {
    return this.#lines.size > 0;
  }

  /** The line has waiters from now on. */
  enlist(line: Rung): void {
    this.#lines.add(line);
    this.#attention.listen();
    if (!line.holds) return;
    this.#holding.add(line);
    if (this.#holding.size === 1) this.#attention.hold("ref");
  }

  /** The line has none any more. */
  dismiss(line: Rung): void {
    this.#lines.delete(line);
    if (this.#holding.delete(line) && this.#holding.size === 0) this.#attention.hold("unref");
  }

  /** Takes what the bell says, and has the lines look that it concerns. */
  answer(): void {
    const bits = this.world.takeBell(this.seat) | this.#aside;
    this.#aside = 0;
    if (bits === 0) return;
    const failures: unknown[] = [];
    for (const line of [...this.#lines]) {
      try {
        if ((bits & DEATH) !== 0) line.mourn();
        else if ((bits & (1 << line.lane)) !== 0) line.serve();
      } catch (error) {
        // Not before all have looked: the bits are taken, and nobody would ring for the others again.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Parks the thread until the bell says something or the time is over.
   *  @param ms - the longest sleep
   *  @param sleeper - the line on whose behalf it sleeps; its own news is not passed on
   *  @returns what the bell said; 0 when the time is over. */
  sleep(ms: number, sleeper: Rung): number {
    this.world.sleep(this.seat, ms);
    const bits = this.world.takeBell(this.seat);
    if (bits === 0) return 0;
    // Tasks of this thread cannot run while it is parked. If they were given what they wait for, all others would wait with
    // them, perhaps even the one this thread is parked for.
    for (const line of this.#lines) {
      if (line !== sleeper && (bits & ((1 << line.lane) | DEATH)) !== 0) line.yieldWake();
    }
    if (this.#lines.size > 0) this.#putAside(bits);
    return bits;
  }

  #putAside(bits: number): void {
    this.#aside |= bits;
    this.#attention.later();
  }
}
