/** The scenarios: what a few threads do with an object, small enough that every interleaving can be tried. */
import { Bell } from "../../packages/manyhands/dist/memory/bell.js";
import type { Ticket } from "../../packages/manyhands/dist/memory/world.js";
import { SharedBarrier } from "../../packages/manyhands/dist/sync/barrier-core.js";
import { SharedCondition } from "../../packages/manyhands/dist/sync/condition-core.js";
import { SharedEvent } from "../../packages/manyhands/dist/sync/event-core.js";
import { SharedLock } from "../../packages/manyhands/dist/sync/lock-core.js";
import { SharedSemaphore } from "../../packages/manyhands/dist/sync/semaphore-core.js";
import { OBJECT_HEADER, type Site } from "../../packages/manyhands/dist/sync/site.js";
import type { Scenario } from "./explorer.js";
import { type Role, type Self, scenario, type Twist } from "./stage.js";

/** The classes that a scenario is run with: those that ship, or one with a defect in it. */
export interface Classes {
  readonly Lock: typeof SharedLock;
  readonly Semaphore: typeof SharedSemaphore;
  readonly Event: typeof SharedEvent;
  readonly Condition: typeof SharedCondition;
  readonly Barrier: typeof SharedBarrier;
}

export const SHIPPED: Classes = {
  Lock: SharedLock,
  Semaphore: SharedSemaphore,
  Event: SharedEvent,
  Condition: SharedCondition,
  Barrier: SharedBarrier,
};

const FOREVER = Number.POSITIVE_INFINITY;
/** The id of a thread that is no actor. */
const DEAD = 99;

/** Takes the lock, however often its holders die meanwhile. */
function acquire(lock: SharedLock): void {
  for (;;) {
    try {
      lock.acquireSync(FOREVER);
      return;
    } catch (error) {
      // Nothing else may be thrown: the explorer takes everything else for a violation.
      if (!(error instanceof Error) || error.name !== "AbandonedError") throw error;
    }
  }
}

function holdOnce(self: Self, lock: SharedLock): void {
  acquire(lock);
  self.enter();
  self.leave();
  lock.release();
}

const locker =
  ({ Lock }: Classes) =>
  (self: Self): void =>
    holdOnce(self, new Lock(self.site()));

/** Holds the lock from the beginning, and releases it. */
const holder =
  ({ Lock }: Classes) =>
  (self: Self): void =>
    new Lock(self.site()).release();

/** Makes thread 0 the holder; who waits is looked for from thread 2 on. */
const held = ({ cells, bell }: Site): void => {
  cells.store(OBJECT_HEADER, bell.ticket);
  cells.store(OBJECT_HEADER + 1, 1);
};

/** A third thread has announced itself, and died; its seat is free. */
const heldWithDeadWaiter =
  ({ Lock }: Classes) =>
  (site: Site): void => {
    held(site);
    const { world } = site.bell;
    const bell = new Bell(world, world.sit(DEAD, -1));
    new Lock({ ...site, bell }).announce();
    world.bury(DEAD);
  };

/** Takes the lock for good. */
const taker =
  ({ Lock }: Classes) =>
  (self: Self): void =>
    acquire(new Lock(self.site()));

/** A task that waits for the lock, and may give up. */
const lockingTask =
  ({ Lock }: Classes) =>
  (self: Self): void => {
    const lock = new Lock(self.site());
    if (self.waitAsTask(lock.line, () => lock.take() !== "busy") === "given up") return;
    self.enter();
    self.leave();
    lock.release();
  };

/** Waits, but only for a moment. */
const deadWaiter =
  ({ Lock }: Classes) =>
  (self: Self): void => {
    const lock = new Lock(self.site());
    lock.announce();
    if (lock.retract() === "woken") lock.passOn();
  };

const permitUser =
  ({ Semaphore }: Classes, most: number) =>
  (self: Self): void => {
    const semaphore = new Semaphore(self.site());
    semaphore.acquireSync(FOREVER);
    self.enter(most);
    self.leave();
    semaphore.release(1);
  };

/** Has one permit from the beginning. */
const permitHolder =
  ({ Semaphore }: Classes) =>
  (self: Self): void =>
    new Semaphore(self.site()).release(1);

const permitTaker =
  ({ Semaphore }: Classes) =>
  (self: Self): void =>
    void new Semaphore(self.site()).acquireSync(FOREVER);

const permitTask =
  ({ Semaphore }: Classes) =>
  (self: Self): void => {
    const semaphore = new Semaphore(self.site());
    self.waitAsTask(semaphore.line, () => semaphore.take());
  };

const eventWaiter =
  ({ Event }: Classes) =>
  (self: Self): void => {
    const event = new Event(self.site());
    if (!event.waitSync(FOREVER)) throw new Error("the wait ended without the event");
  };

const BEGUN = 1;
const FLAG = 2;

/** Takes a note that it waits, then waits. */
const noticedWaiter =
  ({ Event }: Classes) =>
  (self: Self): void => {
    const event = new Event(self.site());
    const attempt = event.attempt();
    self.notes.store(BEGUN, 1);
    event.line.waitSync(attempt, () => FOREVER);
  };

const setter =
  ({ Event }: Classes) =>
  (self: Self): void => {
    const event = new Event(self.site());
    // Cleared only when the other waits already; who comes later would rightly wait for ever.
    const begun = self.notes.load(BEGUN) === 1;
    event.set();
    if (begun) event.clear();
  };

function waitNotified(condition: SharedCondition, lock: SharedLock): void {
  const notice = condition.enterSync();
  const suspended = lock.suspend();
  notice.waitSync(FOREVER);
  lock.resumeSync(suspended);
}

const consumer =
  ({ Condition, Lock }: Classes) =>
  (self: Self): void => {
    const [lock, condition] = [new Lock(self.site(0)), new Condition(self.site(1))];
    acquire(lock);
    while (self.notes.load(FLAG) === 0) waitNotified(condition, lock);
    self.notes.sub(FLAG, 1);
    lock.release();
  };

const producer =
  ({ Condition, Lock }: Classes, items = 1) =>
  (self: Self): void => {
    const [lock, condition] = [new Lock(self.site(0)), new Condition(self.site(1))];
    acquire(lock);
    self.notes.add(FLAG, items);
    condition.notify(items);
    lock.release();
  };

/** Has been registered, and waits to be notified. */
const registered =
  ({ Condition }: Classes) =>
  (self: Self): void => {
    const condition = new Condition(self.site());
    condition.line.waitSync(
      () => condition.take(),
      () => FOREVER,
    );
  };

/** Has been registered, and is cancelled. */
const quitter =
  ({ Condition }: Classes) =>
  (self: Self): void =>
    new Condition(self.site()).withdraw();

const notifier =
  ({ Condition }: Classes) =>
  (self: Self): void =>
    new Condition(self.site()).notify(1);

/** Threads 0 and 1 have been registered; the one of thread 1 comes first. */
const bothRegistered =
  ({ Condition }: Classes) =>
  (site: Site, _second: Site, tickets: readonly Ticket[]): void => {
    const { world } = site.bell;
    for (const ticket of tickets.slice(0, 2)) new Condition({ ...site, bell: new Bell(world, ticket) }).register();
  };

/** One party of three has arrived and died; nobody knows of it yet. */
const deadParty =
  ({ Barrier }: Classes) =>
  (site: Site): void => {
    new Barrier(site).fill(3);
    const { world } = site.bell;
    new Barrier({ ...site, bell: new Bell(world, world.sit(DEAD, -1)) }).arrive("only opens");
  };

const digger = (self: Self): void => self.bell.world.bury(DEAD);

const party =
  ({ Barrier }: Classes) =>
  (self: Self): void => {
    new Barrier(self.site()).waitSync(FOREVER);
  };

/** Comes, and is told that the barrier is broken. */
const doomedParty =
  ({ Barrier }: Classes) =>
  (self: Self): void => {
    try {
      new Barrier(self.site()).waitSync(FOREVER);
      throw new Error("passed without the third");
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "BrokenBarrierError") throw error;
    }
  };

const twoLocks =
  ({ Lock }: Classes) =>
  (self: Self): void => {
    const locks = [new Lock(self.site(0)), new Lock(self.site(1))];
    let served = 0;
    for (const [index, lock] of locks.entries()) {
      const ready = (): void => {
        served += 1;
        lock.release();
        self.keepsInMind(`${index} was served`);
      };
      lock.line.join({ attempt: () => lock.take() !== "busy", ready });
    }
    self.live(() => served === locks.length);
  };

const releaser =
  ({ Lock }: Classes, object: number) =>
  (self: Self): void =>
    new Lock(self.site(object)).release();

/** Makes thread 1 the holder of the first object, and thread 2 that of the second. */
const heldByOthers = (first: Site, second: Site, tickets: readonly number[]): void => {
  first.cells.store(OBJECT_HEADER, tickets[1] ?? 0);
  second.cells.store(OBJECT_HEADER, tickets[2] ?? 0);
};

const permits =
  ({ Semaphore }: Classes, value: number) =>
  (site: Site): void =>
    new Semaphore(site).fill(value, 100);

const parties =
  ({ Barrier }: Classes, count: number) =>
  (site: Site): void =>
    new Barrier(site).fill(count);

const all = (...does: ((self: Self) => void)[]): Role[] => does.map((each) => ({ does: each }));

const twice = (...does: ((self: Self) => void)[]): Role[] => does.map((each) => ({ does: [each, each] }));

/** All scenarios by name. */
const SCENARIOS = {
  "two threads, a lock, twice each": (c, twist) => scenario(twice(locker(c), locker(c)), undefined, twist),
  "a lock is released to two threads": (c, twist) => scenario(all(holder(c), locker(c), locker(c)), held, twist),
  "a lock is released to a thread and a task that gives up": (c, twist) =>
    scenario(all(holder(c), locker(c), lockingTask(c)), held, twist),
  "a thread waits for two locks": (c, twist) =>
    scenario(all(twoLocks(c), releaser(c, 0), releaser(c, 1)), heldByOthers, twist),
  "a lock, and a death at every step": (c, twist) =>
    scenario([{ does: holder(c), mortal: true }, ...all(locker(c))], held, twist),
  "a lock, and the death of who waits at every step": (c, twist) =>
    scenario([...all(holder(c), taker(c)), { does: deadWaiter(c), mortal: true }], held, twist),
  "a lock, and a dead waiter whose seat is taken again": (c, twist) =>
    scenario([...all(holder(c), taker(c)), { does: () => undefined, seat: "later" }], heldWithDeadWaiter(c), twist),
  "two threads, a semaphore of one": (c, twist) =>
    scenario(all(permitUser(c, 1), permitUser(c, 1)), permits(c, 1), twist),
  "three threads, a semaphore of two": (c, twist) =>
    scenario(all(permitHolder(c), permitTaker(c), permitTaker(c)), permits(c, 1), twist),
  "two permits for a task that may give up and a thread": (c, twist) =>
    scenario(
      all((self) => new c.Semaphore(self.site()).release(2), permitTask(c), permitTaker(c)),
      permits(c, 0),
      twist,
    ),
  "an event, set while two threads come": (c, twist) =>
    scenario(
      all(eventWaiter(c), eventWaiter(c), (self) => new c.Event(self.site()).set()),
      undefined,
      twist,
    ),
  "an event, set and cleared at once": (c, twist) => scenario(all(noticedWaiter(c), setter(c)), undefined, twist),
  "a condition, waited for and notified": (c, twist) => scenario(all(consumer(c), producer(c)), undefined, twist),
  "a condition, two waiters, one of which gives up": (c, twist) =>
    scenario(all(registered(c), quitter(c), notifier(c)), bothRegistered(c), twist),
  "a condition, and the death of a waiter at every step": (c, twist) =>
    scenario(
      [...all(registered(c)), { does: quitter(c), mortal: true }, ...all(notifier(c))],
      bothRegistered(c),
      twist,
    ),
  "a barrier of two, twice": (c, twist) => scenario(twice(party(c), party(c)), parties(c, 2), twist),
  "a barrier of three, and a party that is found dead": (c, twist) =>
    scenario(all(doomedParty(c), digger), deadParty(c), twist),
} satisfies Record<string, (classes: Classes, twist?: Twist) => Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

/** The scenario with the code that ships, or with a defect: in a class, or between the code and the memory. */
export function scenarioOf(name: ScenarioName, defect: Partial<Classes> | Twist = {}): Scenario {
  const make: (classes: Classes, twist?: Twist) => Scenario = SCENARIOS[name];
  return typeof defect === "function" ? make(SHIPPED, defect) : make({ ...SHIPPED, ...defect });
}
