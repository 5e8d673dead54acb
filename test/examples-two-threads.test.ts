/** examples/two-threads.ts: the two work at the same time, under their names, and the daemon holds nobody. */
import { Thread } from "manyhands/threading";
import { expect, test } from "vitest";
import { runBoth, work } from "../examples/built/two-threads.js";
import { runExample } from "./run-example.js";

test("each works under its own name", async () => {
  expect((await runBoth(1)).map(({ thread }) => thread)).toEqual(["first", "second"]);
});

test("neither waits for the other", async () => {
  // Neither ends by itself within this test: that the third ends all the same shows that none waits for another.
  const endless = [1, 2].map(() => new Thread(work, [3_600_000], { daemon: true }));
  for (const thread of endless) thread.start();
  const third = new Thread(work, [1], { name: "third" });
  third.start();
  expect(await third.result()).toMatchObject({ thread: "third" });
  expect(endless.map((thread) => thread.isAlive())).toEqual([true, true]);
  for (const thread of endless) thread.terminate();
  await Promise.all(endless.map((thread) => thread.join()));
});

test("the program shows both, and ends while its daemon goes on", async () => {
  const { code, lines, stderr } = await runExample("two-threads");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines.map((line) => line.replace(/[\d.]+ s$/, "TIME").replace(/thread \d+/, "thread ID"))).toEqual([
    "thread ID, called first, worked for TIME",
    "thread ID, called second, worked for TIME",
    "both, this is MainThread: TIME",
  ]);
});
