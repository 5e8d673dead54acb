/** What threads and processes of their own do with what is shared with them. */
import type { Connection } from "manyhands/multiprocessing";
import type { Queue } from "manyhands/queue";
import type { Event, Lock } from "manyhands/threading";

export interface Together {
  readonly lock: Lock;
  readonly nested: { readonly queue: Queue<string>; readonly same: Lock };
}

/** Puts the name under the lock, which it was given twice. @returns the queue it was given, and whether both are one. */
export async function putUnderLock(
  name: string,
  { lock, nested }: Together,
): Promise<{ one: boolean; queue: Queue<string> }> {
  await lock.with(() => nested.queue.put(name));
  return { one: lock === nested.same, queue: nested.queue };
}

/** Takes the lock, says so, and waits to be ended. */
export async function holdForEver(lock: Lock, held: Event): Promise<void> {
  await lock.acquire();
  held.set();
  await new Promise(() => setInterval(() => undefined, 1000));
}

/** Sends back what it is sent until the other end is closed. */
export async function echoUntilEnd(connection: Connection): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      await connection.send(await connection.recv());
    } catch {
      connection.close();
      return count;
    }
  }
}

/** Takes the lock, holds the connection, says so, and waits to be ended. */
export async function holdBoth(connection: Connection, lock: Lock, held: Event): Promise<Connection> {
  await holdForEver(lock, held);
  return connection;
}
