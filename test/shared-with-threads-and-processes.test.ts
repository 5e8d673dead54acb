/** Thread and Process take locks, queues, events and connections as arguments, and give them back as results. */
import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { EOFError, Pipe, Process } from "manyhands/multiprocessing";
import { Queue } from "manyhands/queue";
import { AbandonedError, Event, Lock, Thread, Timer } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { passGate } from "#tasks/gate.js";
import { echoUntilEnd, holdBoth, holdForEver, putUnderLock } from "#tasks/sharing.js";
import type { Travel } from "../packages/manyhands/dist/base/shareable.js";
import { errorOf, within } from "./conformance/support.js";
import { keep, later, newGate } from "./keeping.js";

const KINDS = [
  ["Thread", Thread],
  ["Process", Process],
] as const;

describe.each(KINDS)("%s", (_name, Kind) => {
  test("is given shared objects at any depth, keeps their identity, and gives them back", async () => {
    const [lock, queue] = [new Lock(), new Queue<string>()];
    const both = ["A", "B"].map((name) => new Kind(putUnderLock, [name, { lock, nested: { queue, same: lock } }]));
    for (const each of both) each.start();
    const results = await within(Promise.all(both.map((each) => each.result())), "the results");
    expect(results.map(({ one }) => one)).toEqual([true, true]);
    expect([await queue.get(), await queue.get()].sort()).toEqual(["A", "B"]);
    // What came home is the very object, or stands for it.
    await results[0]?.queue.put("again");
    expect(await queue.get()).toBe("again");
    expect(lock.locked()).toBe(false);
  });

  test("that ends while it holds a lock leaves it abandoned, and usable", async () => {
    const [lock, held] = [new Lock(), new Event()];
    const holder = new Kind(holdForEver, [lock, held]);
    holder.start();
    await within(held.wait(), "the holder");
    const waiting = errorOf(AbandonedError, lock.acquire());
    if (holder instanceof Process) holder.kill();
    else holder.terminate();
    await within(holder.join(), "join()");
    await within(waiting, "AbandonedError");
    using permit = await within(lock.acquire(), "the lock");
    expect([permit !== undefined, lock.locked()]).toEqual([true, true]);
  });

  test("goes on using a connection whose original was closed as soon as it was started", async () => {
    const [here, there] = Pipe();
    const echo = new Kind(echoUntilEnd, [there]);
    echo.start();
    there.close();
    await here.send("hello");
    expect(await within(here.recv(), "the echo")).toBe("hello");
    here.close();
    expect(await within(echo.result(), "its end")).toBe(1);
  });
});

test("a pipe whose books somebody keeps from us holds up no event loop, and its end is told as soon as they are free", async () => {
  const [here, there] = Pipe();
  const [lock, held] = [new Lock(), new Event()];
  const holder = new Thread(holdBoth, [there, lock, held]);
  holder.start();
  there.close();
  await within(held.wait(), "the holder");
  const [message, turn] = [errorOf(EOFError, here.recv()), errorOf(AbandonedError, lock.acquire())];
  // The books' latch: the first word behind the object's header. Held as by a thread that was ended inside, and whose end
  // this one has not heard of.
  const { memory, lender } = parcelOf(here);
  const books = new Int32Array(memory);
  expect(Atomics.compareExchange(books, 1, 0, lender)).toBe(0);
  holder.terminate();
  // One bell for both waits: when this one has heard of the death, the pipe has too.
  await within(turn, "AbandonedError");
  Atomics.store(books, 1, 0);
  await within(message, "EOFError");
});

describe.each([
  ["thread", ThreadPoolExecutor],
  ["process", ProcessPoolExecutor],
] as const)("a connection on its way to a %s", (_kind, Pool) => {
  test("is given back when its call is cancelled before it starts, so that the far end sees the end", async () => {
    const gate = await newGate();
    const pool = keep(new Pool({ maxWorkers: 1 }));
    const busy = pool.submit(passGate, gate.path, "busy");
    await gate.arrived(1);
    const [here, there] = Pipe();
    const call = pool.submit(echoUntilEnd, there);
    there.close();
    expect(call.cancel()).toBe(true);
    await errorOf(EOFError, within(here.recv(), "the end"));
    gate.open();
    await busy;
  });
});

test("a connection given to two processes is counted for each, however long one of them waits", async () => {
  const gate = await newGate();
  const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
  const busy = pool.submit(passGate, gate.path, "busy");
  await gate.arrived(1);
  const [here, there] = Pipe();
  const second = pool.submit(echoUntilEnd, there);
  const first = new Process(echoUntilEnd, [there]);
  first.start();
  there.close();
  await here.send("hello");
  expect(await within(here.recv(), "the echo")).toBe("hello");
  first.kill();
  await within(first.join(), "join()");
  // Somebody may still come: this is no end.
  await here.send("again");
  gate.open();
  await busy;
  expect(await within(here.recv(), "the second echo")).toBe("again");
  here.close();
  expect(await within(second, "its end")).toBe(1);
});

test("a timer holds the shared objects it was given until its time", async () => {
  const [lock, queue] = [new Lock(), new Queue<string>()];
  const timer = new Timer(1, putUnderLock, ["late", { lock, nested: { queue, same: lock } }]);
  timer.start();
  later(() => timer.join());
  expect(await within(queue.get(), "the item")).toBe("late");
});

/** The memory of a connection, as it goes to threads. */
function parcelOf(end: object): { readonly memory: SharedArrayBuffer; readonly lender: number } {
  const travel = Reflect.get(end, Symbol.for("manyhands.shareable")) as Travel;
  const parcel = travel.toThread();
  travel.lost?.(parcel);
  return parcel as { readonly memory: SharedArrayBuffer; readonly lender: number };
}
