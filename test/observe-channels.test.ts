/** What executors tell over `manyhands:task` and `manyhands:worker`. */
import { subscribe as listen, unsubscribe } from "node:diagnostics_channel";
import { InvalidOptionError } from "manyhands";
import { subscribe, type TaskMessage, type WorkerMessage } from "manyhands/observe";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { failAtOdd } from "#tasks/observing.js";
import { CANDIDATES } from "./conformance/executors.js";
import { outcomeOf, within } from "./conformance/support.js";
import { keep, later, newGate } from "./keeping.js";
import { allSortsOf, ended, hear, ofType, prove } from "./observing.js";

const KINDS = Object.entries(CANDIDATES);

/** The order in which messages of one call may come. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  submitted: ["handed", "ended"],
  handed: ["started", "returned", "retrying", "ended"],
  returned: ["handed", "ended"],
  started: ["retrying", "ended"],
  retrying: ["handed", "ended"],
  ended: [],
};

function byId(messages: readonly TaskMessage[]): ReadonlyMap<number, readonly TaskMessage[]> {
  const found = new Map<number, TaskMessage[]>();
  for (const message of messages) {
    const before = found.get(message.id);
    if (before === undefined) found.set(message.id, [message]);
    else before.push(message);
  }
  return found;
}

describe.each(KINDS)("%s", (kind, { make }) => {
  test("each call is submitted once and ends once, and what lies between is in order", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await allSortsOf(pool, await newGate());
    for (const messages of byId(heard.tasks).values()) {
      const types = messages.map(({ type }) => type);
      expect(types[0]).toBe("submitted");
      expect(types.at(-1)).toBe("ended");
      for (const [at, type] of types.entries()) {
        const next = types[at + 1];
        if (next !== undefined) expect(NEXT[type]).toContain(next);
      }
      expect(messages.every(({ executor }) => executor === messages[0]?.executor)).toBe(true);
    }
  });

  test("while a signal aborts its calls none of them is handed to a worker", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await prove(pool);
    const controller = new AbortController();
    const governed = pool.with({ signal: controller.signal });
    const futures = Array.from({ length: 2000 }, (_, n) => governed.submit(square, n));
    const handedBefore = ofType(heard.tasks, "handed").length;
    controller.abort();
    expect(ofType(heard.tasks, "handed")).toHaveLength(handedBefore);
    await within(Promise.allSettled(futures), "the calls");
    expect(ofType(heard.tasks, "handed")).toHaveLength(handedBefore);
  });

  test("counts of messages are those of stats()", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await allSortsOf(pool, await newGate());
    const { completed, failed, cancelled, retried, lost, wait } = pool.stats();
    expect({
      completed: ended(heard.tasks, "succeeded"),
      failed: ended(heard.tasks, "failed"),
      cancelled: ended(heard.tasks, "cancelled"),
      retried: ofType(heard.tasks, "retrying").length,
      wait: ofType(heard.tasks, "started").length,
      lost: heard.workers.filter(({ type }) => type === "crashed").length,
    }).toEqual({ completed, failed, cancelled, retried, wait: wait.count, lost });
    expect(completed).toBeGreaterThan(500);
    expect(failed).toBeGreaterThan(10);
    expect(cancelled).toBe(4);
    expect(retried).toBe(3);
  });

  test("what ran tells where and when, as the outcome of a map does", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await prove(pool);
    heard.tasks.length = 0;
    const items = Array.from({ length: 100 }, (_, n) => n);
    const told = new Map<number, { start: number; duration: number; worker: string }>();
    const given = new Map<number, { start: number; duration: number; worker: string }>();
    for await (const { index, start, duration, worker } of pool.map(square, items).settled()) {
      given.set(index, { start, duration, worker });
    }
    const places = new Map(ofType(heard.tasks, "submitted").map(({ id, item }) => [id, item]));
    for (const { id, run } of ofType(heard.tasks, "ended")) {
      const item = places.get(id);
      if (item === undefined || run === undefined) throw new Error(`call ${id} is no item, or has not run`);
      told.set(item, { start: run.startedAt, duration: run.duration, worker: run.worker.name });
    }
    expect(told).toEqual(given);
    for (const { at, attempt } of ofType(heard.tasks, "started")) {
      expect(at).toBeGreaterThan(0);
      expect(attempt).toBe(1);
    }
  });

  test("sizes of strings and binary arguments and results are told", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 1 }));
    await pool.submit(square as never, "12" as never);
    await outcomeOf(pool.submit(square as never, new Uint8Array(1000) as never, { inside: "an object" } as never));
    const sizes = ofType(heard.tasks, "submitted").map(({ args, argBytes }) => ({ args, argBytes }));
    expect(sizes).toEqual([
      { args: 1, argBytes: 4 },
      { args: 2, argBytes: 1000 },
    ]);
  });

  test("a call after the shutdown is told as well", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 1 }));
    await pool.shutdown();
    await outcomeOf(pool.submit(square, 1));
    expect(heard.tasks).toMatchObject([{ type: "submitted" }, { type: "ended", outcome: "failed", run: undefined }]);
    expect(heard.tasks[1]).toMatchObject({ error: { code: "ERR_SHUTDOWN" } });
  });

  test("calls that are pending when the executor is terminated end as cancelled", async () => {
    const heard = hear();
    const gate = await newGate();
    const pool = keep(make({ maxWorkers: 1 }));
    const futures = [pool.submit(passGate, gate.path, "1"), pool.submit(square, 1), pool.submit(square, 2)];
    await gate.arrived(1);
    await within(pool.terminate(), "terminate()");
    for (const future of futures) await outcomeOf(future);
    expect(ended(heard.tasks, "cancelled")).toBe(3);
    expect(ofType(heard.tasks, "ended").length).toBe(3);
  });

  test("each worker starts once, is ready at most once, and ends once", async () => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await allSortsOf(pool, await newGate());
    await within(pool.shutdown(), "shutdown()");
    const workers = new Map<WorkerMessage["worker"], string[]>();
    for (const { worker, type } of heard.workers) workers.set(worker, [...(workers.get(worker) ?? []), type]);
    for (const types of workers.values()) {
      expect(types.filter((type) => type !== "ready")).toEqual([
        "started",
        expect.stringMatching(/^(?:exited|crashed)$/),
      ]);
      expect(types.filter((type) => type === "ready").length).toBeLessThanOrEqual(1);
    }
    for (const { worker } of ofType(heard.tasks, "started")) expect(workers.has(worker)).toBe(true);
    expect(heard.workers.every(({ worker }) => worker.executor.kind === kind)).toBe(true);
  });

  test("a listener that comes later hears of nothing that was submitted before, and all of what is submitted then", async () => {
    const gate = await newGate();
    const pool = keep(make({ maxWorkers: 1 }));
    const early = pool.submit(passGate, gate.path, "1");
    await gate.arrived(1);
    const heard = hear();
    const late = pool.submit(square, 3);
    gate.open();
    await within(Promise.all([early, late]), "both calls");
    const ids = new Set(heard.tasks.map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(heard.tasks.at(0)?.type).toBe("submitted");
    expect(heard.tasks.at(-1)).toMatchObject({ type: "ended", outcome: "succeeded" });
  });

  test("a listener that leaves hears nothing more, and another who stays hears on", async () => {
    const stays = hear();
    const heard: TaskMessage[] = [];
    const pool = keep(make({ maxWorkers: 1 }));
    const leaves = subscribe({ task: (message) => heard.push(message) });
    await pool.submit(square, 1);
    leaves[Symbol.dispose]();
    leaves[Symbol.dispose]();
    const before = heard.length;
    await pool.submit(square, 2);
    expect(heard.length).toBe(before);
    expect(ended(stays.tasks, "succeeded")).toBe(2);
  });

  test("what a listener submits is told, and done", async () => {
    const pool = keep(make({ maxWorkers: 1 }));
    const inner: PromiseLike<number>[] = [];
    let left = 6;
    const listening = subscribe({
      task: ({ type }) => {
        // Before it submits, which is told to it in that very line.
        left -= 1;
        if (left >= 0) inner.push(pool.submit(square, type.length));
      },
    });
    later(() => listening[Symbol.dispose]());
    const heard = hear();
    expect(await within(pool.map(square, [1, 2, 3]), "the map")).toEqual([1, 4, 9]);
    await within(Promise.all(inner), "what the listener submitted");
    expect(inner.length).toBe(6);
    const { completed } = pool.stats();
    expect(completed).toBe(9);
    expect(ofType(heard.tasks, "submitted").length).toBe(9);
  });
});

test.each(KINDS)(
  "a listener may end the executor at the first failure: every call is told of and settled (%s)",
  async (_kind, { make }) => {
    const heard = hear();
    const pool = keep(make({ maxWorkers: 2 }));
    await prove(pool);
    let end: Promise<void> | undefined;
    const listening = subscribe({
      task: (message) => {
        if (message.type === "ended" && message.outcome === "failed") end ??= pool.terminate();
      },
    });
    later(() => listening[Symbol.dispose]());
    const futures = Array.from({ length: 600 }, (_, n) => pool.with({ retries: n % 3 }).submit(failAtOdd, n));
    await Promise.all(futures.map((future) => outcomeOf(future)));
    await within(Promise.resolve(end), "terminate()");
    expect(ofType(heard.tasks, "ended").length).toBe(ofType(heard.tasks, "submitted").length);
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
  },
);

test("the channels are Node's own, by their names", async () => {
  const types: string[] = [];
  const hearTask = (message: unknown): void => void types.push((message as TaskMessage).type);
  listen("manyhands:task", hearTask);
  later(() => unsubscribe("manyhands:task", hearTask));
  const pool = keep(CANDIDATES.thread.make({ maxWorkers: 1 }));
  await pool.submit(square, 2);
  expect(types).toEqual(["submitted", "handed", "started", "ended"]);
});

test("a worker that has used up its calls is told to be replaced", async () => {
  const heard = hear();
  const pool = keep(CANDIDATES.thread.make({ maxWorkers: 1, maxTasksPerWorker: 2 }));
  for (let n = 0; n < 4; n += 1) await pool.submit(square, n);
  const replaced = heard.workers.filter(({ type }) => type === "replaced");
  expect(replaced).toMatchObject([
    { why: "calls", worker: { name: "threads-1" } },
    { why: "calls", worker: { name: "threads-2" } },
  ]);
});

test("a listener that is no function is refused by name", () => {
  expect(() => subscribe({ task: 1 as never })).toThrow(InvalidOptionError);
  expect(() => subscribe({ tasks: () => undefined } as never)).toThrow(/did you mean task\?/);
});
