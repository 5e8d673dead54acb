/** The waiters of one thread at one object, first come first served: tasks of its event loop, and the thread itself when it
 *  parks. To other threads they are one announcement, however many they are.
 *
 *  Guarantees: whenever control leaves the line while somebody stands in it, the thread is announced and has looked since,
 *  or a wake is on its way to its bell; who leaves changes nothing for the others; a wake that nobody here can use goes to
 *  another thread. Nothing in here waits or is asynchronous but `waitSync`, so that both ways to wait and the model that
 *  tries out all interleavings run the same steps. See PROTOCOL-WAITING.md. */
import type { Bell, Rung } from "./bell.js";
import { DEATH } from "./world.js";

/** How long this thread can wait for another that is inside of something: in a turn of its event loop hardly, parked as long
 *  as it has to. */
export type Waiting = "turn" | "parked";

/** What there is to wait for, as a line sees it. */
export interface Gate {
  /** Makes known that this thread waits. Looking comes after it, never before. */
  announce(): void;
  /** Takes that back. @returns `woken` when a wake has come already. */
  retract(): "in time" | "woken";
  /** Wakes another thread if there is something for it to take. */
  passOn(): void;
  /** A thread has died: makes good what it owed. In a `turn` now or in a later one. */
  mourn(waiting: Waiting): void;
}

/** Somebody in the line. */
export interface Waiter {
  /** Tries to take what the waiter waits for. @returns whether the wait is over. */
  readonly attempt: () => boolean;
  /** Called when it is over, after the waiter has left the line. */
  readonly ready: () => void;
}

interface Place extends Waiter {
  before: Place | undefined;
  behind: Place | undefined;
  state: "standing" | "gone";
}

/** The time a thread may park. */
export type TimeLeft = () => number;

export class Line implements Rung {
  readonly lane: number;
  readonly #bell: Bell;
  readonly #gate: Gate;
  #first: Place | undefined;
  #last: Place | undefined;
  #serving: "not" | "serving" | "once more" = "not";
  #sharing: "own" | "shared" = "own";

  constructor(bell: Bell, lane: number, gate: Gate) {
    this.#bell = bell;
    this.lane = lane;
    this.#gate = gate;
  }

  get empty(): boolean {
    return this.#first === undefined;
  }

  /** Whether to wait here is worth staying alive for: only when somebody else can end the wait. */
  get holds(): boolean {
    return this.#sharing === "shared" && this.#first !== undefined;
  }

  /** Another thread or process has the object too. */
  share(): void {
    if (this.#sharing === "shared") return;
    this.#sharing = "shared";
    if (this.#first !== undefined) this.#bell.enlist(this);
  }

  /** Joins the line; the wait may be over at once. @returns the way to leave it. */
  join(waiter: Waiter): Disposable {
    const place: Place = { ...waiter, before: this.#last, behind: undefined, state: "standing" };
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    if (this.#first === place) {
      this.#bell.enlist(this);
      this.serve();
    }
    return { [Symbol.dispose]: () => this.#leave(place) };
  }

  serve(): void {
    // An attempt may change the object for others, and so come back here: then it is looked once more, in order.
    if (this.#serving !== "not") this.#serving = "once more";
    else if (this.#first !== undefined) this.#serveAll();
  }

  #serveAll(): void {
    try {
      do {
        this.#serving = "serving";
        this.#gate.announce();
        // Announced once is enough: whoever takes the announcement meanwhile rings, and we look again.
        while (this.#first?.attempt() === true) {
          const place = this.#first;
          this.#remove(place);
          place.ready();
        }
      } while (this.#wantedOnceMore());
    } finally {
      // Also after a failure, which must not shut the line to all that come.
      this.#serving = "not";
    }
    if (this.#first === undefined) this.#emptied();
  }

  #wantedOnceMore(): boolean {
    return this.#serving === "once more" && this.#first !== undefined;
  }

  mourn(): void {
    this.#gate.mourn("turn");
    this.serve();
  }

  yieldWake(): void {
    // Not announced until it looks again: what is given meanwhile is given to threads that can use it.
    this.#gate.retract();
    this.#gate.passOn();
  }

  /** Parks the thread until `attempt` succeeds. Passes by the tasks in the line: they could not run before it is over.
   *  @returns false when the time was over first. */
  waitSync(attempt: () => boolean, left: TimeLeft): boolean {
    for (;;) {
      this.#gate.announce();
      if (attempt()) return this.#unparked(true);
      const ms = left();
      if (ms <= 0) return this.#unparked(false);
      if ((this.#bell.sleep(ms, this) & DEATH) !== 0) this.#gate.mourn("parked");
    }
  }

  #unparked(success: boolean): boolean {
    if (this.#first === undefined) this.#takeBack();
    else this.serve();
    return success;
  }

  #leave(place: Place): void {
    if (place.state === "gone") return;
    this.#remove(place);
    if (this.#first === undefined) this.#emptied();
  }

  #remove(place: Place): void {
    place.state = "gone";
    if (place.before === undefined) this.#first = place.behind;
    else place.before.behind = place.behind;
    if (place.behind === undefined) this.#last = place.before;
    else place.behind.before = place.before;
  }

  #emptied(): void {
    this.#bell.dismiss(this);
    this.#takeBack();
  }

  #takeBack(): void {
    if (this.#gate.retract() === "woken") this.#gate.passOn();
  }
}
