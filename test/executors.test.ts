/** What only one of the executors can do, and the options of their constructors. */
import { join } from "node:path";
import {
  CancelledError,
  EventLoopExecutor,
  InvalidOptionError,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
} from "manyhands";
import { describe, expect, test } from "vitest";
import { add, environment, nodeFlags, processId, square, whereAmI, workingDirectory } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import * as stopping from "#tasks/stopping.js";
import { reportAround } from "#tasks/telling.js";
import { errorOf, made, outputOf, program, programGroup, until, within } from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";

const POOLS = [
  ["ThreadPoolExecutor", ThreadPoolExecutor],
  ["ProcessPoolExecutor", ProcessPoolExecutor],
] as const;

describe.each(POOLS)("%s", (_name, Pool) => {
  test.each([
    ["maxWorkers", 0],
    ["maxWorkers", -1],
    ["maxWorkers", 1.5],
    ["maxWorkers", Number.NaN],
    ["maxWorkers", "2"],
    ["minWorkers", -1],
    ["minWorkers", 0.5],
    ["tasksPerWorker", 0],
    ["idleTimeout", -1],
    ["maxTasksPerWorker", 0],
    ["maxTasksPerWorker", -1],
    ["maxTasksPerWorker", 0.5],
    ["maxTasksPerWorker", "12"],
    ["maxAge", -1],
    ["maxMemory", -1],
  ])("refuses %s: %j (B12, E18)", (option, value) => {
    expect(() => new Pool({ [option]: value })).toThrow(
      expect.objectContaining({ option, code: "ERR_INVALID_OPTION" }),
    );
    expect(() => new Pool({ [option]: value })).toThrow(RangeError);
  });

  test("refuses minWorkers above maxWorkers", () => {
    expect(() => new Pool({ minWorkers: 3, maxWorkers: 2 })).toThrow(InvalidOptionError);
  });

  test("four workers, sixty calls that wait: exactly four workers (B22)", async () => {
    const pool = keep(new Pool({ maxWorkers: 4 }));
    const gate = await newGate();
    const calls = Array.from({ length: 60 }, (_, n) => pool.submit(passGate, gate.path, String(n)));
    await gate.arrived(4);
    const { workers, booting, busy, running, queued } = pool.stats();
    expect({ workers, booting, busy, running, queued }).toEqual({
      workers: 4,
      booting: 0,
      busy: 4,
      running: 4,
      queued: 56,
    });
    gate.open();
    await within(Promise.all(calls), "all calls", 15_000);
    expect(pool.stats().workers).toBe(4);
  });

  test("tasksPerWorker: one worker runs as many calls side by side, each with its own context", async () => {
    const pool = keep(new Pool({ maxWorkers: 1, tasksPerWorker: 3 }));
    const gate = await newGate();
    const heard = new Map<string, unknown[]>();
    const calls = ["a", "b", "c", "d"].map((label) => {
      const future = pool.submit(reportAround, gate.path, label);
      heard.set(label, []);
      future.onProgress((value) => heard.get(label)?.push(value));
      return future;
    });
    expect([...(await gate.arrived(3))].sort()).toEqual(["a", "b", "c"]);
    expect(pool.stats()).toMatchObject({ workers: 1, running: 3, queued: 1 });
    expect(calls[3]?.state).toBe("pending");
    gate.open();
    await within(Promise.all(calls), "all calls");
    for (const [label, values] of heard) expect(values).toEqual([`${label} before`, `${label} after`]);
  });

  test("tasksPerWorker: stopping one call that listens leaves those beside it alone", async () => {
    const pool = keep(new Pool({ maxWorkers: 1, tasksPerWorker: 3 }));
    const gate = await newGate();
    const place = folder();
    const beside = ["a", "b"].map((label) => pool.submit(passGate, gate.path, label));
    const victim = pool
      .with({ grace: 60_000 })
      .submit(stopping.waitForSignal, join(place, "started"), join(place, "log"));
    await Promise.all([gate.arrived(2), made(join(place, "started"))]);
    victim.abort("stop");
    await errorOf(CancelledError, victim);
    expect(beside.map((call) => call.state)).toEqual(["running", "running"]);
    gate.open();
    expect(await within(Promise.all(beside), "the calls beside it")).toEqual(["a", "b"]);
  });

  test("reports workers that are starting", async () => {
    const pool = keep(new Pool({ maxWorkers: 1 }));
    const call = pool.submit(square, 3);
    await until(() => pool.stats().booting === 1 || call.done(), "a worker should be starting");
    expect(await call).toBe(9);
    expect(pool.stats()).toMatchObject({ booting: 0, workers: 1 });
  });
});

describe("EventLoopExecutor", () => {
  test.each([
    ["maxConcurrency", { maxConcurrency: 0 }],
    ["maxConcurrency", { maxConcurrency: -1 }],
    ["maxConcurrency", { maxConcurrency: 1.5 }],
    ["maxConcurrency", { maxConcurrency: Number.NaN }],
    ["rate", { rate: { limit: 0, per: 100 } }],
    ["rate", { rate: { limit: 1, per: -1 } }],
  ])("refuses a bad %s: %j", (option, options) => {
    expect(() => new EventLoopExecutor(options)).toThrow(InvalidOptionError);
    expect(() => new EventLoopExecutor(options)).toThrow(
      expect.objectContaining({ option: expect.stringContaining(option) }),
    );
  });

  test("maxConcurrency: as many at once, and never more", async () => {
    const executor = keep(new EventLoopExecutor({ maxConcurrency: 3 }));
    let [now, most] = [0, 0];
    const task = async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    };
    await Promise.all(Array.from({ length: 100 }, () => executor.submit(task)));
    expect(most).toBe(3);
  });

  test("without maxConcurrency all run at once: a hundred calls can wait for each other", async () => {
    const executor = keep(new EventLoopExecutor());
    let meet: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      meet = resolve;
    });
    let started = 0;
    const task = async (): Promise<void> => {
      started += 1;
      if (started === 100) meet();
      await all;
    };
    await within(Promise.all(Array.from({ length: 100 }, () => executor.submit(task))), "a hundred calls");
    expect(started).toBe(100);
  });

  test("rate: `limit` calls start at once, and each further `limit` not before another `per` ms", async () => {
    const executor = keep(new EventLoopExecutor({ rate: { limit: 3, per: 40 } }));
    const starts: number[] = [];
    const begin = performance.now();
    await Promise.all(Array.from({ length: 10 }, () => executor.submit(() => starts.push(performance.now() - begin))));
    expect(starts.length).toBe(10);
    // Counted from before the first submit, this holds on the slowest machine. Timers may fire a millisecond early.
    for (const [n, start] of starts.entries()) expect(start).toBeGreaterThanOrEqual(Math.floor(n / 3) * 39);
  });

  test("rate: waiting calls can be cancelled, and shutdown() waits for the others", async () => {
    const executor = keep(new EventLoopExecutor({ rate: { limit: 1, per: 20 } }));
    const futures = [1, 2, 3, 4].map((n) => executor.submit(square, n));
    futures[2]?.cancel();
    await within(executor.shutdown(), "shutdown()");
    expect(futures.map((future) => future.state)).toEqual(["succeeded", "succeeded", "cancelled", "succeeded"]);
  });

  test("runs the function itself, in this thread", async () => {
    const executor = keep(new EventLoopExecutor());
    expect(await executor.submit(whereAmI)).toBe(whereAmI());
    const local = { n: 1 };
    await executor.submit(() => {
      local.n += 1;
    });
    expect(local.n).toBe(2);
  });
});

describe("ThreadPoolExecutor", () => {
  test("runs in this process, in other threads", async () => {
    const pool = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
    expect(await pool.submit(processId)).toBe(process.pid);
    expect(await pool.submit(whereAmI)).not.toBe(whereAmI());
  });
});

describe("ProcessPoolExecutor", () => {
  test("env, cwd and execArgv are the workers'", async () => {
    const cwd = folder();
    const pool = keep(
      new ProcessPoolExecutor({
        maxWorkers: 1,
        env: { ...process.env, MANYHANDS_TEST: "here" },
        cwd,
        execArgv: ["--stack-trace-limit=37"],
      }),
    );
    expect(await pool.submit(environment, "MANYHANDS_TEST")).toBe("here");
    expect(await pool.submit(workingDirectory)).toBe(cwd);
    expect(await pool.submit(nodeFlags)).toContain("--stack-trace-limit=37");
  });

  test("runs in other processes, which are gone after shutdown()", async () => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
    const pid = await pool.submit(processId);
    expect(pid).not.toBe(process.pid);
    expect(isAlive(pid)).toBe(true);
    await pool.shutdown();
    expect(isAlive(pid)).toBe(false);
  });

  test("a worker killed from outside costs its call, and no other (E16, FLAWS 1)", async () => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 2 }));
    const gate = await newGate();
    const place = folder();
    const neighbour = pool.submit(passGate, gate.path, "neighbour");
    await gate.arrived(1);
    const home = await pool.submit(processId);
    const victim = pool.submit(stopping.waitForEver, join(place, "started"));
    await made(join(place, "started"));
    process.kill(home, "SIGKILL");
    await expect(within(victim, "the call")).rejects.toMatchObject({
      code: "ERR_WORKER_EXITED",
      signal: "SIGKILL",
      id: home,
    });
    expect(await within(pool.submit(add, 1, 2), "the next call")).toBe(3);
    gate.open();
    expect(await within(neighbour, "the neighbour")).toBe("neighbour");
    expect(pool.stats().lost).toBe(1);
  });

  test("workers end when their program is killed (FLAWS 12)", async () => {
    const place = folder();
    const running = program("orphans", place);
    const pids = (await running.line("workers ")).split(" ").map(Number);
    expect(pids.length).toBe(2);
    expect(pids.every(isAlive)).toBe(true);
    process.kill(running.pid, "SIGKILL");
    await running.ended;
    await until(() => !pids.some(isAlive), "the workers should have ended");
  });

  test.each(["SIGKILL", "SIGINT", "SIGTERM", "exit", "throw", "guard ended"])(
    "so do workers that never yield, when it ends by %s",
    async (way) => {
      const running = program("busy-workers", folder(), way);
      const pids = (await running.line("workers ")).split(" ").map(Number);
      later(() => {
        for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
      });
      if (way.startsWith("SIG")) process.kill(running.pid, way as NodeJS.Signals);
      await until(() => !pids.some(isAlive), "the workers should have ended");
    },
  );

  test("workers leave an interrupt of the whole group to the program (FLAWS 11)", async () => {
    const place = folder();
    const running = programGroup("interrupted", place);
    await running.line("ready");
    process.kill(-running.pid, "SIGINT");
    expect(await outputOf(running)).toBe("ready\ninterrupted\nthe call ended with x\n");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("submit() and map() know the types of their functions", () => {
  const executor = keep(new EventLoopExecutor());
  const never = (): void => {
    // @ts-expect-error a text is no number
    void executor.submit(add, "1", 2);
    // @ts-expect-error one argument is missing
    void executor.submit(add, 1);
    // @ts-expect-error texts are no numbers
    void executor.map(square, ["a"]);
    // @ts-expect-error the result is a number
    const text: Promise<string> = executor.submit(add, 1, 2).result();
    const sum: Promise<number> = executor.submit(add, 1, 2).result();
    void [text, sum];
  };
  expect(never).toBeTypeOf("function");
});
