/** What workers do with what is shared, for the measure `share`. */
import type { Connection } from "manyhands/multiprocessing";
import type { Queue } from "manyhands/queue";
import type { Lock } from "manyhands/threading";

/** Adds 1 under the lock, so many times; without the lock some would be lost. */
export function addUnderLock(lock: Lock, cell: Int32Array, times: number): void {
  for (let time = 0; time < times; time += 1) {
    const permit = lock.acquireSync();
    cell[0] = (cell[0] ?? 0) + 1;
    permit.release();
  }
}

/** Parked while the queue is full. */
export function putParked(queue: Queue<number>, count: number): void {
  for (let item = 0; item < count; item += 1) queue.putSync(item);
}

/** Parked while the queue is empty. @returns the sum. */
export function takeParked(queue: Queue<number>, count: number): number {
  let sum = 0;
  for (let item = 0; item < count; item += 1) sum += queue.getSync();
  return sum;
}

export async function putAwaited(queue: Queue<number>, count: number): Promise<void> {
  for (let item = 0; item < count; item += 1) await queue.put(item);
}

export async function takeAwaited(queue: Queue<number>, count: number): Promise<number> {
  let sum = 0;
  for (let item = 0; item < count; item += 1) sum += await queue.get();
  return sum;
}

export async function sendAwaited(connection: Connection, count: number, size: number): Promise<void> {
  const message = new Uint8Array(size).fill(7);
  for (let sent = 0; sent < count; sent += 1) await connection.sendBytes(message);
  connection.close();
}

/** @returns the bytes that came. */
export async function receiveAwaited(connection: Connection, count: number): Promise<number> {
  let bytes = 0;
  for (let received = 0; received < count; received += 1) bytes += (await connection.recvBytes()).length;
  connection.close();
  return bytes;
}
