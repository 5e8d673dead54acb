/** Going through a queue, whichever it is. */
import { ShutDown } from "./queue-errors.js";

/** Takes items until the queue is shut down and nothing is left in it.
 *  @param get waits for the next item
 *  @throws what `get` does, but for ShutDown. */
export async function* untilShutDown<T>(get: () => Promise<T>): AsyncGenerator<T, void, undefined> {
  for (;;) {
    let item: T;
    try {
      item = await get();
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
    yield item;
  }
}
