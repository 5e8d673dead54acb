/** A program without a guard: loaded in a child, it would start a child there, which would start a child. */
import { Process } from "manyhands/multiprocessing";
import { add } from "./basic.js";

const child = new Process(add, [1, 2], { name: "unguarded" });
child.start();

export function task(): number {
  return 1;
}
