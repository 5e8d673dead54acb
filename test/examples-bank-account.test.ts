/** examples/bank-account.ts: the lock lets one withdrawal through, every time; the race without it is shown every time. */
import { expect, test } from "vitest";
import { RUNNERS, twoAtOnce } from "../examples/built/bank-account.js";
import { runExample } from "./run-example.js";

const KINDS = Object.keys(RUNNERS) as (keyof typeof RUNNERS)[];
/** Processes take a tenth of a second each to start. */
const TIMES = { tasks: 100, threads: 25, processes: 4 } as const;

test.each(KINDS)(
  "%s: with the lock exactly one withdrawal succeeds, and 400 remain",
  { timeout: 60_000 },
  async (by) => {
    for (let time = 0; time < TIMES[by]; time += 1) {
      expect(await twoAtOnce(by, "with the lock")).toEqual({ succeeded: 1, balance: 400 });
    }
  },
);

test.each(KINDS)("%s: without a lock both succeed, and the bank has lost 600", async (by) => {
  expect(await twoAtOnce(by, "without a lock")).toEqual({ succeeded: 2, balance: 400 });
});

test("the program shows both ways for all three", async () => {
  const { code, stderr, lines } = await runExample("bank-account");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lines).toEqual(
    KINDS.flatMap((by) => [
      `${by} with the lock: 1 of 2 withdrawals of 600 succeeded, 400 of 1000 remain`,
      `${by} without a lock: 2 of 2 withdrawals of 600 succeeded, 400 of 1000 remain`,
    ]),
  );
});
