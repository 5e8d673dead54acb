/** The laws of queues: within a thread, between threads, and when threads die. */

import { SerializationError } from "manyhands";
import { Empty, Full, LifoQueue, PriorityQueue, Queue, ShutDown, SimpleQueue } from "manyhands/queue";
import { describe, expect, test } from "vitest";
import { inThread } from "./threads.js";

/** What a promise came to, without waiting for it longer than what is due already takes. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error) => error.code,
  );
}

describe.each([
  ["Queue", Queue],
  ["LifoQueue", LifoQueue],
  ["PriorityQueue", PriorityQueue],
] as const)("%s", (_name, Kind) => {
  test("refuses to put into a full one and to get from an empty one, at once or after the time", async () => {
    const queue = new Kind<number>(2);
    expect([queue.empty(), queue.full(), queue.qsize()]).toEqual([true, false, 0]);
    expect(() => queue.getNowait()).toThrow(Empty);
    await expect(queue.get({ timeout: 10 })).rejects.toBeInstanceOf(Empty);
    expect(() => queue.getSync(10)).toThrow(Empty);
    queue.putNowait(1);
    await queue.put(2);
    expect([queue.empty(), queue.full(), queue.qsize()]).toEqual([false, true, 2]);
    expect(() => queue.putNowait(3)).toThrow(Full);
    await expect(queue.put(3, { timeout: 10 })).rejects.toBeInstanceOf(Full);
    await expect(queue.put(3, { timeout: 0 })).rejects.toBeInstanceOf(Full);
    expect(() => queue.putSync(3, 10)).toThrow(Full);
    expect(queue.qsize()).toBe(2);
    await expect(queue.put(3, { timeout: -1 })).rejects.toMatchObject({ code: "ERR_INVALID_OPTION" });
    await expect(queue.get({ timeout: -1 })).rejects.toMatchObject({ code: "ERR_INVALID_OPTION" });
  });

  test("lets a put that waits go on when something is taken, and a get when something is put", async () => {
    const queue = new Kind<number>(1);
    const [got, alsoGot] = [queue.get(), queue.get()];
    await queue.put(1);
    expect(await got).toBe(1);
    queue.putNowait(2);
    expect(await alsoGot).toBe(2);
    await queue.put(3);
    const put = queue.put(4);
    expect(queue.getNowait()).toBe(3);
    await put;
    expect(await queue.get()).toBe(4);
  });

  test("loses nothing by a get that was cancelled, and gains nothing by a put that was", async () => {
    const queue = new Kind<number>(1);
    const controller = new AbortController();
    const gets = [1, 2, 3].map(() => outcome(queue.get({ signal: controller.signal })));
    const last = queue.get();
    controller.abort();
    expect(await Promise.all(gets)).toEqual(["ERR_CANCELLED", "ERR_CANCELLED", "ERR_CANCELLED"]);
    await queue.put(1);
    expect(await last).toBe(1);

    await queue.put(2);
    const putting = new AbortController();
    const puts = [7, 8, 9].map((item) => outcome(queue.put(item, { signal: putting.signal })));
    const next = queue.put(3);
    putting.abort();
    expect(await Promise.all(puts)).toEqual(["ERR_CANCELLED", "ERR_CANCELLED", "ERR_CANCELLED"]);
    expect(await queue.get()).toBe(2);
    await next;
    expect(await queue.get()).toBe(3);
    expect(queue.empty()).toBe(true);
  });

  test("serves nobody whose signal had aborted", async () => {
    const queue = new Kind<number>();
    const signal = AbortSignal.abort();
    expect(await outcome(queue.put(1, { signal }))).toBe("ERR_CANCELLED");
    expect(queue.empty()).toBe(true);
    queue.putNowait(1);
    expect(await outcome(queue.get({ signal }))).toBe("ERR_CANCELLED");
    expect(queue.qsize()).toBe(1);
  });

  test("is joined when every item that was put was reported done, and not before", async () => {
    const queue = new Kind<number>();
    await queue.join();
    for (const item of [1, 2]) queue.putNowait(item);
    const events: string[] = [];
    const joined = queue.join().then(() => events.push("joined"));
    await expect(queue.join({ timeout: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    queue.getNowait();
    queue.taskDone();
    queue.getNowait();
    await expect(queue.join({ timeout: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    events.push("last done");
    queue.taskDone();
    await joined;
    expect(events).toEqual(["last done", "joined"]);
    expect(() => queue.taskDone()).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
    await queue.join();
  });

  test("that was shut down gives what is in it, then tells so, whoever waits", async () => {
    const queue = new Kind<number>(1);
    queue.putNowait(1);
    const put = outcome(queue.put(2));
    queue.shutdown();
    expect(await put).toBe("ERR_QUEUE_SHUT_DOWN");
    expect(() => queue.putNowait(3)).toThrow(ShutDown);
    expect(await queue.get()).toBe(1);
    expect(() => queue.getNowait()).toThrow(ShutDown);
    await expect(queue.get()).rejects.toBeInstanceOf(ShutDown);
    expect(() => queue.getSync()).toThrow(ShutDown);
    queue.taskDone();
    await queue.join();

    const empty = new Kind<number>();
    const get = outcome(empty.get());
    empty.shutdown();
    expect(await get).toBe("ERR_QUEUE_SHUT_DOWN");
  });

  test("that was shut down at once drops what is in it, and waits only for what was taken", async () => {
    const queue = new Kind<number>();
    for (const item of [1, 2]) queue.putNowait(item);
    queue.getNowait();
    const joined = queue.join();
    queue.shutdown({ immediate: true });
    expect(queue.qsize()).toBe(0);
    expect(() => queue.getNowait()).toThrow(ShutDown);
    await expect(queue.join({ timeout: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    queue.taskDone();
    await joined;
    expect(() => queue.taskDone()).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
    queue.shutdown();
    queue.shutdown({ immediate: true });
  });

  test("is iterated until it is shut down, each item going to one of those who do", async () => {
    const queue = new Kind<number>();
    const seen: number[] = [];
    const iterate = async (): Promise<void> => {
      for await (const item of queue) seen.push(item);
    };
    const both = Promise.all([iterate(), iterate()]);
    for (let item = 0; item < 10; item += 1) await queue.put(item);
    queue.shutdown();
    await both;
    expect(seen.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("refuses a size that is no whole number, and takes any that is not positive for no limit", () => {
    for (const size of [1.5, Number.NaN]) expect(() => new Kind(size)).toThrow(RangeError);
    for (const size of [0, -1, Number.POSITIVE_INFINITY]) expect(new Kind(size).full()).toBe(false);
  });
});

describe("items", () => {
  test("are copies of what they were when they were put", async () => {
    const queue = new Queue<{ list: number[] }>(1);
    const item = { list: [1] };
    queue.putNowait(item);
    const second = { list: [2] };
    const waiting = queue.put(second);
    item.list.push(99);
    second.list.push(99);
    const got = await queue.get();
    expect(got).toEqual({ list: [1] });
    expect(got).not.toBe(item);
    await waiting;
    expect(await queue.get()).toEqual({ list: [2] });
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["minus zero", -0],
    ["a string of one byte a character", "é"],
    ["a string of two", "☃😀"],
    ["a lone surrogate", "\ud800"],
    ["a long string", "x☃".repeat(5000)],
    ["a bigint", 2n ** 90n],
    ["a date", new Date(5)],
    ["a map in a list", [new Map([["a", new Set([1])]])]],
    ["bytes", new Uint8Array([1, 2, 3])],
    ["an error", new TypeError("no")],
    ["a list that is one item", [42, null, "hello"]],
  ])("may be %s", async (_what, value) => {
    const queue = new Queue();
    await queue.put(value);
    expect(await queue.get()).toEqual(value);
  });

  test("that cannot be copied are refused by put itself, which names the part, and leave the queue as it was", async () => {
    const queue = new Queue<unknown>(1);
    const bad = { job: { run: () => 1 } };
    await expect(queue.put(bad)).rejects.toMatchObject({ code: "ERR_SERIALIZATION", path: "item.job.run" });
    expect(() => queue.putNowait([Promise.resolve()])).toThrow(SerializationError);
    const shared = () => queue.putNowait({ queues: [new Queue()] });
    expect(shared).toThrow(expect.objectContaining({ code: "ERR_SERIALIZATION", path: "item.queues[0]" }));
    expect(() => queue.putNowait(new SharedArrayBuffer(1))).toThrow(SerializationError);
    expect(queue.qsize()).toBe(0);
    await queue.put("good");
    expect(await queue.get()).toBe("good");
  });

  test("come in the order of their queue", () => {
    const orders = [
      new Queue<number>(),
      new LifoQueue<number>(),
      new PriorityQueue<number>(),
      new SimpleQueue<number>(),
    ];
    const taken = orders.map((queue) => {
      for (const item of [2, 3, 1]) queue.putNowait(item);
      return [1, 2, 3].map(() => queue.getNowait());
    });
    expect(taken).toEqual([
      [2, 3, 1],
      [1, 3, 2],
      [1, 2, 3],
      [2, 3, 1],
    ]);
  });

  test("that cannot be compared are refused by put, though it had to wait, and others are served on", async () => {
    const queue = new PriorityQueue<unknown>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    const [bad, good] = [outcome(queue.put("a")), queue.put(3)];
    queue.getNowait();
    expect(await bad).toBe("ERR_UNORDERABLE");
    await good;
    expect([queue.getNowait(), queue.getNowait()]).toEqual([2, 3]);
  });
});

describe("threads", () => {
  test("share a queue: what one puts another takes, and all is done when it is joined", async () => {
    const queue = new Queue<number>(10);
    const takers = ["takeAll", "takeAllParked"].map((name) =>
      inThread<{ sum: number; count: number }>("queueing", name, queue),
    );
    const putter = inThread<number>("queueing", "putNumbers", queue, 1, 2, 500);
    for (let item = 0; item < 1000; item += 2) await queue.put(item);
    await putter.result;
    await queue.join();
    queue.shutdown();
    const taken = await Promise.all(takers.map(({ result }) => result));
    expect(taken.reduce((sum, each) => sum + each.count, 0)).toBe(1000);
    expect(taken.reduce((sum, each) => sum + each.sum, 0)).toBe(499_500);
  });

  test("get values of every kind from each other, large ones too", async () => {
    const [there, back] = [new Queue(), new Queue()];
    const echo = inThread("queueing", "echo", there, back);
    const values = [
      1,
      "text",
      "☃",
      null,
      { deep: [new Map([[1, new Date(3)]])] },
      "y".repeat(1e6),
      new Uint8Array(5e6),
    ];
    for (const value of values) await there.put(value);
    there.shutdown();
    const got: unknown[] = [];
    for await (const value of back) got.push(value);
    // Bytes by their own comparison: the general one takes a minute for five million of them.
    expect(got.slice(0, -1)).toEqual(values.slice(0, -1));
    expect(Buffer.compare(got.at(-1) as Uint8Array, values.at(-1) as Uint8Array)).toBe(0);
    await echo.result;
  });
});

describe.each([
  ["what is in it is taken", {}],
  ["what is in it is dropped", { immediate: true }],
] as const)("shut down in mid-flight, so that %s", (_what, how) => {
  test("ends four writers and six readers, and leaves nothing", async () => {
    const queue = new Queue<number>(64);
    const numbers = 65_536;
    const marks = new Int32Array(new SharedArrayBuffer(4 * (numbers + 1)));
    const seen = new Int32Array(new SharedArrayBuffer(4 * numbers));
    const writers = [0, 1, 2, 3].map(() => inThread<string>("queueing", "putUntilShutDown", queue, marks, numbers));
    const readers = [0, 1, 2, 3, 4, 5].map((index) =>
      inThread<void>("queueing", index % 2 === 0 ? "markAll" : "markAllParked", queue, seen),
    );
    while (Atomics.load(marks, numbers) < numbers / 4) await new Promise((resolve) => setImmediate(resolve));
    queue.shutdown(how);
    await Promise.all([...writers, ...readers].map(({ result }) => result));
    expect(queue.qsize()).toBe(0);
    const [put, taken] = [marks.subarray(0, numbers).filter((mark) => mark === 2).length, seen.filter(Boolean).length];
    expect(seen.every((count) => count <= 1)).toBe(true);
    // All that was put and not dropped.
    if ("immediate" in how) expect(taken).toBeLessThanOrEqual(put);
    else expect(taken).toBe(put);
  });
});

/** How many messages cross in the test of deaths: the long form is for nights. */
const MESSAGES = Number(process.env["MANYHANDS_LONG"] === undefined ? 100_000 : 1_000_000);

describe("workers killed at random", () => {
  test("lose nothing but what they held, and double nothing", async () => {
    const queue = new Queue<number>(100);
    const marks = new Int32Array(new SharedArrayBuffer(4 * (MESSAGES + 1)));
    const seen = new Int32Array(new SharedArrayBuffer(4 * MESSAGES));
    const writer = () => inThread<void>("queueing", "putMarked", queue, marks, MESSAGES);
    const reader = (parked: number) =>
      inThread<void>("queueing", parked % 2 === 0 ? "markAll" : "markAllParked", queue, seen);
    const writers = [0, 1, 2, 3].map(writer);
    const readers = [0, 1, 2, 3, 4, 5].map(reader);
    let killed = 0;
    const progress = (): number => Atomics.load(marks, MESSAGES);
    // One of them dies whenever another part of the numbers was handed out, and another takes its place.
    for (let part = 1; part < 12; part += 1) {
      while (progress() < (MESSAGES / 12) * part) await new Promise((resolve) => setImmediate(resolve));
      const victims = part % 2 === 0 ? writers : readers;
      const index = (part * 7) % victims.length;
      await victims[index]!.kill();
      killed += 1;
      victims[index] = part % 2 === 0 ? writer() : reader(part);
    }
    await Promise.all(writers.map(({ result }) => result));
    queue.shutdown();
    await Promise.all(readers.map(({ result }) => result));
    expect(queue.qsize()).toBe(0);
    const counts = { lost: 0, doubled: 0, unsure: 0 };
    for (let item = 0; item < MESSAGES; item += 1) {
      if (seen[item]! > 1) counts.doubled += 1;
      // What a killed writer had in hand may be in the queue or not.
      else if (seen[item] === 0) counts[marks[item] === 2 ? "lost" : "unsure"] += 1;
    }
    expect(counts.doubled).toBe(0);
    // A killed reader takes what it has in hand with it: one item.
    expect(counts.lost).toBeLessThanOrEqual(killed);
    expect(counts.unsure).toBeLessThanOrEqual(killed);
  });
});
