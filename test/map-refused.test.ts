/** Maps that do not come to their end: refused, left, or asked for in two ways at once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CancelledError, ProcessPoolExecutor, QueueTimeoutError, ShutdownError, ThreadPoolExecutor } from "manyhands";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { shortOrStuck } from "#tasks/short.js";
import { total } from "#tasks/together.js";
import { errorOf, made, outcomeOf, within } from "./conformance/support.js";
import { folder, keep } from "./keeping.js";

const POOLS = [
  ["threads", ThreadPoolExecutor],
  ["processes", ProcessPoolExecutor],
] as const;
const NOBODY = -1;

function* naturals(): Generator<number> {
  for (let n = 0; ; n += 1) yield n;
}

async function prove(run: () => PromiseLike<unknown>): Promise<void> {
  for (let round = 0; round < 200; round += 1) await run();
}

describe.each(POOLS)("%s", (_kind, Pool) => {
  test("a map that the executor refuses fails, also when its items were put together", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    await prove(() => pool.submit(square, 2));
    await pool.shutdown();
    await errorOf(ShutdownError, within(pool.map(square, [1, 2, 3]), "the map"));
    await errorOf(ShutdownError, within(pool.map(square, [1, 2, 3, 4, 5], { chunkSize: 4 }), "the map"));
  });

  test("a stream whose executor is shut down ends with that error behind what it had pulled", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    await prove(() => pool.submit(square, 2));
    const read = async (): Promise<void> => {
      for await (const n of pool.map(square, naturals())) if (n === 100) void pool.shutdown();
    };
    await errorOf(ShutdownError, within(read(), "the stream"));
    await within(pool.shutdown(), "shutdown()");
  });

  test("rows of many arguments travel like others", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    await prove(() => pool.submit(total, 1, 2));
    const rows = Array.from({ length: 300 }, (_, n) => Array.from({ length: 1000 }, () => n));
    expect(await within(pool.starmap(total, rows), "the map")).toEqual(rows.map((_, n) => n * 1000));
  });

  test("leaving a map that is being collected cancels the collection", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    await prove(() => pool.submit(square, 2));
    const results = pool.map(square, naturals());
    const collected = outcomeOf(results);
    await pool.submit(square, 3);
    await results.return();
    expect(await within(collected, "the map")).toMatchObject({
      status: "rejected",
      reason: expect.any(CancelledError),
    });
  });

  test("who waits for a single result before the map is collected gets it", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    const results = pool.map(square, [1, 2, 3, 4]);
    const first = results.next();
    expect(await within(results, "the map")).toEqual([4, 9, 16]);
    expect(await first).toEqual({ value: 1, done: false });
  });

  test("calls behind one that is stuck end when they are cancelled, aborted, or have waited too long; once each", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    const [noise, file, open] = ["noise", "runs", "open"].map((name) => join(folder(), name)) as [
      string,
      string,
      string,
    ];
    await prove(() => pool.submit(shortOrStuck, noise, 1, NOBODY, open));
    const late = pool.with({ queueTimeout: 3 });
    const stuck = pool.submit(shortOrStuck, file, 777, 777, open);
    const cancelled = Array.from({ length: 60 }, (_, n) => pool.submit(shortOrStuck, file, n, NOBODY, open));
    const hurried = Array.from({ length: 60 }, (_, n) => late.submit(shortOrStuck, file, n, NOBODY, open));
    const settled = Promise.allSettled([...cancelled, ...hurried]);
    await made(file);
    for (const future of cancelled) if (!future.cancel()) future.abort();
    const outcomes = await within(settled, "the calls");
    writeFileSync(open, "");
    expect(await within(stuck, "the stuck call")).toBe(777);
    for (const [n, outcome] of outcomes.entries()) {
      const error = n < cancelled.length ? CancelledError : QueueTimeoutError;
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(error) });
    }
    await within(pool.shutdown(), "shutdown()");
    const { queued, running, completed } = pool.stats();
    expect({ queued, running, completed }).toEqual({ queued: 0, running: 0, completed: 201 });
  });
});
