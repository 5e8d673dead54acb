/** A program without a guard: loaded in a worker, it would start a thread there, which would start a thread. */
import { Thread } from "manyhands/threading";
import { add } from "./basic.js";

const thread = new Thread(add, [1, 2], { name: "unguarded" });
thread.start();

export function task(): number {
  return 1;
}
