/** An executor as it stands in messages. */
import type { Executor } from "../futures/mod.js";
import type { WatchedExecutor } from "../pool/watch-messages.js";

/** What messages call this executor: with its controls, and before anything has been told of it.
 *
 *  @param executor any executor, or a view of one.
 *  @returns `undefined` for one that tells nothing.
 *  @example
 *  ```ts
 *  const { id } = watchedOf(pool) ?? {};
 *  using _ = subscribe({ task: (message) => message.executor.id === id && console.log(message.type, message.task) });
 *  ``` */
export function watchedOf(executor: Executor): WatchedExecutor | undefined {
  const watched: unknown = "watched" in executor ? executor.watched : undefined;
  return typeof watched === "object" && watched !== null ? (watched as WatchedExecutor) : undefined;
}
