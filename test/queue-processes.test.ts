/** Queues and connections in other processes, which ask their owner: the same laws as between threads. */

import { ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { BrokenPipeError, EOFError, Pipe, Queue as ProcessQueue } from "manyhands/multiprocessing";
import { PriorityQueue, Queue } from "manyhands/queue";
import { afterAll, describe, expect, test } from "vitest";
import { count, echo, echoBytes, hold } from "#tasks/piping.js";
import { cancelPut, exitWithItem, putNumbers, refusals, takeAll, takeAllParked } from "#tasks/queueing.js";

const processes = new ProcessPoolExecutor({ maxWorkers: 3 });
const threads = new ThreadPoolExecutor({ maxWorkers: 2 });
afterAll(async () => {
  await Promise.all([processes.shutdown(), threads.shutdown()]);
});

describe("a queue", () => {
  test("is one for threads and processes: all that is put is taken once, and is done when it is joined", async () => {
    const queue = new Queue<number>(10);
    const takers = [
      processes.submit(takeAll, queue),
      processes.submit(takeAllParked, queue),
      threads.submit(takeAll, queue),
    ];
    const putter = processes.submit(putNumbers, queue, 1, 2, 100);
    for (let item = 0; item < 200; item += 2) await queue.put(item);
    await putter;
    await queue.join();
    queue.shutdown();
    const taken = await Promise.all(takers);
    expect(taken.reduce((sum, each) => sum + each.count, 0)).toBe(200);
    expect(taken.reduce((sum, each) => sum + each.sum, 0)).toBe(19_900);
  });

  test("says in another process what it says here", async () => {
    const queue = new PriorityQueue<unknown>(2);
    expect(await processes.submit(refusals, queue)).toEqual({
      getNowait: "ERR_QUEUE_EMPTY",
      get: "ERR_QUEUE_EMPTY",
      put: "ERR_QUEUE_FULL",
      putNowait: "ERR_QUEUE_FULL",
      unorderable: "ERR_UNORDERABLE",
      unserialisable: "ERR_SERIALIZATION",
      sizes: [2, true, false],
      order: [1, 3],
      done: "ERR_INVALID_STATE",
      shutDown: "ERR_QUEUE_SHUT_DOWN",
    });
    expect(() => queue.putNowait(1)).toThrow(expect.objectContaining({ code: "ERR_QUEUE_SHUT_DOWN" }));
  });

  test("gains nothing by a put that was cancelled there", async () => {
    const queue = new Queue<string>(1);
    queue.putNowait("first");
    expect(await processes.submit(cancelPut, queue)).toBe("ERR_CANCELLED");
    expect([queue.getNowait(), queue.qsize()]).toEqual(["first", 0]);
  });

  test("has back what a process that died was about to get, in its place", async () => {
    const queue = new Queue<number>();
    const pool = new ProcessPoolExecutor({ maxWorkers: 1 });
    for (const item of [1, 2, 3]) queue.putNowait(item);
    await expect(pool.submit(exitWithItem, queue)).rejects.toMatchObject({ code: "ERR_WORKER_EXITED" });
    // It had taken one, and waited for a fourth: nobody gets that but who lives.
    const rest = [await queue.get(), await queue.get()];
    queue.putNowait(4);
    expect([...rest, await queue.get()]).toEqual([2, 3, 4]);
    await pool.shutdown();
  });
});

describe("an end of a pipe", () => {
  test("is a copy in the other process: this one can be closed at once", async () => {
    const [here, there] = Pipe();
    const echoing = processes.submit(echo, there);
    there.close();
    for (const message of ["a", { b: [2] }]) {
      await here.send(message);
      expect(await here.recv()).toEqual(message);
    }
    here.close();
    expect(await echoing).toBe(2);
  });

  test("echoes 16 MB as they were", async () => {
    const [here, there] = Pipe();
    const echoing = processes.submit(echoBytes, there);
    const bytes = new Uint8Array(16e6).map((_, index) => index * 7);
    await here.sendBytes(bytes);
    expect(Buffer.compare(await here.recvBytes(), bytes)).toBe(0);
    await echoing;
  });

  test("is closed by the process that closes it last", async () => {
    const [receiver, sender] = Pipe({ duplex: false });
    const counting = processes.submit(count, sender, 50);
    sender.close();
    const got: unknown[] = [];
    const drain = async (): Promise<void> => {
      for (;;) got.push(await receiver.recv());
    };
    await expect(drain()).rejects.toBeInstanceOf(EOFError);
    await counting;
    expect(got.length).toBe(50);
  });

  test("is closed by the death of its process", async () => {
    const [here, there] = Pipe();
    const pool = new ProcessPoolExecutor({ maxWorkers: 1 });
    const holding = pool.submit(hold, there);
    there.close();
    expect(await here.recv()).toBe("here");
    const receiving = here.recv();
    await Promise.all([
      pool.terminate(),
      expect(receiving).rejects.toBeInstanceOf(EOFError),
      expect(holding).rejects.toBeInstanceOf(Error),
    ]);
    await expect(here.send(1)).rejects.toBeInstanceOf(BrokenPipeError);
  });
});

test("queues of multiprocessing arrive as what they are", async () => {
  const queue = new ProcessQueue<number>();
  expect(await processes.submit(putNumbers, queue as never, 5, 1, 2)).toBe(2);
  expect([await queue.get(), await queue.get()]).toEqual([5, 6]);
});
