/** examples/queue-writer-reader.ts: all items arrive in order, and the program ends by itself. */
import { expect, test } from "vitest";
import { writeAndRead } from "../examples/built/queue-writer-reader.js";
import { runExample } from "./run-example.js";

test("what one process writes another reads, in order, to the last item", async () => {
  const items = Array.from({ length: 200 }, (_, n) => `item ${n}`);
  expect(await writeAndRead(items)).toEqual(items);
});

test("the program shows A, B and C, and ends", async () => {
  expect(await runExample("queue-writer-reader")).toMatchObject({
    code: 0,
    stderr: "",
    lines: ["the reader took A, B, C"],
  });
});
