/** examples/rlock.ts: an RLock lets its holder in again, in every thread; a Lock does not, and says so. */
import { Lock, RLock } from "manyhands/threading";
import { expect, test } from "vitest";
import { inThreads, sumTo } from "../examples/built/rlock.js";
import { runExample } from "./run-example.js";

test("a recursive function holds the RLock at every level, in all threads, and leaves it free", async () => {
  const lock = new RLock();
  expect(await inThreads(3, 20, lock, 60_000)).toEqual(["210", "210", "210"]);
  expect(await sumTo(4, lock)).toBe(10);
  expect(lock.locked()).toBe(false);
});

test("with a Lock it ends with an error instead of waiting for itself, and the lock is free", async () => {
  const lock = new Lock();
  expect(await inThreads(1, 2, lock, 1)).toEqual(["TimeoutError"]);
  expect(lock.locked()).toBe(false);
});

test("the program shows both", async () => {
  expect(await runExample("rlock")).toMatchObject({
    code: 0,
    stderr: "",
    lines: ["with an RLock, three threads: 55, 55, 55", "with a Lock: TimeoutError"],
  });
});
