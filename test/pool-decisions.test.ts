/** The pure decisions of the pool: where a call goes, how far ahead, whether it runs again, and when to give up. No workers. */
import { describe, expect, test } from "vitest";
import { CLOSED, nextBreaker } from "../packages/manyhands/dist/pool/breaker.js";
import type { Candidate, View } from "../packages/manyhands/dist/pool/place.js";
import { place } from "../packages/manyhands/dist/pool/place.js";
import { BUDGET, Profile, takes, UNKNOWN } from "../packages/manyhands/dist/pool/profile.js";
import { afterFailure, afterLoss, type RetryPolicy } from "../packages/manyhands/dist/pool/retry.js";

const worker = (held: number, lastUsed: number, takesMore = true): Candidate => ({
  held,
  lastUsed,
  takes: takesMore,
  expected: 1000 * held,
  silent: false,
});

function view(serving: readonly Candidate[], rest: Partial<View<Candidate>> = {}): View<Candidate> {
  const booting = rest.booting ?? 0;
  return {
    serving,
    booting,
    live: serving.length + booting,
    max: 4,
    waiting: 1,
    cost: 1000,
    cores: 2,
    ahead: undefined,
    ...rest,
  };
}

describe("place()", () => {
  test("starts the first worker", () => {
    expect(place(view([]))).toEqual({ do: "spawn" });
  });

  test("takes an idle worker rather than starting another", () => {
    const idle = worker(0, 1);
    expect(place(view([worker(1, 5, false), idle]))).toMatchObject({ do: "assign", worker: idle });
  });

  test("of several idle workers, takes the one used last", () => {
    const [cold, warm] = [worker(0, 1), worker(0, 9)];
    expect(place(view([cold, warm, worker(0, 3)]))).toMatchObject({ do: "assign", worker: warm });
  });

  test("of several busy workers that take more, takes the least loaded", () => {
    const light = worker(2, 1);
    expect(place(view([worker(5, 9), light, worker(3, 8)], { max: 3 }))).toMatchObject({ do: "assign", worker: light });
  });

  test("never gives a call to a worker that does not take it", () => {
    expect(place(view([worker(1, 1, false), worker(1, 2, false)], { max: 2 }))).toEqual({ do: "wait" });
  });

  test("starts a worker when nobody takes the call and there may be more", () => {
    expect(place(view([worker(1, 1, false)], { max: 2 }))).toEqual({ do: "spawn" });
  });

  test("does not start a worker for a call that one on its way up will take", () => {
    expect(place(view([], { booting: 1, waiting: 1 }))).toEqual({ do: "wait" });
    expect(place(view([], { booting: 1, waiting: 2 }))).toEqual({ do: "spawn" });
  });

  test("hands a call to a worker that boots, where it may, before it starts another", () => {
    const ahead = worker(0, 0);
    expect(place(view([], { booting: 1, waiting: 2, ahead }))).toEqual({ do: "assign", worker: ahead, most: 1 });
    const idle = worker(0, 1);
    expect(place(view([idle], { booting: 1, ahead }))).toMatchObject({ worker: idle });
  });

  test("workers that are going count against the maximum", () => {
    expect(place(view([], { live: 4, max: 4 }))).toEqual({ do: "wait" });
  });

  test("a batch is at most the worker's share of what waits", () => {
    expect(place(view([worker(0, 1), worker(0, 2)], { waiting: 10 }))).toMatchObject({ most: 5 });
    expect(place(view([worker(0, 1)], { booting: 2, waiting: 10 }))).toMatchObject({ most: 4 });
    expect(place(view([worker(0, 1), worker(0, 2), worker(0, 3)], { waiting: 1 }))).toMatchObject({ most: 1 });
  });

  test("work that is not worth another crossing is not shared out, however many workers there are", () => {
    const many = Array.from({ length: 16 }, (_, n) => worker(0, n));
    expect(place(view(many, { waiting: 160, cost: 2, cores: 16 }))).toMatchObject({ most: 50 });
    expect(place(view(many, { waiting: 16_000, cost: 2, cores: 16 }))).toMatchObject({ most: 1000 });
  });

  test("short calls are shared out to as many workers as there are cores, and no more", () => {
    const busy = (more: Partial<Candidate> = {}): Candidate => ({ ...worker(100, 1), expected: 200, ...more });
    const few = { waiting: 100, cost: 2, cores: 2 };
    expect(place(view([worker(0, 1), worker(0, 2), worker(0, 3)], { ...few, waiting: 1000 }))).toMatchObject({
      most: 500,
    });
    const second = worker(0, 2);
    expect(place(view([busy(), second], few))).toMatchObject({ worker: second });
    const idle = worker(0, 9);
    const light = busy({ held: 50, expected: 100 });
    expect(place(view([busy(), light, idle], few))).toMatchObject({ do: "assign", worker: light });
    const full = [busy({ takes: false }), busy({ takes: false })];
    expect(place(view([...full, idle], few))).toEqual({ do: "wait" });
    expect(place(view(full, few))).toEqual({ do: "wait" });
    // A long call, or one that should have ended long ago, leaves a core to others as far as anybody knows.
    expect(place(view([...full, idle], { ...few, cost: 1000 }))).toMatchObject({ worker: idle });
    const silent = busy({ takes: false, silent: true });
    expect(place(view([busy({ takes: false }), silent, idle], few))).toMatchObject({ worker: idle });
    const long = busy({ takes: false, held: 1, expected: 50_000 });
    expect(place(view([busy({ takes: false }), long, idle], few))).toMatchObject({ worker: idle });
  });

  test("every view has one answer, which is possible", () => {
    for (const held of [0, 1, 3])
      for (const able of [true, false])
        for (const booting of [0, 1, 3])
          for (const max of [1, 2, 4])
            for (const waiting of [1, 2, 50]) {
              const given = view([worker(held, 1, able)], { booting, max, waiting });
              const decision = place(given);
              if (decision.do === "assign") expect([decision.worker.takes, decision.most > 0]).toEqual([true, true]);
              if (decision.do === "spawn") expect(given.live).toBeLessThan(max);
              if (decision.do === "wait") expect(able).toBe(false);
            }
  });
});

describe("takes()", () => {
  const load = { held: 0, expected: 0, slots: 1, lending: 0, silent: false };

  test("a free worker takes any call, however long, even when it has been silent", () => {
    for (const cost of [0.001, 50, Number.POSITIVE_INFINITY]) {
      expect(takes(load, cost)).toBe(true);
      expect(takes({ ...load, silent: true }, cost)).toBe(true);
      expect(takes({ ...load, held: 2, expected: Number.POSITIVE_INFINITY, slots: 3 }, cost)).toBe(true);
    }
  });

  test("a call of unknown or great length is never handed ahead of its turn", () => {
    expect(takes({ ...load, held: 1 }, Number.POSITIVE_INFINITY)).toBe(false);
    expect(takes({ ...load, held: 1 }, BUDGET * 2)).toBe(false);
    expect(takes({ ...load, held: 1, expected: Number.POSITIVE_INFINITY }, 0.001)).toBe(false);
  });

  test("small calls are handed ahead until the worker has its budget of work", () => {
    expect(takes({ ...load, held: 10, expected: BUDGET / 2 }, 0.001)).toBe(true);
    expect(takes({ ...load, held: 10, expected: BUDGET }, 0.001)).toBe(false);
  });

  test("when all that run wait for calls of the same executor, one more may start; not before", () => {
    const full = { ...load, slots: 2, held: 2, silent: true };
    expect(takes({ ...full, lending: 1 }, 0.001)).toBe(false);
    expect(takes({ ...full, lending: 2 }, 0.001)).toBe(true);
    expect(takes({ ...full, held: 3, lending: 2 }, 0.001)).toBe(false);
  });

  test("nothing is handed ahead to a worker that has been silent for too long", () => {
    expect(takes({ ...load, held: 1, expected: 0.001, silent: true }, 0.001)).toBe(false);
  });
});

describe("Profile", () => {
  test("knows nothing at first", () => {
    expect(new Profile().cost).toBe(UNKNOWN);
  });

  test("learns from the first call, and never believes that a call costs nothing", () => {
    const profile = new Profile();
    profile.observe(3);
    expect(profile.cost).toBe(3000);
    const quick = new Profile();
    quick.observe(0);
    expect(quick.cost).toBeGreaterThan(0);
  });

  test("one interrupted call in a row of quick ones counts with its share, a second one near it by itself", () => {
    const profile = new Profile();
    profile.observeRun(200, 0.4, 0.003);
    profile.observeRun(200, 5.4, 5);
    // 5.4 ms for 200 calls: not a quarter of the 5 ms that one of them took.
    expect(profile.cost).toBeLessThanOrEqual(27);
    profile.observeRun(20, 5.04, 5);
    expect(profile.cost).toBeGreaterThan(1000);
  });

  test("one slow call among quick ones makes it careful at once, and is forgotten slowly", () => {
    const profile = new Profile();
    for (let n = 0; n < 100; n += 1) profile.observe(0.01);
    const before = profile.cost;
    profile.observe(100);
    const after = profile.cost;
    expect(after).toBeGreaterThan(BUDGET);
    let last = after;
    for (let n = 0; n < 2_000; n += 1) {
      profile.observe(0.01);
      expect(profile.cost).toBeLessThanOrEqual(last);
      last = profile.cost;
    }
    expect(last).toBeLessThan(before * 2);
  });
});

describe("afterFailure()", () => {
  const policy = (rest: Partial<RetryPolicy> = {}): RetryPolicy => ({
    limit: 3,
    delay: 10,
    factor: 2,
    spread: "none",
    when: () => true,
    ...rest,
  });

  test("without a policy, fails", () => {
    expect(afterFailure(undefined, 1, new Error())).toEqual({ do: "fail" });
  });

  test("retries as often as the limit says, with a growing pause", () => {
    const answers = [1, 2, 3, 4].map((attempt) => afterFailure(policy(), attempt, new Error()));
    expect(answers).toEqual([
      { do: "retry", after: 10 },
      { do: "retry", after: 20 },
      { do: "retry", after: 40 },
      { do: "fail" },
    ]);
  });

  test("asks `when` about each error, whatever was thrown, and not once the limit is reached", () => {
    const asked: unknown[] = [];
    const when = (error: unknown): boolean => {
      asked.push(error);
      return error !== 0;
    };
    expect(afterFailure(policy({ when }), 1, undefined)).toMatchObject({ do: "retry" });
    expect(afterFailure(policy({ when }), 1, 0)).toEqual({ do: "fail" });
    expect(afterFailure(policy({ when }), 4, "late")).toEqual({ do: "fail" });
    expect(asked).toEqual([undefined, 0]);
  });

  test("jitter: between half of the pause and all of it", () => {
    const after = (random: number) => afterFailure(policy({ spread: "jitter" }), 2, new Error(), () => random);
    expect(after(0)).toEqual({ do: "retry", after: 10 });
    expect(after(0.5)).toEqual({ do: "retry", after: 15 });
    expect(after(0.999_999)).toMatchObject({ do: "retry", after: expect.closeTo(20, 3) });
  });
});

describe("afterLoss()", () => {
  test("never runs a call again that did not ask for it", () => {
    const policy: RetryPolicy = { limit: 9, delay: 0, factor: 2, spread: "none", when: () => true };
    expect(afterLoss("fail", undefined, 1)).toEqual({ do: "fail" });
    expect(afterLoss("fail", policy, 1)).toEqual({ do: "fail" });
  });

  test("a call that asked for it runs again as often as its retries say", () => {
    const policy: RetryPolicy = { limit: 2, delay: 5, factor: 2, spread: "none", when: () => false };
    expect([1, 2, 3].map((attempt) => afterLoss("retry", policy, attempt))).toEqual([
      { do: "retry", after: 5 },
      { do: "retry", after: 10 },
      { do: "fail" },
    ]);
  });

  test("a call that kills every worker it meets ends some time, even when nothing says when", () => {
    const attempts = Array.from({ length: 100 }, (_, n) => afterLoss("retry", undefined, n + 1).do);
    expect(attempts[0]).toBe("retry");
    expect(attempts.at(-1)).toBe("fail");
    expect(attempts.lastIndexOf("retry")).toBeLessThan(attempts.indexOf("fail"));
  });
});

describe("nextBreaker()", () => {
  const after = (...events: ("worked" | "died-useless")[]) => events.reduce(nextBreaker, CLOSED);

  test("a death or two are accidents", () => {
    expect(after("died-useless", "died-useless").kind).toBe("closed");
  });

  test("three in a row open it, for good", () => {
    expect(after("died-useless", "died-useless", "died-useless").kind).toBe("open");
    expect(after("died-useless", "died-useless", "died-useless", "worked").kind).toBe("open");
  });

  test("a worker that gets ready in between starts the count again", () => {
    expect(after("died-useless", "died-useless", "worked", "died-useless", "died-useless").kind).toBe("closed");
  });
});
