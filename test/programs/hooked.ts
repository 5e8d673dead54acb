/** What programs that look for promise hooks look with. */
import { executionAsyncId } from "node:async_hooks";

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether promises are hooked now, which is when a continuation has an id of its own. Looked at from a timer, where nothing is inherited from. */
export async function hooked(): Promise<boolean> {
  await turn();
  await turn();
  await undefined;
  await undefined;
  return executionAsyncId() !== 0;
}
