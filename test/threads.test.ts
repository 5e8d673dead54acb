/** Thread, Timer and local: the laws of a thread's life, on real threads. */
import {
  CancelledError,
  ClosureError,
  EventLoopExecutor,
  FunctionRefError,
  InvalidOptionError,
  InvalidStateError,
  moduleRef,
  SerializationError,
  ThreadPoolExecutor,
  TimeoutError,
  transfer,
  WorkerExitedError,
} from "manyhands";
import { EOFError, Pipe } from "manyhands/multiprocessing";
import {
  activeCount,
  currentThread,
  enumerate,
  LifeCycleError,
  mainThread,
  SystemExit,
  setExcepthook,
  Thread,
  type ThreadFailure,
  Timer,
} from "manyhands/threading";
import { expect, test, vi } from "vitest";
import { add, blockUntil, bump, makeAdder, makeSelfContained, tasksUrl, weigh } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import * as lives from "#tasks/lives.js";
import { countHere, labelThenLook } from "#tasks/locals.js";
import { errorOf, LIMIT, made, within } from "./conformance/support.js";
import { folder, keep, later, newGate } from "./keeping.js";

/** Ends the thread after the test. */
function kept<T extends Thread<never[], unknown>>(thread: T): T {
  later(async () => {
    if (thread.ident === undefined && !thread.isAlive()) return;
    thread.terminate();
    await within(thread.join(), "join()");
  });
  return thread;
}

function started<T extends Thread<never[], unknown>>(thread: T): T {
  kept(thread).start();
  return thread;
}

/** Takes what would be reported, for the length of a test. */
function failures(): ThreadFailure[] {
  const seen: ThreadFailure[] = [];
  setExcepthook((failure) => seen.push(failure));
  later(() => setExcepthook());
  return seen;
}

const joined = (thread: Thread<never[], unknown>): Promise<void> => within(thread.join(), "join()");

test("a thread runs its function once, elsewhere, and gives its result", async () => {
  const thread = started(new Thread(lives.whoAmI, [], { name: "worker" }));
  const seen = await within(thread.result(), "the result");
  expect(seen).toEqual({ name: "worker", ident: thread.ident, daemon: false, main: "MainThread" });
  expect(seen.ident).not.toBe(currentThread().ident);
  expect(await thread.exception()).toBeUndefined();
  expect(await thread.result()).toEqual(seen);
});

test("nothing happens before start()", () => {
  const before = activeCount();
  const thread = new Thread(add, [1, 2]);
  expect([thread.isAlive(), thread.ident, activeCount()]).toEqual([false, undefined, before]);
});

test("threads are numbered, and called after their functions; main is MainThread", () => {
  const [first, second] = [new Thread(add, [1, 2]), new Thread(add, [1, 2])];
  const number = Number(/^Thread-(\d+) \(add\)$/.exec(first.name)?.[1]);
  expect(second.name).toBe(`Thread-${number + 1} (add)`);
  expect(currentThread()).toBe(mainThread());
  expect(mainThread()).toMatchObject({ name: "MainThread", ident: 0, daemon: false });
  expect(mainThread().isAlive()).toBe(true);
});

test("a function that no module exports travels as source", async () => {
  const thread = started(new Thread(makeSelfContained(), [7]));
  expect(await within(thread.result(), "the result")).toBe(70 + 0 - 70 + makeSelfContained()(7));
});

test("what does not fit the life cycle is refused, each by its code (J08)", async () => {
  const thread = kept(new Thread(add, [1, 2]));
  const refused = async (use: () => unknown): Promise<string> => (await errorOf(LifeCycleError, run(use))).code;
  expect(await refused(() => thread.join())).toBe("ERR_NOT_STARTED");
  expect(await refused(() => thread.result())).toBe("ERR_NOT_STARTED");
  expect(await refused(() => thread.exception())).toBe("ERR_NOT_STARTED");
  expect(await refused(() => thread.terminate())).toBe("ERR_NOT_STARTED");
  thread.daemon = true;
  thread.start();
  expect(await refused(() => thread.start())).toBe("ERR_ALREADY_STARTED");
  expect(await refused(() => (thread.daemon = false))).toBe("ERR_ALREADY_STARTED");
  expect(await refused(() => (thread.name = "late"))).toBe("ERR_ALREADY_STARTED");
  await joined(thread);
  expect(await refused(() => thread.start())).toBe("ERR_ALREADY_STARTED");
  expect(await refused(() => currentThread().join())).toBe("ERR_JOINS_ITSELF");
  const self = started(new Thread(lives.joinMyself));
  expect(await refused(() => self.result())).toBe("ERR_JOINS_ITSELF");
  const other = started(new Thread(lives.joinMain));
  expect(await refused(() => other.result())).toBe("ERR_NOT_THE_STARTER");
});

async function run(use: () => unknown): Promise<unknown> {
  return await use();
}

test("options that are none are refused by name", () => {
  expect(() => new Thread(add, [1, 2], { daemon: 1 as never })).toThrow(InvalidOptionError);
  expect(() => new Thread(add, "12" as never)).toThrow(InvalidOptionError);
  expect(() => new Thread(add, [1, 2], { nmae: "x" } as never)).toThrow(/did you mean name/);
  expect(() => new Timer(-1, add, [1, 2])).toThrow(InvalidOptionError);
});

test("arguments are copied by start(): what is changed after it is not seen", async () => {
  const box = { value: 1 };
  const thread = started(new Thread(bump, [box]));
  box.value = 10;
  expect(await within(thread.result(), "the result")).toBe(2);
  expect(box.value).toBe(10);
});

test("an argument can move instead", async () => {
  const { buffer } = new Uint8Array(64).fill(3);
  const thread = started(new Thread(weigh, [transfer(buffer)]));
  expect(buffer.byteLength).toBe(0);
  expect(await within(thread.result(), "the result")).toEqual([64, 3]);
});

test("an argument that cannot travel is named by start(), and nothing starts", () => {
  const before = activeCount();
  const thread = new Thread(bump, [{ value: 1, onClick: () => 1 } as never]);
  expect(() => thread.start()).toThrow(SerializationError);
  expect(() => thread.start()).toThrow(/args\[0\]\.onClick/);
  expect([thread.isAlive(), thread.ident, activeCount()]).toEqual([false, undefined, before]);
});

test("an error goes to the excepthook once, and join() does not throw it", async () => {
  const seen = failures();
  const thread = started(new Thread(lives.fail, ["oh"]));
  await joined(thread);
  await joined(thread);
  expect(seen.map((failure) => failure.thread)).toEqual([thread]);
  expect(seen[0]?.error).toBeInstanceOf(TypeError);
  // Nor is it lost for whoever asks later.
  expect(await thread.exception()).toMatchObject({ message: "oh" });
  await expect(thread.result()).rejects.toThrow(TypeError);
  expect(seen.length).toBe(1);
});

test("an error that somebody has asked for goes there, and not to the excepthook", async () => {
  const seen = failures();
  const [first, second] = [started(new Thread(lives.fail, ["1"])), started(new Thread(lives.fail, ["2"]))];
  const [error, reason] = await Promise.all([first.exception(), errorOf(TypeError, second.result())]);
  expect([error, reason.message, seen]).toEqual([expect.objectContaining({ message: "1" }), "2", []]);
});

test.each(["timer", "rejection"] as const)("an error that nothing catches ends the thread: %s", async (how) => {
  const seen = failures();
  const thread = started(new Thread(lives.failElsewhere, [how, "elsewhere"]));
  await joined(thread);
  expect(seen).toMatchObject([{ error: { message: "elsewhere" } }]);
});

test("the failure of a thread of a thread is told by the thread that started it, and does not harm that", async () => {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  later(() => written.mockRestore());
  const thread = started(new Thread(lives.startThreadThatFails, ["inside"]));
  await within(thread.result(), "the result");
  expect(await thread.exception()).toBeUndefined();
});

test("a function that cannot travel fails its thread with the reason", async () => {
  const seen = failures();
  const thread = started(new Thread(makeAdder(1), [1]));
  await joined(thread);
  expect(seen.map(({ error }) => error)).toEqual([expect.any(ClosureError)]);
  const missing = moduleRef<{ nothing(): void }>(`${tasksUrl}basic.js`).nothing;
  await errorOf(FunctionRefError, started(new Thread(missing)).result());
});

test("a result that cannot travel is no failure unless somebody wants it", async () => {
  const seen = failures();
  const thread = started(new Thread(lives.giveFunction));
  await joined(thread);
  expect([seen, await thread.exception()]).toEqual([[], undefined]);
  await errorOf(SerializationError, thread.result());
});

test("SystemExit and process.exit() end that thread only, and nothing is reported", async () => {
  const seen = failures();
  const [left, exited] = [started(new Thread(lives.leaveWith, ["bye"])), started(new Thread(lives.exitWith, [3]))];
  await Promise.all([joined(left), joined(exited)]);
  expect(seen).toEqual([]);
  expect(await errorOf(SystemExit, left.result())).toMatchObject({ status: "bye" });
  expect(await errorOf(WorkerExitedError, exited.result())).toMatchObject({ exitCode: 3, id: exited.ident });
  expect(await exited.exception()).toBeInstanceOf(WorkerExitedError);
});

test("terminate() ends a function that never yields, and can be called again", async () => {
  const seen = failures();
  const file = `${folder()}/started`;
  const thread = started(new Thread(lives.spin, [file]));
  await made(file);
  expect(thread.isAlive()).toBe(true);
  thread.terminate();
  await joined(thread);
  thread.terminate();
  expect([thread.isAlive(), seen]).toEqual([false, []]);
  await errorOf(WorkerExitedError, thread.result());
});

test("a thread has ended when its function has, whatever timers that leaves behind", async () => {
  const thread = started(new Thread(lives.leaveTimerBehind));
  await joined(thread);
  expect([thread.isAlive(), await thread.result()]).toEqual([false, "returned"]);
});

test("join() returns when its time is over, and the thread goes on; an abort ends the wait", async () => {
  const gate = await newGate();
  const thread = started(new Thread(passGate, [gate.path, "here"]));
  await gate.arrived(1);
  await within(thread.join({ timeout: 0 }), "join()");
  await errorOf(TimeoutError, thread.result({ timeout: 0 }));
  const controller = new AbortController();
  const wait = thread.join({ signal: controller.signal });
  controller.abort(new Error("enough"));
  expect(await errorOf(CancelledError, wait)).toMatchObject({ cause: { message: "enough" } });
  expect(thread.isAlive()).toBe(true);
  gate.open();
  await joined(thread);
  expect(await thread.result()).toBe("here");
});

test("isAlive() is right while the event loop of the starter does not turn", async () => {
  const [begun, release] = [`${folder()}/started`, `${folder()}/release`];
  const thread = started(new Thread(blockUntil, [begun, release]));
  await made(begun);
  const ends = performance.now() + LIMIT;
  expect(thread.isAlive()).toBe(true);
  started(new Thread(blockUntil, [release, begun]));
  while (thread.isAlive() && performance.now() < ends) Math.sqrt(ends);
  expect(thread.isAlive()).toBe(false);
});

test("every thread sees all threads, its own as themselves", async () => {
  const gate = await newGate();
  const waiting = started(new Thread(passGate, [gate.path, "x"], { name: "waiting ✓" }));
  await gate.arrived(1);
  const looking = started(new Thread(lives.whoIsThere, [], { name: "looking" }));
  expect(enumerate()).toEqual([mainThread(), waiting, looking]);
  expect(activeCount()).toBe(3);
  expect(await within(looking.result(), "the result")).toEqual({
    names: ["MainThread", "looking", "waiting ✓"],
    self: true,
  });
  gate.open();
  await Promise.all([joined(waiting), joined(looking)]);
  expect(enumerate()).toEqual([mainThread()]);
});

test("an executor's thread is called as its worker", async () => {
  const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1, name: "helper" }));
  expect(await within(executor.submit(lives.whoAmI), "the call")).toMatchObject({
    name: "helper-1",
    main: "MainThread",
  });
});

test("daemon is inherited from the thread that makes it", async () => {
  const daemon = started(new Thread(lives.daemonOfAThreadOfMine, [], { daemon: true }));
  const regular = started(new Thread(lives.daemonOfAThreadOfMine));
  expect(await Promise.all([daemon.result(), regular.result()])).toEqual([true, false]);
});

test("a thread that has started another is over when its function has ended; the other goes on", async () => {
  const gate = await newGate();
  const outer = started(new Thread(lives.startThreadAtGate, [gate.path]));
  await joined(outer);
  await gate.arrived(1);
  expect([outer.isAlive(), await outer.result()]).toEqual([false, "inner"]);
  expect(enumerate().map((thread) => thread.name)).toEqual(["MainThread", "inner"]);
  const inner = enumerate()[1];
  expect(await errorOf(LifeCycleError, inner?.join() ?? Promise.resolve())).toMatchObject({
    code: "ERR_NOT_THE_STARTER",
  });
  gate.open();
  const ends = performance.now() + LIMIT;
  while (inner?.isAlive() === true && performance.now() < ends) Math.sqrt(ends);
  expect(inner?.isAlive()).toBe(false);
});

test("what ends a thread abruptly ends what it has started", async () => {
  const gate = await newGate();
  const outer = started(new Thread(lives.holdThreadAtGate, [gate.path]));
  await gate.arrived(1);
  expect(activeCount()).toBe(3);
  outer.terminate();
  await joined(outer);
  expect(activeCount()).toBe(1);
});

test("leaving a scope joins a thread, and ends a daemon", async () => {
  const gate = await newGate();
  gate.open();
  let regular: Thread<never[], unknown>;
  {
    await using thread = new Thread(passGate, [gate.path, "regular"]);
    regular = thread;
    thread.start();
  }
  expect([regular.isAlive(), await regular.result()]).toEqual([false, "regular"]);
  let daemon: Thread<never[], unknown>;
  {
    const file = `${folder()}/started`;
    await using thread = new Thread(lives.spin, [file], { daemon: true });
    daemon = thread;
    thread.start();
    await made(file);
  }
  expect(daemon.isAlive()).toBe(false);
  {
    await using never = new Thread(add, [1, 2]);
    expect(never.isAlive()).toBe(false);
  }
});

test("a module that starts a thread when it is loaded in one is refused", async () => {
  const { task } = moduleRef<{ task(): number }>(`${tasksUrl}thread-on-load.js`);
  const error = await errorOf(FunctionRefError, started(new Thread(task)).result());
  expect(error.cause).toBeInstanceOf(InvalidStateError);
  expect((error.cause as Error).message).toContain("Thread unguarded was started while a worker is loading");
});

test("a timer runs its function when its time has come, with the arguments of start()", async () => {
  const box = { value: 1 };
  const timer = started(new Timer(1, bump, [box]));
  box.value = 10;
  expect([timer.isAlive(), timer.ident, timer.interval]).toEqual([true, undefined, 1]);
  expect(await within(timer.result(), "the result")).toBe(2);
  expect(timer.ident).toBeGreaterThan(0);
});

test("a timer of a function that cannot travel fails when its time has come", async () => {
  const seen = failures();
  const timer = started(new Timer(50, makeAdder(1), [1]));
  await joined(timer);
  expect(seen).toMatchObject([{ error: { code: "ERR_CLOSURE" }, thread: timer }]);
});

test("a timer that is cancelled is over, and never runs", async () => {
  const file = `${folder()}/started`;
  const timer = started(new Timer(3_600_000, lives.spin, [file]));
  expect(enumerate()).toContain(timer);
  const waits = timer.join();
  timer.cancel();
  await within(waits, "join()");
  timer.cancel();
  expect([timer.isAlive(), activeCount()]).toEqual([false, 1]);
  await errorOf(WorkerExitedError, timer.result());
  const early = new Timer(3_600_000, lives.spin, [file]);
  early.cancel();
  started(early);
  expect(early.isAlive()).toBe(true);
  await joined(early);
});

test("a timer that is cancelled gives back what it was given", async () => {
  const [here, there] = Pipe();
  const timer = started(new Timer(3_600_000, bump, [there as never]));
  timer.cancel();
  await joined(timer);
  there.close();
  await errorOf(EOFError, here.recv({ timeout: LIMIT }));
});

test("terminate() ends a timer before its time and after it", async () => {
  const file = `${folder()}/started`;
  const [early, late] = [started(new Timer(3_600_000, add, [1, 2])), started(new Timer(1, lives.spin, [file]))];
  early.terminate();
  await made(file);
  late.cancel();
  expect(late.isAlive()).toBe(true);
  late.terminate();
  await Promise.all([joined(early), joined(late)]);
});

test("a local is each thread's own, and is made once for each", async () => {
  const executor = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
  expect([countHere(), countHere()]).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(await within(executor.submit(countHere), "the call")).toEqual([1, 1]);
  expect(await within(executor.submit(countHere), "the call")).toEqual([2, 1]);
  expect(await within(started(new Thread(countHere)).result(), "the result")).toEqual([1, 1]);
});

test("a local of tasks is each call's own", async () => {
  const labels = ["a", "b", "c"];
  const alone = labels.map((label) => ["", label]);
  for (const executor of [
    keep(new ThreadPoolExecutor({ maxWorkers: 1, tasksPerWorker: 3 })),
    keep(new EventLoopExecutor()),
    keep(new ThreadPoolExecutor({ maxWorkers: 1 })),
  ]) {
    expect(await within(executor.map(labelThenLook, labels, { chunkSize: 1 }), "the map")).toEqual(alone);
  }
  // Outside of calls it is the thread's.
  expect(await labelThenLook("x")).toEqual(["", "x"]);
  expect(await labelThenLook("y")).toEqual(["x", "y"]);
});

test("threads know the types of their functions", () => {
  const never = (): void => {
    // @ts-expect-error a text is no number
    new Thread(add, ["1", 2]);
    // @ts-expect-error one argument is missing
    new Thread(add, [1]);
    // @ts-expect-error both are missing
    new Thread(add);
    // @ts-expect-error the result is a number
    const text: Promise<string> = new Thread(add, [1, 2]).result();
    const sum: Promise<number> = new Timer(1, add, [1, 2], { daemon: true }).result();
    const label: Promise<string> = new Thread(passGate, ["", ""]).result();
    void [text, sum, label];
  };
  expect(never).toBeTypeOf("function");
});
