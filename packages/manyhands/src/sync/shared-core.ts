/** What all objects in shared memory that can be waited for have in common: the line of this thread, and the set of threads
 *  that wait. */
import { laneOf } from "../memory/bell.js";
import { type Gate, Line } from "../memory/line.js";
import { WaitingSet } from "../memory/waiting-set.js";
import type { Site } from "./site.js";
import type { Core } from "./travel.js";

export abstract class SharedCore implements Core, Gate {
  readonly line: Line;
  protected readonly site: Site;
  protected readonly waiting: WaitingSet;

  /** @param waitingAt - the index of the waiting set's first word */
  constructor(site: Site, waitingAt: number) {
    const { bell, cells, object } = site;
    const lane = laneOf(object);
    this.site = site;
    this.waiting = new WaitingSet(bell.world, cells, waitingAt, lane);
    this.line = new Line(bell, lane, this);
  }

  share(): void {
    this.line.share();
  }

  announce(): void {
    this.waiting.announce(this.site.bell.seat, this.site.bell.ticket);
  }

  retract(): "in time" | "woken" {
    return this.waiting.retract(this.site.bell.seat);
  }

  abstract passOn(): void;

  mourn(): void {
    // Most objects owe nothing to the dead but a look, which follows.
  }

  /** Somebody may take something now. When it is the turn of this thread, its next task gets it here and now. */
  protected handOn(): void {
    const { seat } = this.site.bell;
    if (this.waiting.wakeOne(seat) === seat) this.line.serve();
  }

  /** All may look. */
  protected handToAll(): void {
    this.waiting.wakeAll();
    this.line.serve();
  }
}
