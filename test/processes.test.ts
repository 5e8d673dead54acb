/** Process: the laws of a process' life, on real processes. What its end means to a program: life-at-exit.test.ts. */
import {
  CancelledError,
  FunctionRefError,
  InvalidOptionError,
  InvalidStateError,
  moduleRef,
  ProcessPoolExecutor,
  SerializationError,
  TimeoutError,
  WorkerExitedError,
} from "manyhands";
import {
  activeChildren,
  connection,
  cpuCount,
  currentProcess,
  LifeCycleError,
  Process,
  parentProcess,
} from "manyhands/multiprocessing";
import { Lock, Thread } from "manyhands/threading";
import { expect, test, vi } from "vitest";
import { add, bump, processId, tasksUrl } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import * as lives from "#tasks/lives.js";
import type * as Given from "../packages/manyhands/dist/share/given.js";
import { errorOf, made, until, within } from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";
import { keptModule } from "./kept.js";
import { isAlive, pidIn } from "./pids.js";

const { givenCount } = keptModule<typeof Given>("share/given.js");

/** Starts the process, and ends it after the test. */
function started<T extends Process<never[], unknown>>(child: T): T {
  child.start();
  later(async () => {
    if (!activeChildren().includes(child)) return;
    child.kill();
    await within(child.join(), "join()");
  });
  return child;
}

const joined = (child: Process<never[], unknown>): Promise<void> => within(child.join(), "join()");

const codeOf = async (use: () => unknown): Promise<string> =>
  (await errorOf(LifeCycleError, (async () => await use())())).code;

test("a process runs its function in a process of its own", async () => {
  const child = started(new Process(processId));
  expect([child.pid, child.ident, child.exitCode, child.isAlive()]).toEqual([
    expect.any(Number),
    child.pid,
    undefined,
    true,
  ]);
  expect(activeChildren()).toEqual([child]);
  await joined(child);
  expect([child.exitCode, child.isAlive(), activeChildren()]).toEqual([0, false, []]);
  expect(await child.result()).toBe(child.pid);
  expect(await child.exception()).toBeUndefined();
});

test("a process that stays for one it has started is alive until it has ended itself", async () => {
  const gate = await newGate();
  const child = started(new Process(lives.leaveProcessAt, [gate.path]));
  const codeWhenJoined = child.join().then(() => child.exitCode);
  await gate.arrived(1);
  expect([child.isAlive(), await codeOf(() => child.close())]).toEqual([true, "ERR_STILL_ALIVE"]);
  gate.open();
  expect(await within(codeWhenJoined, "join()")).toBe(0);
  expect(await within(connection.wait([child.sentinel]), "the sentinel")).toEqual([child.sentinel]);
  expect([child.isAlive(), await child.result()]).toEqual([false, "returned"]);
});

test("nothing happens before start()", () => {
  const child = new Process(add, [1, 2]);
  expect([child.pid, child.exitCode, child.isAlive(), activeChildren()]).toEqual([undefined, undefined, false, []]);
});

test("processes are numbered below their parents, and know them", async () => {
  const child = started(new Process(lives.whichProcess));
  expect(child.name).toMatch(/^Process-\d+$/);
  const known = { name: child.name, pid: child.pid, parent: "MainProcess", parentPid: process.pid };
  expect(await within(child.result(), "the result")).toEqual(known);
  const nested = started(new Process(lives.whichGrandchild));
  expect(await within(nested.result(), "the result")).toMatchObject({
    name: `${nested.name}:1`,
    parent: nested.name,
    parentPid: nested.pid,
  });
  expect(currentProcess()).toMatchObject({ name: "MainProcess", pid: process.pid, daemon: false });
  expect([parentProcess(), currentProcess().isAlive()]).toEqual([undefined, true]);
  expect(cpuCount()).toBeGreaterThan(0);
});

test("an executor's process is called as its worker, and knows its parent", async () => {
  const executor = keep(new ProcessPoolExecutor({ maxWorkers: 1, name: "helper" }));
  const known = { name: "helper-1", parent: "MainProcess", parentPid: process.pid };
  expect(await within(executor.submit(lives.whichProcess), "the call")).toMatchObject(known);
});

test("a process ends with the thread that started it", async () => {
  const place = folder();
  const thread = new Thread(lives.startFamily, [place]);
  thread.start();
  const files = ["child", "grandchild-true", "grandchild-false"].map((name) => `${place}/${name}`);
  await Promise.all(files.map(made));
  const pids = files.slice(1).map(pidIn);
  thread.terminate();
  await within(thread.join(), "join()");
  await until(() => !pids.some(isAlive), "the processes should have ended");
});

test("what does not fit the life cycle is refused, each by its code", async () => {
  const child = new Process(add, [1, 2]);
  for (const use of [
    () => child.join(),
    () => child.result(),
    () => child.exception(),
    () => child.terminate(),
    () => child.kill(),
    () => child.interrupt(),
    () => child.sentinel,
  ]) {
    expect(await codeOf(use)).toBe("ERR_NOT_STARTED");
  }
  started(child);
  expect(await codeOf(() => child.start())).toBe("ERR_ALREADY_STARTED");
  expect(await codeOf(() => (child.daemon = true))).toBe("ERR_ALREADY_STARTED");
  expect(await codeOf(() => (child.name = "late"))).toBe("ERR_ALREADY_STARTED");
  expect(await codeOf(() => currentProcess().join())).toBe("ERR_JOINS_ITSELF");
  await joined(child);
  expect(() => new Process(add, [1, 2], { deamon: true } as never)).toThrow(/did you mean daemon/);
  expect(() => new Process(add, 1 as never)).toThrow(InvalidOptionError);
});

test("close() refuses a live process; after it every use does, and a second close() is fine (J04)", async () => {
  const gate = await newGate();
  const child = started(new Process(passGate, [gate.path, "here"]));
  await gate.arrived(1);
  expect(await codeOf(() => child.close())).toBe("ERR_STILL_ALIVE");
  gate.open();
  await joined(child);
  child.close();
  child.close();
  for (const use of [
    () => child.start(),
    () => child.join(),
    () => child.result(),
    () => child.exception(),
    () => child.isAlive(),
    () => child.exitCode,
    () => child.pid,
    () => child.sentinel,
    () => child.terminate(),
    () => child.kill(),
    () => child.interrupt(),
  ]) {
    expect(await codeOf(use)).toBe("ERR_CLOSED");
  }
});

test("an argument that cannot travel is named by start(), and nothing starts", () => {
  const child = new Process(bump, [{ value: 1, log: console.log } as never]);
  expect(() => child.start()).toThrow(SerializationError);
  expect(() => child.start()).toThrow(/args\[0\]\.log/);
  expect(() => new Process(lives.fail, [new SharedArrayBuffer(4) as never]).start()).toThrow(/args\[0\]/);
  expect([child.pid, child.isAlive(), activeChildren()]).toEqual([undefined, false, []]);
});

test("a process that cannot be started keeps nothing for itself of what it was given", async () => {
  const before = givenCount();
  // Too long for the system: it refuses at once, and not by an event.
  const refused = new Process(lives.whoAmI as (...given: unknown[]) => unknown, [new Lock()], {
    name: "x".repeat(200_000),
  });
  expect(() => refused.start()).toThrow(expect.objectContaining({ code: "E2BIG" }));
  expect([refused.isAlive(), givenCount()]).toEqual([false, before]);
});

test.each(["no frame", "no message"] as const)(
  "what a child writes to the library's own pipe ends the child, and harms nobody else: %s",
  async (what) => {
    const child = started(new Process(lives.garble, [3, what]));
    const error = await errorOf(WorkerExitedError, child.result());
    expect([error.signal, error.cause]).toEqual(["SIGKILL", expect.any(InvalidStateError)]);
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
    const lost = await errorOf(WorkerExitedError, pool.submit(lives.garble, 4, what));
    expect([lost.signal, lost.cause]).toEqual(["SIGKILL", expect.any(InvalidStateError)]);
    expect(await within(pool.submit(add, 1, 2), "the next call")).toBe(3);
  },
);

test("arguments are copied by start()", async () => {
  const box = { value: 1 };
  const child = started(new Process(bump, [box]));
  box.value = 10;
  expect(await within(child.result(), "the result")).toBe(2);
});

test("a large argument and a large result arrive whole", async () => {
  const bytes = new Uint8Array(16 * 1024 * 1024).map((_, index) => index % 251);
  const child = started(new Process(echo, [bytes]));
  expect(Buffer.compare(Buffer.from(await child.result()), Buffer.from(bytes))).toBe(0);
});

const echo = moduleRef<{ identity(value: Uint8Array): Uint8Array }>(`${tasksUrl}basic.js`).identity;

test.each([
  ["terminate", "SIGTERM", -15],
  ["kill", "SIGKILL", -9],
] as const)("%s() ends a function that never yields, by %s", async (method, signal, code) => {
  const file = `${folder()}/started`;
  const child = started(new Process(lives.spin, [file]));
  await made(file);
  child[method]();
  await joined(child);
  expect(child.exitCode).toBe(code);
  expect(await errorOf(WorkerExitedError, child.result())).toMatchObject({ signal, id: child.pid, task: "spin" });
  expect(await child.exception()).toBeInstanceOf(WorkerExitedError);
});

test("a process that has ended is sent nothing: its pid may be another's", async () => {
  const child = started(new Process(add, [1, 2]));
  await joined(child);
  const kill = vi.spyOn(process, "kill");
  later(() => kill.mockRestore());
  child.terminate();
  child.kill();
  child.interrupt();
  expect([kill.mock.calls, child.exitCode]).toEqual([[], 0]);
});

test("interrupt() runs the handlers of SIGINT, and ends a process that has none", async () => {
  const gate = await newGate();
  gate.open();
  const handling = started(new Process(lives.handleSignal, ["SIGINT", gate.path]));
  await gate.arrived(1);
  handling.interrupt();
  expect(await within(handling.result(), "the result")).toBe("heard SIGINT");
  const file = `${folder()}/started`;
  const plain = started(new Process(lives.sleepForEver, [file]));
  await made(file);
  plain.interrupt();
  await joined(plain);
  expect(plain.exitCode).toBe(-2);
});

test("a process that handles SIGTERM ends in its own way", async () => {
  const gate = await newGate();
  gate.open();
  const child = started(new Process(lives.handleSignal, ["SIGTERM", gate.path]));
  await gate.arrived(1);
  child.terminate();
  expect(await within(child.result(), "the result")).toBe("heard SIGTERM");
  expect(child.exitCode).toBe(0);
});

test("a process has ended when its function has, whatever timers that leaves behind", async () => {
  const child = started(new Process(lives.leaveTimerBehind));
  expect(await within(child.result(), "the result")).toBe("returned");
  expect(child.exitCode).toBe(0);
});

test("a result that cannot travel is no failure", async () => {
  const child = started(new Process(lives.giveFunction));
  await errorOf(SerializationError, child.result());
  expect([child.exitCode, await child.exception()]).toEqual([0, undefined]);
});

test("join() returns when its time is over, and the process goes on; an abort ends the wait", async () => {
  const gate = await newGate();
  const child = started(new Process(passGate, [gate.path, "here"]));
  await gate.arrived(1);
  await within(child.join({ timeout: 0 }), "join()");
  await errorOf(TimeoutError, child.result({ timeout: 0 }));
  await errorOf(CancelledError, child.join({ signal: AbortSignal.abort() }));
  expect([child.isAlive(), child.exitCode]).toEqual([true, undefined]);
  gate.open();
  await joined(child);
});

test("the sentinel becomes ready when the process has ended", async () => {
  const gate = await newGate();
  const child = started(new Process(passGate, [gate.path, "here"]));
  const { sentinel } = child;
  await gate.arrived(1);
  expect([sentinel.isReady(), child.sentinel === sentinel]).toEqual([false, true]);
  const { signal } = new AbortController();
  await errorOf(CancelledError, sentinel.whenReady({ signal: AbortSignal.abort() }));
  gate.open();
  await within(sentinel.whenReady({ signal }), "the sentinel");
  expect([sentinel.isReady(), child.exitCode]).toEqual([true, 0]);
});

test("a daemon may have children, and they end with it", async () => {
  const place = folder();
  const child = started(new Process(lives.startFamily, [place], { daemon: true }));
  await Promise.all(["child", "grandchild-true", "grandchild-false"].map((name) => made(`${place}/${name}`)));
  expect(child.daemon).toBe(true);
  child.terminate();
  await joined(child);
  expect(child.exitCode).toBe(-15);
});

test("leaving a scope joins a process and closes it, and ends a daemon", async () => {
  const gate = await newGate();
  gate.open();
  let regular: Process<never[], unknown>;
  {
    await using child = new Process(passGate, [gate.path, "regular"]);
    regular = child;
    child.start();
  }
  expect([gate.arrivals, activeChildren(), await codeOf(() => regular.exitCode)]).toEqual([
    ["regular"],
    [],
    "ERR_CLOSED",
  ]);
  {
    const file = `${folder()}/started`;
    await using child = new Process(lives.spin, [file], { daemon: true });
    child.start();
    await made(file);
  }
  expect(activeChildren()).toEqual([]);
});

test("a module that starts a process when it is loaded in one is refused", async () => {
  const { task } = moduleRef<{ task(): number }>(`${tasksUrl}process-on-load.js`);
  const error = await errorOf(FunctionRefError, started(new Process(task)).result());
  expect(error.cause).toBeInstanceOf(InvalidStateError);
  expect((error.cause as Error).message).toContain("Process unguarded was started while a worker is loading");
});

test("processes know the types of their functions", () => {
  const never = (): void => {
    // @ts-expect-error a text is no number
    new Process(add, ["1", 2]);
    // @ts-expect-error both arguments are missing
    new Process(add);
    // @ts-expect-error the result is a number
    const text: Promise<string> = new Process(add, [1, 2]).result();
    void text;
  };
  expect(never).toBeTypeOf("function");
});
