/** Random programs of tasks, and what must hold of each: no permit lost or doubled, no item lost or doubled, every task
 *  settled, requests to cancel balanced, nothing left behind.
 *
 *  A program is data, its schedule too, so that fast-check can shrink it. It runs in virtual time, with a module of tasks that is handed in: the
 *  real one, or one with a planted mistake. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type * as Asyncio from "manyhands/asyncio";
import { VirtualClock } from "./virtual-clock.js";

/** The room, or a copy of it with a mistake. */
export type Room = typeof Asyncio;

type Step =
  | { readonly type: "sleep"; readonly ms: number }
  | { readonly type: "lock"; readonly timeout: number | undefined; readonly body: readonly Step[] }
  | { readonly type: "semaphore"; readonly timeout: number | undefined; readonly body: readonly Step[] }
  | { readonly type: "put"; readonly timeout: number | undefined }
  | { readonly type: "get"; readonly timeout: number | undefined }
  | { readonly type: "wait"; readonly timeout: number | undefined }
  | { readonly type: "set" }
  | { readonly type: "clear" }
  | { readonly type: "condition"; readonly timeout: number | undefined }
  | { readonly type: "notify"; readonly count: number }
  | { readonly type: "barrier"; readonly timeout: number | undefined }
  | { readonly type: "timeout"; readonly ms: number; readonly body: readonly Step[] }
  | { readonly type: "group"; readonly bodies: readonly (readonly Step[])[]; readonly body: readonly Step[] }
  | { readonly type: "gather"; readonly bodies: readonly (readonly Step[])[] }
  | { readonly type: "shield"; readonly body: readonly Step[] }
  | { readonly type: "swallow"; readonly body: readonly Step[] }
  | { readonly type: "cleanup"; readonly body: readonly Step[]; readonly last: readonly Step[] }
  | { readonly type: "handed"; readonly what: "item" | "permit" }
  | { readonly type: "cancel"; readonly task: number }
  | { readonly type: "fail" };

export interface Program {
  /** How many turns of the microtask queue a task lets pass before its next step, one number for each step of all tasks, over and
   *  over; 3 is a turn of the event loop. So the same steps meet in many orders. */
  readonly schedule: readonly number[];
  readonly permits: number;
  readonly maxsize: number;
  readonly tasks: readonly (readonly Step[])[];
}

const limit = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 2 });
const ms = fc.integer({ min: 0, max: 5 });

const { steps } = fc.letrec<{ steps: readonly Step[]; step: Step; leaf: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 4, depthIdentifier: "program" }),
  leaf: fc.oneof(
    fc.record({ type: fc.constant("sleep" as const), ms }),
    fc.record({ type: fc.constant("put" as const), timeout: limit }),
    fc.record({ type: fc.constant("get" as const), timeout: limit }),
    fc.record({ type: fc.constant("wait" as const), timeout: limit }),
    fc.record({ type: fc.constantFrom("set" as const, "clear" as const, "fail" as const) }),
    fc.record({ type: fc.constant("condition" as const), timeout: limit }),
    fc.record({ type: fc.constant("notify" as const), count: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ type: fc.constant("barrier" as const), timeout: limit }),
    fc.record({ type: fc.constant("handed" as const), what: fc.constantFrom("item" as const, "permit" as const) }),
    fc.record({ type: fc.constant("cancel" as const), task: fc.nat(7) }),
  ),
  step: fc.oneof(
    { maxDepth: 4, depthIdentifier: "program" },
    { weight: 5, arbitrary: tie("leaf") },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constantFrom("lock" as const, "semaphore" as const),
        timeout: limit,
        body: tie("steps"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("timeout" as const), ms, body: tie("steps") }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("group" as const),
        bodies: fc.array(tie("steps"), { maxLength: 3 }),
        body: tie("steps"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("gather" as const), bodies: fc.array(tie("steps"), { maxLength: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constantFrom("shield" as const, "swallow" as const), body: tie("steps") }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("cleanup" as const), body: tie("steps"), last: tie("steps") }),
    },
  ) as fc.Arbitrary<Step>,
}));

/** Programs of up to eight tasks. */
export const programs: fc.Arbitrary<Program> = fc.record({
  schedule: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 24 }),
  permits: fc.integer({ min: 1, max: 3 }),
  maxsize: fc.integer({ min: 0, max: 2 }),
  tasks: fc.array(steps, { minLength: 1, maxLength: 8 }),
});

/** What a step may fail with without the program being wrong. */
class Planned extends Error {}

class World {
  readonly room: Room;
  readonly lock: Asyncio.Lock;
  readonly semaphore: Asyncio.Semaphore;
  readonly queue: Asyncio.Queue<number>;
  readonly event: Asyncio.Event;
  readonly condition: Asyncio.Condition;
  readonly barrier: Asyncio.Barrier;
  readonly permits: number;
  readonly #schedule: readonly number[];
  #step = 0;
  readonly tasks: Asyncio.Task<unknown>[] = [];
  /** For each task of the program, how often it has been asked to end. */
  readonly requests: number[] = [];
  readonly put: number[] = [];
  readonly got: number[] = [];
  /** What did not hold, for a task may swallow what is thrown in it. */
  readonly violations: string[] = [];
  holding = 0;
  permitted = 0;
  items = 0;

  constructor(room: Room, { schedule, permits, maxsize }: Program) {
    this.room = room;
    this.#schedule = schedule;
    this.permits = permits;
    this.lock = new room.Lock();
    this.semaphore = new room.BoundedSemaphore(permits);
    this.queue = new room.Queue(maxsize);
    this.event = new room.Event();
    this.condition = new room.Condition();
    this.barrier = new room.Barrier(2);
  }

  check(holds: boolean, law: string): void {
    if (!holds) this.violations.push(law);
  }

  cancel(number: number): void {
    if (this.tasks[number]?.cancel() === true) this.requests[number] = (this.requests[number] ?? 0) + 1;
  }

  async perform(body: readonly Step[]): Promise<void> {
    for (const step of body) {
      await this.#turns();
      await this.step(step);
    }
  }

  async #turns(): Promise<void> {
    const turns = this.#schedule[this.#step % this.#schedule.length] ?? 0;
    this.#step += 1;
    if (turns === 3) await new Promise((resolve) => setImmediate(resolve));
    else for (let turn = 0; turn < turns; turn += 1) await undefined;
  }

  async step(step: Step): Promise<void> {
    const { room } = this;
    switch (step.type) {
      case "sleep":
        return room.sleep(step.ms);
      case "lock":
        return this.#held(step);
      case "semaphore":
        return this.#permitted(step);
      case "put":
        return this.#put(limits(step.timeout));
      case "get":
        return this.#get(limits(step.timeout));
      case "wait":
        return void (await this.event.wait(limits(step.timeout)));
      case "set":
        return this.event.set();
      case "clear":
        return this.event.clear();
      case "condition":
        return this.#condition(limits(step.timeout));
      case "notify":
        return this.condition.with(() => this.condition.notify(step.count));
      case "barrier":
        return this.#barrier(limits(step.timeout));
      case "handed":
        return this.#handed(step.what);
      case "cancel":
        return this.cancel(step.task % Math.max(1, this.tasks.length));
      case "fail":
        throw new Planned();
      default:
        return this.#compound(step);
    }
  }

  async #compound(
    step: Extract<Step, { type: "timeout" | "group" | "gather" | "shield" | "swallow" | "cleanup" }>,
  ): Promise<void> {
    const { room } = this;
    switch (step.type) {
      case "timeout":
        return room.timeout(step.ms, () => this.perform(step.body)).catch(unless(room.TimeoutError));
      case "group":
        return room.TaskGroup.run(async (group) => {
          for (const body of step.bodies) group.createTask(() => this.perform(body));
          await this.perform(step.body);
        }).catch(unless(room.TaskGroupError));
      case "gather":
        return void (await room.gather(...step.bodies.map((body) => () => this.perform(body)), {
          returnExceptions: true,
        }));
      case "shield":
        // Given up, its failure is nobody's: so it has none.
        return room.shield(() => this.perform(step.body).catch(unless(Error)));
      case "swallow":
        return this.perform(step.body).catch(unless(room.CancelledError));
      case "cleanup":
        try {
          return await this.perform(step.body);
        } finally {
          await this.perform(step.last);
        }
    }
  }

  async #held({ timeout, body }: { timeout: number | undefined; body: readonly Step[] }): Promise<void> {
    let permit: Asyncio.Permit;
    try {
      permit = await this.lock.acquire(limits(timeout));
    } catch (error) {
      return unless(this.room.TimeoutError)(error);
    }
    try {
      this.holding += 1;
      this.check(this.holding === 1, "a lock is held by one");
      await this.perform(body);
    } finally {
      this.holding -= 1;
      permit.release();
    }
  }

  async #permitted({ timeout, body }: { timeout: number | undefined; body: readonly Step[] }): Promise<void> {
    let permit: Asyncio.Permit;
    try {
      permit = await this.semaphore.acquire(limits(timeout));
    } catch (error) {
      return unless(this.room.TimeoutError)(error);
    }
    try {
      this.permitted += 1;
      this.check(this.permitted <= this.permits, "a semaphore has so many permits");
      await this.perform(body);
    } finally {
      this.permitted -= 1;
      permit.release();
    }
  }

  async #put(options: Asyncio.WaitOptions): Promise<void> {
    this.items += 1;
    const item = this.items;
    await this.queue.put(item, options).then(() => void this.put.push(item), unless(this.room.Full));
  }

  async #get(options: Asyncio.WaitOptions): Promise<void> {
    await this.queue.get(options).then((item) => void this.got.push(item), unless(this.room.Empty));
  }

  /** A task that is nothing but a wait, and is cancelled after some turns: what it may have been handed is its result. */
  async #handed(what: "item" | "permit"): Promise<void> {
    const { room } = this;
    const waiting: Asyncio.Task<number | Asyncio.Permit> =
      what === "item" ? room.createTask(() => this.queue.get()) : room.createTask(() => this.semaphore.acquire());
    await this.#turns();
    await this.#turns();
    waiting.cancel();
    await waiting.then((handed) => {
      if (typeof handed === "number") this.got.push(handed);
      else handed.release();
    }, unless(room.CancelledError));
  }

  async #condition(options: Asyncio.WaitOptions): Promise<void> {
    await this.condition.with(async () => {
      try {
        await this.condition.wait(options);
      } finally {
        this.check(this.condition.locked(), "a condition's lock is held after the wait");
      }
    });
  }

  async #barrier(options: Asyncio.WaitOptions): Promise<void> {
    await this.barrier.wait(options).then(() => undefined, unless(this.room.BrokenBarrierError));
    if (this.barrier.broken) this.barrier.reset();
  }
}

const limits = (timeout: number | undefined): Asyncio.WaitOptions => (timeout === undefined ? {} : { timeout });

/** Lets errors of a class pass for an end. */
function unless(type: abstract new (...args: never[]) => Error): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof type)) throw error;
  };
}

/** A program that has not ended by itself so long, in virtual ms, is cancelled, again and again. */
const PATIENCE = 50;

/** Runs a program, and checks what must hold.
 *  @throws AssertionError when something does not. */
export async function runProgram(room: Room, program: Program): Promise<void> {
  const clock = new VirtualClock();
  const world = new World(room, program);
  await clock.drive(
    room.run(
      async () => {
        for (const [number, body] of program.tasks.entries()) {
          const task = room.createTask(() => performed(room, world, number, body));
          // A program may fail where it says so.
          task.exception().catch(() => undefined);
          world.tasks.push(task);
        }
        await ended(room, world);
      },
      { clock, onInterrupt: "leave" },
    ),
  );
  checkEnd(world, clock);
}

async function performed(room: Room, world: World, number: number, body: readonly Step[]): Promise<void> {
  try {
    await world.perform(body);
  } finally {
    const requests = room.currentTask()?.cancelling();
    world.check(requests === (world.requests[number] ?? 0), "requests to cancel are balanced");
  }
}

async function ended(room: Room, world: World): Promise<void> {
  const others = (): Asyncio.Task<unknown>[] => [...room.allTasks()].filter((task) => task !== room.currentTask());
  for (let time = 0; others().length > 0; time += 1) {
    await room.sleep(1);
    if (time < PATIENCE) continue;
    for (const number of world.tasks.keys()) world.cancel(number);
    // What was shielded, and children of gather, belong to nobody any more.
    for (const task of others()) if (!world.tasks.includes(task)) task.cancel();
    assert.ok(time < PATIENCE + 1000, `tasks do not end:\n${room.formatTasks()}`);
  }
}

function checkEnd(world: World, clock: VirtualClock): void {
  assert.deepEqual(world.violations, []);
  assert.ok(
    world.tasks.every((task) => task.done()),
    "every task is settled",
  );
  assert.deepEqual([world.lock.locked(), world.condition.locked()], [false, false], "locks are free at the end");
  assert.equal(world.semaphore.value, world.permits, "no permit is lost");
  assert.equal(world.barrier.nWaiting, 0, "nobody waits at the end");
  const left: number[] = [];
  while (!world.queue.empty()) left.push(world.queue.getNowait());
  const out = [...world.got, ...left].sort((a, b) => a - b);
  assert.deepEqual(
    out,
    [...world.put].sort((a, b) => a - b),
    "no item is lost or doubled",
  );
  assert.equal(clock.pending, 0, "no timer is left");
}
