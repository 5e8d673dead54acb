/** Mistakes that one could make in the protocol, each made on purpose: by a class that does one step differently, or by
 *  something between the code and the memory. None of them is in code that ships, not even switched off. */
import type { Cells } from "../../packages/manyhands/dist/memory/cells.js";
import { SharedBarrier } from "../../packages/manyhands/dist/sync/barrier-core.js";
import { SharedCondition } from "../../packages/manyhands/dist/sync/condition-core.js";
import { SharedEvent } from "../../packages/manyhands/dist/sync/event-core.js";
import { SharedLock, type Taking } from "../../packages/manyhands/dist/sync/lock-core.js";
import { SharedSemaphore } from "../../packages/manyhands/dist/sync/semaphore-core.js";
import { OBJECT_HEADER } from "../../packages/manyhands/dist/sync/site.js";
import type { Classes, ScenarioName } from "./scenarios.js";
import type { Twist } from "./stage.js";

/** Cells that do some operations differently. */
function altered(cells: Cells, changes: Partial<Cells>): Cells {
  const plain: Cells = {
    load: (at) => cells.load(at),
    store: (at, value) => cells.store(at, value),
    replace: (at, expected, next) => cells.replace(at, expected, next),
    exchange: (at, value) => cells.exchange(at, value),
    add: (at, value) => cells.add(at, value),
    sub: (at, value) => cells.sub(at, value),
    or: (at, bits) => cells.or(at, bits),
    and: (at, bits) => cells.and(at, bits),
    wait: (at, value, ms) => cells.wait(at, value, ms),
    waitAsync: (at, value) => cells.waitAsync(at, value),
    notify: (at) => cells.notify(at),
  };
  return { ...plain, ...changes };
}

const DEATH = 1 << 31;

const ringsNobody: Twist = (cells) => altered(cells, { notify: () => undefined });

const leavesNoBit: Twist = (cells, { name }) => (name === "world" ? altered(cells, { or: () => 0 }) : cells);

const tollsNoDeath: Twist = (cells, { name }) =>
  name === "world" ? altered(cells, { or: (at, bits) => (bits === DEATH ? 0 : cells.or(at, bits)) }) : cells;

const takesBellInTwoSteps: Twist = (cells, { name }) =>
  name !== "world"
    ? cells
    : altered(cells, {
        exchange: (at, value) => {
          const before = cells.load(at);
          cells.store(at, value);
          return before;
        },
      });

/** The bit that a waker takes is cleared only when it has rung. */
const clearsAfterRinging = (): Twist => {
  let clear: (() => void) | undefined;
  return (cells, { name }) => {
    if (name !== "world") {
      return altered(cells, {
        and: (at, bits) => {
          const before = cells.load(at);
          clear = () => void cells.and(at, bits);
          return before;
        },
      });
    }
    clear = undefined;
    return altered(cells, {
      notify: (at) => {
        cells.notify(at);
        clear?.();
        clear = undefined;
      },
    });
  };
};

/** Where the tickets of a lock's waiting set begin: behind its truth, and the nine words before them. */
const TICKETS = OBJECT_HEADER + 1 + 9;

/** Whoever sits there now is taken for the one who announced himself. */
const takesSeatForTicket = (): Twist => {
  let world: Cells | undefined;
  return (cells, { name }) => {
    if (name === "world") {
      world = cells;
      return cells;
    }
    return altered(cells, {
      load: (at) => {
        const word = cells.load(at);
        if (at < TICKETS || word === 0 || world === undefined) return word;
        const seat = at - TICKETS;
        return (world.load(16 + 16 * seat + 1) << 8) | seat;
      },
    });
  };
};

class LooksFirst extends SharedLock {
  override announce(): void {
    // Only when it has looked.
  }
  override take(): Taking {
    const taking = super.take();
    if (taking === "busy") super.announce();
    return taking;
  }
}

class NeverAnnounces extends SharedLock {
  override announce(): void {
    // Nobody is told.
  }
}

class PassesNothingOn extends SharedLock {
  override passOn(): void {
    // Whoever waits may sleep on.
  }
}

class ForgetsItsWake extends SharedLock {
  override retract(): "in time" | "woken" {
    super.retract();
    return "in time";
  }
}

class TakesInTwoSteps extends SharedLock {
  override take(): Taking {
    const { cells, bell } = this.site;
    if (cells.load(OBJECT_HEADER) !== 0) return "busy";
    cells.store(OBJECT_HEADER, bell.ticket);
    return "taken";
  }
}

class CountsInTwoSteps extends SharedSemaphore {
  override take(): boolean {
    const value = this.value();
    if (value > 0) this.site.cells.store(OBJECT_HEADER, value - 1);
    return value > 0;
  }
}

class ForgetsThatItWasSet extends SharedEvent {
  override attempt(): () => boolean {
    return () => this.isSet();
  }
}

class TellsOne extends SharedEvent {
  protected override handToAll(): void {
    this.handOn();
  }
}

class KeepsItsNotification extends SharedCondition {
  override withdraw(): void {
    this.leave();
  }
}

class InheritsNothing extends SharedCondition {
  override mourn(): void {
    // What the dead were given is lost.
  }
}

class WaitsForTheDead extends SharedBarrier {
  override mourn(): void {
    // They may come yet.
  }
}

interface Defect {
  readonly what: string;
  readonly seenIn: ScenarioName;
  readonly made: () => Twist | Partial<Classes>;
}

export const DEFECTS: readonly Defect[] = [
  { what: "rings without waking", seenIn: "a lock is released to two threads", made: () => ringsNobody },
  { what: "wakes without leaving a bit", seenIn: "a lock is released to two threads", made: () => leavesNoBit },
  { what: "clears the bit after ringing", seenIn: "two threads, a lock, twice each", made: clearsAfterRinging },
  { what: "looks before announcing", seenIn: "a lock is released to two threads", made: () => ({ Lock: LooksFirst }) },
  { what: "never announces", seenIn: "a lock is released to two threads", made: () => ({ Lock: NeverAnnounces }) },
  {
    what: "does not pass a wake on",
    seenIn: "a lock is released to a thread and a task that gives up",
    made: () => ({ Lock: PassesNothingOn }),
  },
  {
    what: "does not notice that it was woken when it leaves",
    seenIn: "a lock is released to a thread and a task that gives up",
    made: () => ({ Lock: ForgetsItsWake }),
  },
  { what: "takes the bell in two steps", seenIn: "a thread waits for two locks", made: () => takesBellInTwoSteps },
  { what: "tolls for no death", seenIn: "a lock, and a death at every step", made: () => tollsNoDeath },
  {
    what: "gives a wake to a seat",
    seenIn: "a lock, and a dead waiter whose seat is taken again",
    made: takesSeatForTicket,
  },
  {
    what: "takes a lock in two steps",
    seenIn: "two threads, a lock, twice each",
    made: () => ({ Lock: TakesInTwoSteps }),
  },
  {
    what: "takes a permit in two steps",
    seenIn: "two threads, a semaphore of one",
    made: () => ({ Semaphore: CountsInTwoSteps }),
  },
  {
    what: "forgets that an event was set",
    seenIn: "an event, set and cleared at once",
    made: () => ({ Event: ForgetsThatItWasSet }),
  },
  { what: "tells one of an event", seenIn: "an event, set while two threads come", made: () => ({ Event: TellsOne }) },
  {
    what: "keeps a notification when it gives up",
    seenIn: "a condition, two waiters, one of which gives up",
    made: () => ({ Condition: KeepsItsNotification }),
  },
  {
    what: "lets a notification die with its receiver",
    seenIn: "a condition, and the death of a waiter at every step",
    made: () => ({ Condition: InheritsNothing }),
  },
  {
    what: "waits for a party that has died",
    seenIn: "a barrier of three, and a party that is found dead",
    made: () => ({ Barrier: WaitsForTheDead }),
  },
];
