/** What threads do with queues. */
import { Empty, type PriorityQueue, type Queue, ShutDown } from "manyhands/queue";

/** Puts the numbers from `from` on, `step` apart; what it has put is noted at once. @param puts how many */
export async function putNumbers(queue: Queue<number>, from: number, step: number, puts: number): Promise<number> {
  for (let count = 0; count < puts; count += 1) await queue.put(from + count * step);
  return puts;
}

/** Takes everything until the queue is shut down. @returns the sum and the count. */
export async function takeAll(queue: Queue<number>): Promise<{ sum: number; count: number }> {
  let sum = 0;
  let count = 0;
  for await (const item of queue) {
    sum += item;
    count += 1;
    queue.taskDone();
  }
  return { sum, count };
}

/** As `takeAll`, parked instead of in the event loop. */
export function takeAllParked(queue: Queue<number>): { sum: number; count: number } {
  let sum = 0;
  for (let count = 0; ; count += 1) {
    try {
      sum += queue.getSync();
      queue.taskDone();
    } catch (error) {
      if (error instanceof ShutDown) return { sum, count };
      throw error;
    }
  }
}

/** Takes items and marks each in `seen` until the queue is shut down. Killed anywhere, it has lost at most what it had
 *  just taken. */
export async function markAll(queue: Queue<number>, seen: Int32Array): Promise<void> {
  for await (const item of queue) Atomics.add(seen, item, 1);
}

/** As `markAll`, parked. */
export function markAllParked(queue: Queue<number>, seen: Int32Array): void {
  for (;;) {
    try {
      Atomics.add(seen, queue.getSync(), 1);
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
  }
}

/** Puts numbers from a common counter until all are put, marking each before it is put and after. */
export async function putMarked(queue: Queue<number>, marks: Int32Array, end: number): Promise<void> {
  for (let item = Atomics.add(marks, end, 1); item < end; item = Atomics.add(marks, end, 1)) {
    Atomics.store(marks, item, 1);
    await queue.put(item);
    Atomics.store(marks, item, 2);
  }
}

/** Sends every item back as it is. */
export async function echo(from: Queue, to: Queue): Promise<void> {
  for await (const item of from) await to.put(item);
  to.shutdown();
}

/** What a queue says in a thread where there is nothing in it. */
export function emptied(queue: Queue): string {
  try {
    queue.getNowait();
    return "an item";
  } catch (error) {
    return error instanceof Empty ? "Empty" : String(error);
  }
}

async function codeOf(act: () => unknown): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** What an empty priority queue for two items refuses, and what it says. Shuts it down. */
export async function refusals(queue: PriorityQueue<unknown>): Promise<unknown> {
  const [getNowait, get] = [await codeOf(() => queue.getNowait()), await codeOf(() => queue.get({ timeout: 1 }))];
  await queue.put(3);
  const unorderable = await codeOf(() => queue.put("three"));
  const unserialisable = await codeOf(() => queue.put([() => 1]));
  queue.putNowait(1);
  const [put, putNowait] = [await codeOf(() => queue.put(2, { timeout: 1 })), await codeOf(() => queue.putNowait(2))];
  const sizes = [queue.qsize(), queue.full(), queue.empty()];
  const order = [queue.getNowait(), await queue.get()];
  queue.taskDone();
  queue.taskDone();
  await queue.join();
  const done = await codeOf(() => queue.taskDone());
  queue.shutdown();
  const shutDown = await codeOf(() => queue.get());
  return { getNowait, get, put, putNowait, unorderable, unserialisable, sizes, order, done, shutDown };
}

/** Cancels a put that waits. */
export async function cancelPut(queue: Queue<string>): Promise<unknown> {
  const controller = new AbortController();
  const put = codeOf(() => queue.put("second", { signal: controller.signal }));
  // The owner has the put by now: it acts on what comes in order.
  queue.qsize();
  controller.abort();
  return put;
}

/** Takes an item, then dies while it waits for more than there is. */
export async function exitWithItem(queue: Queue<number>): Promise<void> {
  await queue.get();
  const more = [1, 2, 3].map(() => codeOf(() => queue.get()));
  // They are under way; none is seen to arrive before this thread lets its event loop turn.
  process.kill(process.pid, "SIGKILL");
  await Promise.all(more);
}

/** As `putMarked`, until the queue is shut down. */
export async function putUntilShutDown(queue: Queue<number>, marks: Int32Array, end: number): Promise<string> {
  try {
    await putMarked(queue, marks, end);
    return "all put";
  } catch (error) {
    if (error instanceof ShutDown) return "shut down";
    throw error;
  }
}
