/** What a call costs, in things that can be counted: messages, promises, bytes, wake-ups. Never in time, which belongs to
 *  the machine: these laws hold on a busy one too. Each number has its reason beside it. */
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { outputOf, program } from "./conformance/support.js";
import type { Crossings } from "./counting.js";
import { type Activity, activityOf } from "./idleness.js";
import { folder } from "./keeping.js";

async function counted<T>(what: string, kind: string): Promise<T> {
  return JSON.parse(await outputOf(program("counted", what, kind, join(folder(), "gate")))) as T;
}

/** The least of some rounds: whatever else the machine does makes a count larger. */
function least(counts: readonly number[] | undefined): number {
  return Math.min(...(counts ?? []));
}

describe.each(["thread", "process"])("crossings (%s)", (kind) => {
  test("are far fewer than the calls", async () => {
    type Rounds = readonly Crossings[];
    const { submit, map } = await counted<{ submit: Rounds; map: Rounds }>("messages", kind);
    // 20 000 calls. How many travel together depends on how long calls were seen to run, and on how soon answers make
    // room: 100 to 650 messages (2 calls per 100 messages at the worst); maps, whose items are put together: 20 to 100.
    // A call that was interrupted makes small messages for a while, hence the least of three. Ten times fewer messages
    // than calls is what batching is for; without it there would be 20 000.
    expect(least(submit.map(({ out }) => out))).toBeLessThanOrEqual(2000);
    expect(least(map.map(({ out }) => out))).toBeLessThanOrEqual(1000);
    // Processes write each result before they run the next call; how many of them are read at once is a matter of speed.
    if (kind === "process") return;
    expect(least(submit.map(({ back }) => back))).toBeLessThanOrEqual(2000);
    expect(least(map.map(({ back }) => back))).toBeLessThanOrEqual(1000);
  });

  test("are known to the message when no clock decides", async () => {
    type Batches = Readonly<Record<"idle" | "busy" | "after" | "map" | "objects", Crossings>>;
    const { idle, busy, after, map, objects } = await counted<Batches>("batches", kind);
    // 1000 calls submitted in one turn leave at every 256th (`STRETCH`) and at the end: 256, 512, 768, 1000.
    expect(idle.out).toBe(4);
    // The worker runs a call of which nobody knows how long it takes: nothing is handed over ahead of its turn.
    expect(busy.out).toBe(0);
    // It ends: all 1000 go, for they fit the worker's 1024 slots, and its budget of 2000 µs at 1 µs for each.
    expect(after.out).toBe(1);
    // 20 000 items in bundles of 256 (`TOGETHER`) are 79, if each leaves alone; the window of 4 × 1000 is filled when
    // half of it is free, in at most 9 pulls, each of which may end with a bundle that is not full.
    expect(map.out).toBeLessThanOrEqual(79 + 9);
    // Small objects travel together as numbers do: 4 messages. Two more, since nobody knows the function yet: its name,
    // and the first call alone.
    expect(objects.out).toBeLessThanOrEqual(4 + 2);
    if (kind === "process") return;
    // A message is answered by one "look" at the most, and the task before by its value.
    expect(idle.back).toBeLessThanOrEqual(4);
    expect(after.back).toBeLessThanOrEqual(1 + 1);
    expect(map.back).toBeLessThanOrEqual(map.out);
  });
});

describe.each(["event-loop", "thread", "process"])("promises (%s)", (kind) => {
  test("are made by whoever awaits, not by the library", async () => {
    type Promises = Readonly<Record<"awaited" | "calledBack" | "mapped", number>>;
    const { awaited, calledBack, mapped } = await counted<Promises>("promises", kind);
    // 1000 futures in a `Promise.all`, beyond what it makes for 1000 objects with a `then`: exactly nothing. A promise
    // for each future would be 1000, one for each message some.
    expect(awaited).toBe(0);
    // 1000 futures with a callback.
    expect(calledBack).toBe(0);
    // A map of 1000, collected: for `collect`, its wait, `then`, and the `await` on it. Not one for each item.
    expect(mapped).toBeLessThanOrEqual(5);
  });
});

describe("bytes of heap", () => {
  test("are few for each call", async () => {
    type Bytes = Readonly<Record<"awaited" | "calledBack" | "mapped", readonly number[]>>;
    const { awaited, calledBack, mapped } = await counted<Bytes>("bytes", "thread");
    // Each about 30 % above what it was when this was written (Node 20), so that a field more is no failure and an object
    // with a closure for each call is one.
    // 1040: the call, its future and arguments (about 440), and what `Promise.all` makes for it.
    expect(least(awaited)).toBeLessThan(1350);
    // 750: the call, its future and arguments, and what a future with callbacks has besides.
    expect(least(calledBack)).toBeLessThan(980);
    // 235: an item's number, value, and its share of arrays that grow; no object of its own.
    expect(least(mapped)).toBeLessThan(305);
  });
});

/** Until nothing has happened in a stretch of 400 ms. Whoever wakes more often than twice in a second wakes in each. */
async function quietStretch(pid: number): Promise<readonly Activity[]> {
  let activity: readonly Activity[] = [];
  // The first should do. The garbage collector may still have had something to do, or a worker have waited a moment for
  // the next call before it went to sleep.
  for (let stretch = 0; stretch < 10; stretch += 1) {
    activity = (await activityOf(pid, 400)).filter(({ wakeUps, ticks }) => wakeUps > 0 || ticks > 0);
    if (activity.length === 0) break;
  }
  return activity;
}

// Where there is no /proc nobody counts wake-ups; what is counted there is the same on every system.
describe.runIf(process.platform === "linux").each(["thread", "process"])("an idle pool (%s)", (kind) => {
  test("wakes nobody, uses no processor time, and lets its program end", async () => {
    const running = program("idle", kind);
    const port = Number(await running.line("port "));
    try {
      // Two workers with a server each, and the program: not one wake-up, and not one tick of 10 ms.
      expect(await quietStretch(running.pid)).toEqual([]);
      connect(port, "127.0.0.1").on("error", () => undefined);
    } catch (error) {
      // It may wait for ever, or never sleep: it must not outlive the test that found that out.
      process.kill(running.pid, "SIGKILL");
      throw error;
    }
    const resources = /^resources (.*)$/m.exec(await outputOf(running))?.[1] ?? "";
    // No timer is left to wake it later.
    expect(JSON.parse(resources)).not.toContain("Timeout");
  });
});
