/** A process writes A, B and C into a queue, each under a lock; another process takes them in order; the program ends by
 *  itself. Nobody is killed: the writer shuts the queue down, and a reader takes what is left before it stops.
 *
 *      node examples/built/queue-writer-reader.js */
import { isMain } from "manyhands";
import { Process } from "manyhands/multiprocessing";
import { Queue } from "manyhands/queue";
import { Lock } from "manyhands/threading";

/** Puts the items, one after another, each under the lock. */
export async function write(queue: Queue<string>, lock: Lock, items: readonly string[]): Promise<void> {
  for (const item of items) await lock.with(() => queue.put(item));
  // No more will come; what is in the queue is still taken. A reader that is killed might leave it there.
  queue.shutdown();
}

/** Takes items until there are no more. */
export async function read(queue: Queue<string>): Promise<string[]> {
  const taken: string[] = [];
  for await (const item of queue) taken.push(item);
  return taken;
}

/** Runs both processes. @returns what the reader took. */
export async function writeAndRead(items: readonly string[]): Promise<string[]> {
  const [queue, lock] = [new Queue<string>(), new Lock()];
  const writer = new Process(write, [queue, lock, items], { name: "writer" });
  const reader = new Process(read, [queue], { name: "reader" });
  for (const child of [writer, reader]) child.start();
  // Its error, if it has one, is told here.
  await writer.result();
  return await reader.result();
}

if (isMain(import.meta)) console.log(`the reader took ${(await writeAndRead(["A", "B", "C"])).join(", ")}`);
