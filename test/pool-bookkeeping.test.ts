/** What the pool keeps: calls that wait, listeners of signals, numbers. No workers. */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { SignalWatch } from "../packages/manyhands/dist/base/signal-watch.js";
import { Backlog } from "../packages/manyhands/dist/pool/backlog.js";
import { DEFAULT_PLAN, planCall, planMap } from "../packages/manyhands/dist/pool/plan.js";
import { Durations } from "../packages/manyhands/dist/pool/statistics.js";

interface Call {
  waiting: boolean;
  readonly name: string;
  readonly plan: { readonly priority: number };
}
const call = (name: string, priority = 0): Call => ({ name, waiting: true, plan: { priority } });

function drain(backlog: Backlog<Call>): string[] {
  const names: string[] = [];
  for (let next = backlog.shift(); next !== undefined; next = backlog.shift()) names.push(next.name);
  return names;
}

describe("Backlog", () => {
  test("gives nothing when it holds nothing", () => {
    const backlog = new Backlog<Call>();
    expect([backlog.peek(), backlog.shift(), [...backlog]]).toEqual([undefined, undefined, []]);
  });

  test("larger priority first, first come first served within one", () => {
    const backlog = new Backlog<Call>();
    const priorities = [0, 3, -1, 3, 0, 1.5, -1];
    for (const [n, priority] of priorities.entries()) backlog.push(call(`${priority}/${n}`, priority));
    expect([...backlog].map(({ name }) => name)).toEqual(["3/1", "3/3", "1.5/5", "0/0", "0/4", "-1/2", "-1/6"]);
    expect(drain(backlog)).toEqual(["3/1", "3/3", "1.5/5", "0/0", "0/4", "-1/2", "-1/6"]);
  });

  test("a call that comes back is before all others of its priority, not of a higher one", () => {
    const backlog = new Backlog<Call>();
    for (const [name, priority] of [
      ["a", 0],
      ["b", 0],
      ["urgent", 1],
    ] as const)
      backlog.push(call(name, priority));
    backlog.unshift(call("back"));
    expect(drain(backlog)).toEqual(["urgent", "back", "a", "b"]);
  });

  test("calls that are settled while they wait are passed over, wherever they are", () => {
    const backlog = new Backlog<Call>();
    const calls = ["a", "b", "c", "d"].map((name) => call(name));
    const urgent = call("urgent", 1);
    for (const each of [...calls, urgent]) backlog.push(each);
    for (const each of [urgent, calls[0], calls[2]]) if (each !== undefined) each.waiting = false;
    expect([...backlog].map(({ name }) => name)).toEqual(["b", "d"]);
    expect(backlog.peek()?.name).toBe("b");
    expect(drain(backlog)).toEqual(["b", "d"]);
  });

  test("peek() leaves the call where it is", () => {
    const backlog = new Backlog<Call>();
    backlog.push(call("a"));
    expect([backlog.peek()?.name, backlog.peek()?.name, backlog.shift()?.name, backlog.shift()]).toEqual([
      "a",
      "a",
      "a",
      undefined,
    ]);
  });

  test("goes on working after it was emptied, with other priorities", () => {
    const backlog = new Backlog<Call>();
    backlog.push(call("a", 5));
    expect(drain(backlog)).toEqual(["a"]);
    backlog.push(call("b", 1));
    backlog.push(call("c", 9));
    expect(drain(backlog)).toEqual(["c", "b"]);
  });

  test.each([4, 300])("agrees with a sorted list, whatever happens, with %i priorities", (priorities) => {
    const backlog = new Backlog<Call>();
    const model: { readonly call: Call; readonly order: number }[] = [];
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const first = (): (typeof model)[number] | undefined =>
      model
        .filter((entry) => entry.call.waiting)
        .sort((a, b) => b.call.plan.priority - a.call.plan.priority || a.order - b.order)[0];
    for (let step = 0; step < 2_000; step += 1) {
      const what = random(10);
      if (what < 5) {
        const next = call(String(step), random(priorities));
        backlog.push(next);
        model.push({ call: next, order: step });
      } else if (what < 6) {
        const next = call(String(step), random(priorities));
        backlog.unshift(next);
        model.push({ call: next, order: -step });
      } else if (what < 7) {
        const entry = model[random(Math.max(1, model.length))];
        if (entry !== undefined) entry.call.waiting = false;
      } else {
        const expected = first();
        expect(backlog.shift()).toBe(expected?.call);
        if (expected !== undefined) model.splice(model.indexOf(expected), 1);
      }
    }
  });
});

describe("SignalWatch", () => {
  test("tells every call of a signal once, and no other", () => {
    const told: unknown[] = [];
    const watch = new SignalWatch<string>((name, reason) => told.push([name, reason]));
    const [one, other] = [new AbortController(), new AbortController()];
    watch.add(one.signal, "a");
    watch.add(one.signal, "b");
    watch.add(other.signal, "c");
    watch.remove(one.signal, "never added");
    one.abort("why");
    expect(told).toEqual([
      ["a", "why"],
      ["b", "why"],
    ]);
  });

  test("does not tell a call that has been removed, also by another that was told first", () => {
    const told: string[] = [];
    const { signal, abort } = controller();
    const watch = new SignalWatch<string>((name) => told.push(name));
    watch.add(signal, "a");
    watch.add(signal, "b");
    watch.remove(signal, "a");
    abort();
    expect(told).toEqual(["b"]);
  });

  test("keeps one listener for a thousand calls, and none when they have ended", () => {
    const { signal, listeners } = controller();
    const watch = new SignalWatch<number>(() => undefined);
    for (let n = 0; n < 1_000; n += 1) watch.add(signal, n);
    expect(listeners()).toBe(1);
    for (let n = 0; n < 1_000; n += 1) watch.remove(signal, n);
    expect(listeners()).toBe(0);
  });
});

/** A signal that knows how many listen to it. */
function controller(): { readonly signal: AbortSignal; readonly abort: () => void; readonly listeners: () => number } {
  const inner = new AbortController();
  const { signal } = inner;
  return { signal, abort: () => inner.abort(), listeners: () => getEventListeners(signal, "abort").length };
}

describe("planCall() and planMap()", () => {
  test("what is not said stays as it was", () => {
    expect(planCall(DEFAULT_PLAN, {})).toEqual(DEFAULT_PLAN);
    const base = planCall(DEFAULT_PLAN, { priority: 3, retries: 2, timeout: 50, retryOnWorkerLoss: true });
    expect(planCall(base, { priority: 4 })).toEqual({ ...base, priority: 4 });
    expect(planCall(base, { retries: 0, retryOnWorkerLoss: false })).toMatchObject({
      retry: { limit: 0 },
      onWorkerLoss: "fail",
      timeout: 50,
    });
  });

  test("a map is ordered and measures its chunks unless told otherwise", () => {
    expect(planMap(DEFAULT_PLAN, {})).toMatchObject({ order: "ordered", chunk: 0, bufferSize: undefined });
    expect(planMap(DEFAULT_PLAN, { ordered: false, chunkSize: 7, bufferSize: 9 })).toMatchObject({
      order: "as-completed",
      chunk: 7,
      bufferSize: 9,
    });
    expect(planMap(DEFAULT_PLAN, { chunkSize: "auto" }).chunk).toBe(0);
  });

  test.each([
    [{ signal: {} }, "signal"],
    [{ timeout: "10" }, "timeout"],
    [{ priority: "high" }, "priority"],
    [{ key: 7 }, "key"],
    [{ retryOnWorkerLoss: 1 }, "retryOnWorkerLoss"],
    [{ transfer: {} }, "transfer"],
    [{ retries: {} }, "retries"],
    [{ retries: { limit: 1, delay: -1 } }, "retries.delay"],
    [{ retries: { limit: 1, factor: Number.NaN } }, "retries.factor"],
    [{ retries: { limit: 1, jitter: "yes" } }, "retries.jitter"],
    [{ retries: { limit: 1, when: true } }, "retries.when"],
    [{ ordered: "yes" }, "ordered"],
    [{ bufferSize: 1.5 }, "bufferSize"],
    [{ chunkSize: "some" }, "chunkSize"],
  ])("refuses %j, naming the option", (options, option) => {
    expect(() => planMap(DEFAULT_PLAN, options as object)).toThrow(
      expect.objectContaining({ option, code: "ERR_INVALID_OPTION" }),
    );
  });
});

describe("Durations", () => {
  test("puts each observation into one bucket, below its bound and not below the one before", () => {
    const values = [
      0,
      0.000_4,
      0.001,
      0.002,
      0.5,
      1,
      3,
      1_000,
      59_999,
      3_600_000,
      86_400_000,
      Number.POSITIVE_INFINITY,
    ];
    for (const value of values) {
      const durations = new Durations();
      durations.observe(value);
      const { count, counts, bounds, max } = durations.snapshot();
      expect([count, counts.reduce((sum, n) => sum + n, 0), max]).toEqual([1, 1, value]);
      const bucket = counts.indexOf(1);
      expect(bounds[bucket]).toBeGreaterThanOrEqual(value);
      if (bucket > 0) expect(bounds[bucket - 1]).toBeLessThanOrEqual(value);
    }
  });

  test("a clock that was set back counts as nothing", () => {
    const durations = new Durations();
    durations.observe(-5);
    expect(durations.snapshot()).toMatchObject({ count: 1, sum: 0, max: 0 });
  });

  test("a snapshot does not change", () => {
    const durations = new Durations();
    durations.observe(1);
    const before = durations.snapshot();
    durations.observe(2);
    expect(before).toMatchObject({ count: 1, sum: 1, max: 1 });
    expect(Object.isFrozen(before) && Object.isFrozen(before.counts)).toBe(true);
  });
});
