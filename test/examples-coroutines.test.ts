/** examples/coroutines.ts: a task alone, a callback, and three tasks in the order of making and of ending. */
import { expect, test } from "vitest";
import { asTheyComplete, oneTask, threeByWait, withCallback } from "../examples/built/coroutines.js";
import { runExample } from "./run-example.js";
import { runVirtually } from "./virtual-clock.js";

const UNIT = 1000;

test("a task is there before it begins, and has a result when it has ended", async () => {
  expect(await runVirtually(() => oneTask(UNIT))).toEqual(["pending, then succeeded", "done after 2"]);
});

test("a callback hears of the end before those do that wait for it", async () => {
  expect(await runVirtually(() => withCallback(UNIT))).toEqual([
    "callback: work of 2 has succeeded",
    "awaited: done after 2",
  ]);
});

test("wait gives three results as they were asked for, asCompleted as they come", async () => {
  const [two, three, one] = ["done after 2", "done after 3", "done after 1"];
  expect(await runVirtually(() => threeByWait(UNIT))).toEqual([two, three, one]);
  expect(await runVirtually(() => asTheyComplete(UNIT))).toEqual([one, two, three]);
});

test("the program shows all four, results on standard output alone", async () => {
  const { code, lines } = await runExample("coroutines", "10");
  expect(code).toBe(0);
  expect(lines).toEqual([
    "One task: pending, then succeeded; done after 2",
    "With a callback: callback: work of 2 has succeeded; awaited: done after 2",
    "Three, by wait: done after 2; done after 3; done after 1",
    "Three, as they complete: done after 1; done after 2; done after 3",
  ]);
});

test.each([
  [["soon"], "UNIT_MS must be a whole number of at least 1"],
  [["1", "2"], "One argument at most"],
])("arguments %j are refused in one line", async (args, message) => {
  const { code, lines, stderr } = await runExample("coroutines", ...args);
  expect([code, lines]).toEqual([2, []]);
  expect(stderr).toMatch(new RegExp(`^${message}.*\nUsage: .*\n$`));
});
