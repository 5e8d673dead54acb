import { expect, test } from "vitest";
import { Backoff } from "../packages/manyhands/dist/base/backoff.js";

/** How many of `chances` are taken when each try comes to `end`. */
function tries(backoff: Backoff, chances: number, end: "succeeded" | "failed"): number {
  let made = 0;
  for (let chance = 0; chance < chances; chance += 1) {
    if (!backoff.tries()) continue;
    made += 1;
    backoff[end]();
  }
  return made;
}

test("what succeeds is always tried", () => {
  expect(tries(new Backoff(), 1000, "succeeded")).toBe(1000);
});

test("what fails is tried more and more seldom, and never given up", () => {
  const backoff = new Backoff();
  // 1 + 2 + 4 + … + 128 chances are passed over between the first nine tries.
  expect(tries(backoff, 264, "failed")).toBe(9);
  expect(tries(backoff, 129 * 10, "failed")).toBe(10);
});

test("one success makes it as willing as before", () => {
  const backoff = new Backoff();
  tries(backoff, 264, "failed");
  while (!backoff.tries());
  backoff.succeeded();
  expect(tries(backoff, 100, "succeeded")).toBe(100);
});
