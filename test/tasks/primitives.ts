/** Tasks that are given the library's own shared objects. */

import { type Connection, type Managed, type ManagerValue, Pipe } from "manyhands/multiprocessing";
import { Queue } from "manyhands/queue";
import { Barrier, type Condition, Event, Lock, type RLock, Semaphore } from "manyhands/threading";

/** Adds one, in two steps that must not be parted. */
export async function addUnder(lock: Lock | RLock, value: Managed<ManagerValue<number>>, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await lock.with(async () => value.set((await value.get()) + 1));
  }
}

export async function holdAndDie(lock: Lock, held: Event): Promise<void> {
  await lock.acquire();
  held.set();
  process.kill(process.pid, "SIGKILL");
}

export async function waitAndTell(event: Event): Promise<string> {
  await event.wait();
  return "set";
}

export async function passTogether(barrier: Barrier): Promise<number> {
  return barrier.wait();
}

export async function waitUntilTold(condition: Condition, ready: Queue<string>): Promise<boolean> {
  using _held = await condition.acquire();
  await ready.put("waiting");
  return await condition.wait();
}

export async function moveAll(from: Queue<number>, to: Queue<number>): Promise<void> {
  for await (const item of from) await to.put(item * 2);
}

export async function withinLimit(semaphore: Semaphore, inside: Managed<ManagerValue<number>>): Promise<number> {
  using _permit = await semaphore.acquire();
  const now = await inside.add(1);
  await inside.add(-1);
  return now;
}

/** Acquires them, and keeps nothing of them. */
export async function acquireAndForget(...all: (Lock | Semaphore)[]): Promise<void> {
  for (const each of all) await each.acquire();
}

export function releaseSemaphore(semaphore: Semaphore): void {
  semaphore.release();
}

export function lockSync(lock: Lock): boolean {
  lock.acquireSync();
  const locked = lock.locked();
  lock.release();
  return locked;
}

export function setShared(event: Event): void {
  event.set();
}

export async function notifyShared(condition: Condition): Promise<void> {
  await condition.with(() => condition.notify());
}

/** One of each, which this process owns. An item is in the queue, and a message in the pipe. */
export interface OneOfEach {
  readonly pid: number;
  readonly lock: Lock;
  readonly semaphore: Semaphore;
  readonly event: Event;
  readonly barrier: Barrier;
  readonly queue: Queue<string>;
  readonly receiver: Connection;
  readonly sender: Connection;
}

export async function makeOneOfEach(): Promise<OneOfEach> {
  const [queue, [receiver, sender]] = [new Queue<string>(), Pipe()];
  await Promise.all([queue.put("an item"), sender.send("a message")]);
  const [lock, semaphore, event, barrier] = [new Lock(), new Semaphore(1), new Event(), new Barrier(2)];
  return { pid: process.pid, lock, semaphore, event, barrier, queue, receiver, sender };
}
