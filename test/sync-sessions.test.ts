/** The primitives between processes, without the processes: an owner and its clients, linked within this one. What a client
 *  holds is released when it is gone, and what it waits for is not waited for any more. */
import {
  AbandonedError,
  BrokenBarrierError,
  CancelledError,
  NotLockedError,
  NotOwnerError,
  OwnerGoneError,
} from "manyhands";
import type { Connection } from "manyhands/multiprocessing";
import "manyhands/multiprocessing";
import { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import {
  type RemoteLink,
  type RemoteSession,
  reviverOf,
  type Travel,
} from "../packages/manyhands/dist/base/shareable.js";
import { errorOf, within } from "./conformance/support.js";

const SHAREABLE = Symbol.for("manyhands.shareable");
let clients = 0;

/** A client's proxy of an object, and its end. */
interface Client<T> {
  readonly it: T;
  /** The client is gone. */
  leave(): void;
}

function clientOf<T extends object>(object: T): Client<T> {
  const travel = Reflect.get(object, SHAREABLE) as Travel;
  const remote = travel.remote;
  if (remote === undefined) throw new Error(`${travel.kind} cannot leave its process`);
  const session: RemoteSession = remote.open();
  const gone = new AbortController();
  const call = async (method: string, args: readonly unknown[]): Promise<unknown> =>
    session.call(method, args, gone.signal);
  const link: RemoteLink = {
    call,
    post: (method, args) => void call(method, args).catch(() => undefined),
    callSync: (method, args) => session.call(method, args, gone.signal),
  };
  // Each client is a process of its own: what another knows of the object it does not.
  clients += 1;
  const facts = JSON.parse(JSON.stringify(remote.facts()).replace(/"id":"/g, `"id":"${clients}/`));
  const leave = (): void => {
    gone.abort();
    session.close();
  };
  return { it: reviverOf(travel.kind)?.fromProcess(link, facts) as T, leave };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([
  ["Lock", () => new Lock()],
  ["RLock", () => new RLock()],
])("%s", (_name, make) => {
  test("is the same class in another process, and held by one of all", async () => {
    const lock = make();
    const [a, b] = [clientOf(lock), clientOf(lock)];
    expect(a.it).toBeInstanceOf(lock.constructor);
    const permit = await a.it.acquire();
    expect([lock.locked(), b.it.locked(), lock.tryAcquire(), b.it.tryAcquire()]).toEqual([
      true,
      true,
      undefined,
      undefined,
    ]);
    const waiting = b.it.acquire();
    permit.release();
    (await within(waiting, "the other client")).release();
    await turn();
    expect(lock.locked()).toBe(false);
  });

  test("a client that is gone leaves it abandoned, and usable", async () => {
    const lock = make();
    const client = clientOf(lock);
    await client.it.acquire();
    const waiting = lock.acquire();
    client.leave();
    await errorOf(AbandonedError, waiting);
    (await within(lock.acquire(), "the lock")).release();
  });

  test("a client that is gone waits no longer", async () => {
    const lock = make();
    const permit = await lock.acquire();
    const client = clientOf(lock);
    const waiting = client.it.acquire();
    await turn();
    client.leave();
    await errorOf(CancelledError, waiting);
    permit.release();
    expect(lock.locked()).toBe(false);
  });

  test("a cancelled wait takes nothing, not even what is given in the same moment", async () => {
    const lock = make();
    const permit = await lock.acquire();
    const { it } = clientOf(lock);
    const controller = new AbortController();
    const waiting = it.acquire({ signal: controller.signal });
    await turn();
    permit.release();
    controller.abort();
    await errorOf(CancelledError, waiting);
    await turn();
    expect(lock.locked()).toBe(false);
  });

  test("is not released by who does not hold it", async () => {
    const lock = make();
    const { it } = clientOf(lock);
    expect(() => it.release()).toThrow(NotLockedError);
    const permit = await lock.acquire();
    expect(() => it.release()).toThrow(NotOwnerError);
    permit.release();
  });
});

test("what a client holds is not held by the tasks of its owner: they neither release it nor wait or notify under it", async () => {
  const lock = new Lock();
  const changed = new Condition(lock);
  const client = clientOf(lock);
  await client.it.acquire();
  expect(() => lock.release()).toThrow(NotOwnerError);
  expect(() => changed.notify()).toThrow(NotOwnerError);
  expect(() => changed.notifyAll()).toThrow(NotOwnerError);
  await errorOf(NotOwnerError, changed.wait());
  expect(lock.locked()).toBe(true);
  // Taken in the line, and not at once.
  const waiting = client.it.acquire();
  client.it.release();
  await within(waiting, "the client's next turn");
  expect(() => lock.release()).toThrow(NotOwnerError);
  client.it.release();
  // Parked for, as a client's thread does.
  client.it.tryAcquire();
  expect(() => lock.release()).toThrow(NotOwnerError);
  client.it.release();
  lock.tryAcquire();
  changed.notify();
  lock.release();
  expect(lock.locked()).toBe(false);
});

test("a recursive function of another process re-enters an RLock", async () => {
  const { it } = clientOf(new RLock());
  const dive = (depth: number): Promise<number> => it.with(async () => (depth === 0 ? 0 : 1 + (await dive(depth - 1))));
  expect(await within(dive(3), "dive")).toBe(3);
});

test("permits of a client that is gone come back", async () => {
  const semaphore = new Semaphore(2);
  const client = clientOf(semaphore);
  await client.it.acquire();
  client.it.tryAcquire();
  expect(semaphore.value).toBe(0);
  client.leave();
  expect(semaphore.value).toBe(2);
});

test("a permit that was given back on behalf of a client does not come back again above the limit", async () => {
  const semaphore = new BoundedSemaphore(2);
  const client = clientOf(semaphore);
  await client.it.acquire();
  await client.it.acquire();
  semaphore.release();
  client.leave();
  expect(semaphore.value).toBe(2);
});

test("a client's bounded semaphore refuses too many, too", () => {
  const semaphore = new BoundedSemaphore(1);
  expect(() => clientOf(semaphore).it.release()).toThrow("of at most 1 permits");
  expect(semaphore.value).toBe(1);
});

test("an event is set from there and awaited there", async () => {
  const event = new Event();
  const { it } = clientOf(event);
  const there = it.wait();
  event.set();
  expect(await within(there, "the client")).toBe(true);
  it.clear();
  expect([event.isSet(), it.isSet(), await it.wait({ timeout: 1 })]).toEqual([false, false, false]);
  const here = event.wait();
  it.set();
  expect(await within(here, "the owner")).toBe(true);
});

test("a condition is waited for there and notified here, and the other way round", async () => {
  const condition = new Condition(new Lock());
  const { it } = clientOf(condition);
  const there = it.with(() => it.wait());
  await turn();
  await condition.with(() => condition.notify());
  expect(await within(there, "the client")).toBe(true);
  const here = condition.with(() => condition.wait());
  await it.with(() => it.notifyAll());
  expect(await within(here, "the owner")).toBe(true);
  await errorOf(NotOwnerError, it.wait());
});

test("a client whose signal has aborted before it waits for a condition is not notified", async () => {
  const condition = new Condition(new Lock());
  const { it } = clientOf(condition);
  await errorOf(
    CancelledError,
    it.with(() => it.wait({ signal: AbortSignal.abort() })),
  );
  await condition.with(() => condition.notify());
  expect(await it.with(() => it.wait({ timeout: 0 }))).toBe(false);
});

test("a client that is gone while it waits for a condition passes its notification on", async () => {
  const condition = new Condition(new Lock());
  const client = clientOf(condition);
  const there = client.it.with(() => client.it.wait()).catch(() => "gone");
  await turn();
  client.leave();
  await within(there, "the client");
  const here = condition.with(() => condition.wait());
  await condition.with(() => condition.notify());
  expect(await within(here, "the owner")).toBe(true);
});

test("a client that is gone breaks the barrier it waits at", async () => {
  const barrier = new Barrier(3);
  const client = clientOf(barrier);
  const there = client.it.wait();
  const here = barrier.wait();
  await turn();
  expect([client.it.nWaiting, client.it.parties, client.it.broken]).toEqual([2, 3, false]);
  client.leave();
  await errorOf(CancelledError, there);
  await errorOf(BrokenBarrierError, here);
});

test("a barrier is met from there", async () => {
  const barrier = new Barrier(2);
  const { it } = clientOf(barrier);
  expect((await within(Promise.all([it.wait(), barrier.wait()]), "the parties")).sort()).toEqual([0, 1]);
});

test("an end of a pipe can be closed when its owner is gone", () => {
  const lost = (): never => {
    throw new OwnerGoneError("on purpose");
  };
  const link: RemoteLink = { call: async () => lost(), post: lost, callSync: lost };
  const end = reviverOf("Connection")?.fromProcess(link, { ways: "both" }) as Connection;
  end.close();
  expect(end.closed).toBe(true);
});
