/** The laws of pipes and connections: within a thread, between threads, and when threads die. */

import {
  BrokenPipeError,
  BufferTooShort,
  type Connection,
  ConnectionClosedError,
  connection,
  EOFError,
  JoinableQueue,
  Pipe,
  Queue,
  SimpleQueue,
} from "manyhands/multiprocessing";
import { describe, expect, test } from "vitest";
import { inThread } from "./threads.js";

describe("a pipe", () => {
  test("carries messages both ways, whole and in order, none taken for another", async () => {
    const [left, right] = Pipe();
    await left.send({ a: 1 });
    await left.sendBytes(new Uint8Array([1, 2, 3]));
    await left.sendBytes(new Uint8Array());
    await right.send(undefined);
    expect(await right.recv()).toEqual({ a: 1 });
    expect(await right.recvBytes()).toEqual(new Uint8Array([1, 2, 3]));
    expect(await right.recvBytes()).toEqual(new Uint8Array());
    expect(await left.recv()).toBe(undefined);
  });

  test("of one way is only received from at its first end and sent to at its second", async () => {
    const [receiver, sender] = Pipe({ duplex: false });
    expect([receiver.readable, receiver.writable, sender.readable, sender.writable]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    await expect(receiver.send(1)).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    await expect(sender.recv()).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    await expect(sender.poll()).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    await sender.send(1);
    expect(await receiver.recv()).toBe(1);
  });

  test("gives what was sent before its far end was closed, then the end of the file", async () => {
    const [left, right] = Pipe();
    for (const message of [1, 2]) await left.send(message);
    left.close();
    left.close();
    expect(await right.poll()).toBe(true);
    expect([await right.recv(), await right.recv()]).toEqual([1, 2]);
    expect(await right.poll()).toBe(true);
    await expect(right.recv()).rejects.toBeInstanceOf(EOFError);
    expect(() => right.recvSync()).toThrow(EOFError);
    await expect(right.send(1)).rejects.toBeInstanceOf(BrokenPipeError);
    expect(() => right.sendSync(1)).toThrow(BrokenPipeError);
  });

  test("tells those who wait at the other end that this one was closed", async () => {
    const [left, right] = Pipe();
    const receiving = right.recv();
    left.close();
    await expect(receiving).rejects.toBeInstanceOf(EOFError);

    const [full, away] = Pipe();
    await full.sendBytes(new Uint8Array(1e5));
    const sending = full.send("more");
    away.close();
    await expect(sending).rejects.toBeInstanceOf(BrokenPipeError);
  });

  test("is not used from an end that was closed here, also by those who waited there", async () => {
    const [left, right] = Pipe();
    const receiving = left.recv();
    left.close();
    await expect(receiving).rejects.toBeInstanceOf(ConnectionClosedError);
    for (const act of [
      () => left.send(1),
      () => left.recv(),
      () => left.poll(),
      () => left.sendBytes(new Uint8Array()),
    ]) {
      await expect(act()).rejects.toBeInstanceOf(ConnectionClosedError);
    }
    expect(() => left.recvSync()).toThrow(ConnectionClosedError);
    expect(left.closed).toBe(true);
    right.close();
  });

  test("makes its sender wait when it is full, and takes any message when it is empty", async () => {
    const [left, right] = Pipe();
    await left.sendBytes(new Uint8Array(1e6));
    await expect(left.send("no", { timeout: 0 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const cancelled = new AbortController();
    const given = left.send("no", { signal: cancelled.signal });
    const waiting = left.send("yes");
    cancelled.abort();
    await expect(given).rejects.toMatchObject({ code: "ERR_CANCELLED" });
    expect((await right.recvBytes()).length).toBe(1e6);
    await waiting;
    expect(await right.recv()).toBe("yes");
    expect(await right.poll()).toBe(false);
  });

  test("loses no message by a receiver that gave up", async () => {
    const [left, right] = Pipe();
    await expect(right.recv({ timeout: 0 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const controller = new AbortController();
    const receiving = right.recv({ signal: controller.signal });
    controller.abort();
    await expect(receiving).rejects.toMatchObject({ code: "ERR_CANCELLED" });
    await left.send(1);
    expect(await right.recv()).toBe(1);
  });

  test("is polled without taking anything, for as long as one likes", async () => {
    const [left, right] = Pipe();
    expect(await right.poll()).toBe(false);
    expect(await right.poll({ timeout: 5 })).toBe(false);
    const polls = [
      right.poll({ timeout: Number.POSITIVE_INFINITY }),
      right.poll({ timeout: Number.POSITIVE_INFINITY }),
    ];
    const receiving = right.recv();
    await left.send(1);
    await left.send(2);
    expect(await Promise.all(polls)).toEqual([true, true]);
    expect([await receiving, await right.recv()]).toEqual([1, 2]);
  });

  test("receives into a buffer, and hands over the message that does not fit", async () => {
    const [left, right] = Pipe();
    const buffer = new Uint8Array(4);
    await left.sendBytes(new Uint8Array([1, 2, 3]));
    expect(await right.recvBytesInto(buffer, 1)).toBe(3);
    expect([...buffer]).toEqual([0, 1, 2, 3]);
    await left.sendBytes(new Uint8Array([9, 9, 9]));
    const failure = await right.recvBytesInto(buffer, 2).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BufferTooShort);
    expect((failure as BufferTooShort).received).toEqual(new Uint8Array([9, 9, 9]));
    await expect(right.recvBytesInto(buffer, 5)).rejects.toMatchObject({ code: "ERR_INVALID_OPTION" });
    expect(await right.poll()).toBe(false);
  });

  test("refuses what cannot be copied, and names the part", async () => {
    const [left, right] = Pipe();
    await expect(left.send({ f: () => 1 })).rejects.toMatchObject({ code: "ERR_SERIALIZATION", path: "value.f" });
    expect(await right.poll()).toBe(false);
    await left.sendBytes(new Uint8Array([1, 2, 3]));
    await expect(right.recv()).rejects.toMatchObject({ code: "ERR_SERIALIZATION" });
  });
});

describe("an end in a thread", () => {
  test("echoes 16 MB as they were", async () => {
    const [here, there] = Pipe();
    const echo = inThread("piping", "echoBytes", there);
    const bytes = new Uint8Array(16e6).map((_, index) => index * 7);
    await here.sendBytes(bytes);
    expect(Buffer.compare(await here.recvBytes(), bytes)).toBe(0);
    await echo.result;
  });

  test("is a further copy: this one can be closed at once, and the other end hears of the last", async () => {
    const [here, there] = Pipe();
    const echo = inThread<number>("piping", "echo", there);
    there.close();
    for (const message of ["a", { b: 2 }]) {
      await here.send(message);
      expect(await here.recv()).toEqual(message);
    }
    here.close();
    expect(await echo.result).toBe(2);
  });

  test("is closed by the death of the thread, and not before", async () => {
    const [here, there] = Pipe();
    const held = inThread("piping", "hold", there);
    there.close();
    expect(await here.recv()).toBe("here");
    const receiving = here.recv();
    expect(await here.poll()).toBe(false);
    await held.kill();
    await expect(receiving).rejects.toBeInstanceOf(EOFError);
    await expect(here.send(1)).rejects.toBeInstanceOf(BrokenPipeError);
  });

  test("is found closed though nobody waited when its thread died", async () => {
    const [here, there] = Pipe();
    const held = inThread("piping", "hold", there);
    there.close();
    expect(await here.recv()).toBe("here");
    await held.kill();
    await expect(here.send(1)).rejects.toBeInstanceOf(BrokenPipeError);
    await expect(here.recv()).rejects.toBeInstanceOf(EOFError);
  });

  test.each([
    ["pollAndTell", "receiveAndTell"],
    ["receiveAndTell", "pollAndTell"],
  ])("that polls takes no wake from one that receives (%s, %s)", async (...names) => {
    const [here, there] = Pipe();
    const threads: { readonly news: Connection; readonly result: Promise<void> }[] = [];
    for (const name of names) {
      const [news, teller] = Pipe();
      const { result } = inThread<void>("piping", name, there, teller);
      threads.push({ news, result });
      // One after the other: which of them is woken first follows from it.
      expect(await news.recv()).toBe("waits");
    }
    await here.send(true);
    expect(await threads[names.indexOf("receiveAndTell")]!.news.recv()).toBe(true);
    // The other may have been too late for the first.
    await here.send(true);
    expect(await threads[names.indexOf("pollAndTell")]!.news.recv()).toBe(true);
    await Promise.all(threads.map(({ result }) => result));
  });

  test("works parked", async () => {
    const [here, there] = Pipe();
    const echo = inThread("piping", "echoParked", there);
    here.sendSync([1, 2]);
    expect(here.recvSync()).toEqual([1, 2]);
    await echo.result;
  });
});

describe("connection.wait", () => {
  test("gives those that are ready, in order, and none when the time is over", async () => {
    const pipes = [Pipe(), Pipe(), Pipe()];
    const receivers = pipes.map(([, right]) => right);
    expect(await connection.wait(receivers, { timeout: 0 })).toEqual([]);
    expect(await connection.wait(receivers, { timeout: 5 })).toEqual([]);
    const waiting = connection.wait(receivers);
    await pipes[2]![0].send(1);
    expect(await waiting).toEqual([receivers[2]]);
    pipes[0]![0].close();
    expect(await connection.wait(receivers)).toEqual([receivers[0], receivers[2]]);
    expect(await receivers[2]!.recv()).toBe(1);
  });

  test("drains many threads until all have closed their ends", async () => {
    const open = new Set<Connection>();
    const threads = [0, 1, 2].map((index) => {
      const [receiver, sender] = Pipe({ duplex: false });
      const thread = inThread("piping", "count", sender, 100 * index);
      sender.close();
      open.add(receiver);
      return thread;
    });
    let count = 0;
    while (open.size > 0) {
      for (const ready of await connection.wait(open)) {
        try {
          await ready.recv();
          count += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(EOFError);
          open.delete(ready);
        }
      }
    }
    expect(count).toBe(300);
    await Promise.all(threads.map(({ result }) => result));
  });

  test("leaves nothing behind when it is cancelled", async () => {
    const [left, right] = Pipe();
    const controller = new AbortController();
    const waiting = connection.wait([right], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_CANCELLED" });
    await left.send(1);
    expect(await right.recv()).toBe(1);
  });
});

describe.each([
  ["Queue", Queue],
  ["JoinableQueue", JoinableQueue],
  ["SimpleQueue", SimpleQueue],
] as const)("multiprocessing.%s", (_name, Kind) => {
  test("that was closed here refuses to put and to get", async () => {
    const queue = new Kind<number>();
    await queue.put(1);
    expect(await queue.get()).toBe(1);
    queue.close();
    queue.close();
    await expect(queue.put(2)).rejects.toMatchObject({ code: "ERR_QUEUE_CLOSED" });
    await expect(queue.get()).rejects.toMatchObject({ code: "ERR_QUEUE_CLOSED" });
    expect(() => queue.getNowait()).toThrow(expect.objectContaining({ code: "ERR_QUEUE_CLOSED" }));
    expect(() => queue.putSync(1)).toThrow(expect.objectContaining({ code: "ERR_QUEUE_CLOSED" }));
  });
});

test("a JoinableQueue is joined when all is reported done", async () => {
  const queue = new JoinableQueue<number>();
  await queue.put(1);
  const joined = queue.join();
  await queue.get();
  queue.taskDone();
  await joined;
  expect(() => queue.taskDone()).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
  const plain = new Queue<number>(1);
  plain.joinThread();
  plain.cancelJoinThread();
});
