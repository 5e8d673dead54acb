/** What threads do with queues. */
import { Empty, type Queue, ShutDown } from "manyhands/queue";

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
