/** Properties of threads and of tasks. */
import { local } from "manyhands/threading";

let made = 0;
const ofThread = local(() => {
  made += 1;
  return { count: 0, made };
});
const ofTask = local(() => ({ label: "" }), { per: "task" });

/** Counts in this thread. @returns the count, and how many times the properties were made here. */
export function countHere(): readonly [count: number, made: number] {
  ofThread.count += 1;
  return [ofThread.count, ofThread.made];
}

/** Sets a label, lets others of its thread run, and tells what label it finds. */
export async function labelThenLook(label: string): Promise<readonly [before: string, after: string]> {
  const before = ofTask.label;
  ofTask.label = label;
  await new Promise((resolve) => setImmediate(resolve));
  return [before, ofTask.label];
}
