import { setTimeout } from "node:timers/promises";

/** Work that waits: what is measured with it is how many can wait at once. */
export async function nap(ms: number): Promise<number> {
  await setTimeout(ms);
  return ms;
}

export default nap;
