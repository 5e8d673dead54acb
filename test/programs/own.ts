/** `own.js KIND`: a program whose workers load the program itself, to find the function it exports. */
import { isMain } from "manyhands";
import { candidate } from "../conformance/executors.js";

export function ownSquare(n: number): number {
  return n * n;
}

if (isMain(import.meta)) {
  const executor = candidate(process.argv[2]).make({ maxWorkers: 2 });
  console.log(JSON.stringify(await executor.map(ownSquare, [1, 2, 3])));
  console.log("main");
}
