/** What is given in the wrong shape is refused by name, at once: above all a bare number where `{ timeout }` belongs, which
 *  would be a wait without a limit. */
import { asCompleted, Future, InvalidOptionError, InvalidStateError, wait } from "manyhands";
import * as multiprocessing from "manyhands/multiprocessing";
import { LifoQueue, PriorityQueue, Queue, SimpleQueue } from "manyhands/queue";
import { DEVNULL, PIPE } from "manyhands/subprocess";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  RLock,
  Semaphore,
  Thread,
  Timer,
} from "manyhands/threading";
import { afterAll, describe, expect, test } from "vitest";
import { add, square } from "#tasks/basic.js";
import { shell } from "./children.js";
import { errorOf, within } from "./conformance/support.js";
import { later } from "./keeping.js";

/** What no type would let through. */
const wrong = (value: unknown): never => value as never;

const WAITS: Readonly<Record<string, (options: never) => PromiseLike<unknown>>> = {
  "Lock.acquire": (options) => new Lock().acquire(options),
  "Lock.with": (options) => new Lock().with(() => 1, options),
  "RLock.acquire": (options) => new RLock().acquire(options),
  "RLock.with": (options) => new RLock().with(() => 1, options),
  "Semaphore.acquire": (options) => new Semaphore(1).acquire(options),
  "BoundedSemaphore.acquire": (options) => new BoundedSemaphore(1).acquire(options),
  "Event.wait": (options) => new Event().wait(options),
  "Barrier.wait": (options) => new Barrier(2).wait(options),
  "Condition.wait": (options) => underLock((condition) => condition.wait(options)),
  "Condition.waitFor": (options) => underLock((condition) => condition.waitFor(() => false, options)),
  "Queue.get": (options) => new Queue().get(options),
  "Queue.put": (options) => new Queue().put(1, options),
  "Queue.join": (options) => new Queue().join(options),
  "SimpleQueue.get": (options) => new SimpleQueue().get(options),
  "JoinableQueue.join": (options) => new multiprocessing.JoinableQueue().join(options),
  "Connection.recv": (options) => multiprocessing.Pipe()[0].recv(options),
  "Connection.send": (options) => multiprocessing.Pipe()[0].send(1, options),
  "Connection.poll": (options) => multiprocessing.Pipe()[0].poll(options),
  "connection.wait": (options) => multiprocessing.connection.wait(multiprocessing.Pipe(), options),
  "Thread.join": (options) => started(new Thread(square, [2])).join(options),
  "Future.result": (options) => Future.withResolvers().future.result(options),
  "Process.join": (options) => joinedProcess(options),
  "AsyncResult.get": (options) => threads.applyAsync(square, [2]).get(options),
  "PoolStream.next": (options) => threads.imap(square, [2]).next(options),
  "Listener.accept": async (options) => accepted(options),
  "Thread.result": (options) => started(new Thread(square, [2])).result(options),
  "Popen.wait": (options) => shell("true").wait(options),
  "Popen.stdin.write": (options) => shell("true", { stdin: PIPE }).stdin.write("x", options),
  "Popen.stdout.readLine": (options) => shell("true", { stdout: PIPE }).stdout.readLine(options),
  "Popen.stdout.read": (options) => shell("true", { stdout: PIPE, stderr: DEVNULL }).stdout.read(options),
  "Popen.stderr.readAll": (options) => shell("true", { stderr: PIPE }).stderr.readAll(options),
  wait: (options) => wait([], options),
  asCompleted: (options) => attempt(() => asCompleted([], options)),
};

const threads = new multiprocessing.ThreadPool(1);
afterAll(() => threads.terminate());

async function accepted(options: never): Promise<unknown> {
  const listener = await multiprocessing.Listener.open();
  later(() => listener.close());
  return listener.accept(options);
}

async function joinedProcess(options: never): Promise<void> {
  const child = new multiprocessing.Process(square, [2]);
  child.start();
  later(() => within(child.join(), "join()"));
  await child.join(options);
}

async function underLock<R>(act: (condition: Condition) => Promise<R>): Promise<R> {
  const condition = new Condition();
  return condition.with(() => act(condition));
}

function started<T extends Thread<[number], number>>(thread: T): T {
  thread.start();
  return thread;
}

/** What `act` throws, as a failure. */
async function attempt(act: () => unknown): Promise<unknown> {
  return act();
}

describe.each(Object.entries(WAITS))("%s", (name, act) => {
  test.each([5, true, false, "5", null])("takes no %s for its options", async (options) => {
    const error = await errorOf(InvalidOptionError, act(wrong(options)), name);
    expect(error.message).toContain("{ timeout, signal }");
    expect(error.message).toContain(String(options));
  });
});

test.each(Object.entries(WAITS))("%s takes no options that a wait has not", async (name, act) => {
  const mistyped = await errorOf(InvalidOptionError, act(wrong({ timout: 5 })), name);
  expect(mistyped.message).toBe("A wait has no option timout: did you mean timeout?");
  const foreign = await errorOf(InvalidOptionError, act(wrong({ timeout: 5, block: false })), name);
  expect(foreign.message).toMatch(/^A wait has no option block: it takes timeout, signal/);
});

const MISTAKES: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  "a barrier with a function for its options": [
    () =>
      new Barrier(
        2,
        wrong(() => 1),
      ),
    /options must be an object/,
  ],
  "a queue with an object for its size": [() => new Queue(wrong({ maxsize: 5 })), /maxsize must be a whole number/],
  "a last-in queue likewise": [() => new LifoQueue(wrong({ maxsize: 5 })), /maxsize must be a whole number/],
  "a priority queue likewise": [() => new PriorityQueue(wrong({})), /maxsize must be a whole number/],
  "a queue of processes likewise": [() => new multiprocessing.Queue(wrong({})), /maxsize must be a whole number/],
  "a queue that can be joined likewise": [
    () => new multiprocessing.JoinableQueue(wrong([])),
    /maxsize must be a whole/,
  ],
  "a queue with a text for its size": [() => new Queue(wrong("5")), /maxsize must be a whole number, got "5"/],
  "a thread without a function": [() => new Thread(wrong(undefined)), /target must be a function/],
  "a thread of an object, as Python's keywords": [
    () => new Thread(wrong({ target: add })),
    /target must be a function/,
  ],
  "a timer whose arguments are exchanged": [() => new Timer(wrong(square), wrong(5)), /interval must be a number/],
  "a timer of no function": [() => new Timer(5, wrong(5)), /target must be a function/],
  "a process of no function": [() => new multiprocessing.Process(wrong(5)), /target must be a function/],
  "a pipe with a bare false": [() => multiprocessing.Pipe(wrong(false)), /options must be an object/],
  "a pipe whose duplex is a text": [() => multiprocessing.Pipe({ duplex: wrong("no") }), /duplex must be a boolean/],
  "a name of shared memory that is a number": [
    () => new multiprocessing.SharedMemory({ name: wrong(5) }),
    /name must be a string/,
  ],
};

test.each(Object.entries(MISTAKES))("%s is refused by name", async (_what, [act, message]) => {
  const error = await errorOf(InvalidOptionError, attempt(act));
  expect(error.message).toMatch(message);
});

test("what is waited for must be able to tell when it is ready", async () => {
  const { connection } = multiprocessing;
  const one = await errorOf(
    InvalidOptionError,
    attempt(() => connection.wait(wrong([5]))),
  );
  expect(one.message).toMatch(/connection or a process's sentinel, got 5/);
  const all = await errorOf(
    InvalidOptionError,
    attempt(() => connection.wait(wrong(5))),
  );
  expect(all.message).toMatch(/objects must be/);
});

test("a listener is not made by new, and says how it is", async () => {
  const make = (): unknown => Reflect.construct(multiprocessing.Listener, [{ authkey: "secret" }]);
  expect((await errorOf(InvalidStateError, attempt(make))).message).toMatch(/await Listener\.open\(\)/);
});

describe("a pool", () => {
  const POOL_MISTAKES: Readonly<Record<string, readonly [(pool: multiprocessing.ThreadPool) => unknown, RegExp]>> = {
    "arguments that are no array": [(pool) => pool.apply(square, wrong(5)), /args must be an array/],
    "a callback that is no function": [
      (pool) => pool.applyAsync(square, [2], { callback: wrong(5) }),
      /callback must be a function, got 5/,
    ],
    "an errorCallback that is no function": [
      (pool) => pool.mapAsync(square, [2], { errorCallback: wrong("x") }),
      /errorCallback must be a function, got "x"/,
    ],
    "a bare chunk size": [(pool) => pool.map(square, [1], wrong(2)), /options must be an object/],
  };

  test.each(Object.entries(POOL_MISTAKES))("refuses %s by name", async (_what, [act, message]) => {
    const pool = new multiprocessing.ThreadPool(1);
    later(() => within(pool.terminate(), "terminate()"));
    const error = await errorOf(
      InvalidOptionError,
      attempt(() => act(pool)),
    );
    expect(error.message).toMatch(message);
  });

  test("refuses an initializer that is no function when it is made", async () => {
    const make = (): unknown => new multiprocessing.Pool({ initializer: wrong(5) });
    expect((await errorOf(InvalidOptionError, attempt(make))).message).toMatch(/initializer must be a function/);
  });
});

test("a manager's dictionary begins with the properties of an object, and with nothing else that has no entries", async () => {
  await using manager = new multiprocessing.Manager();
  const prices = await within(manager.dict({ tea: 3, milk: 1 }), "the dictionary");
  expect(await prices.entries()).toEqual([
    ["tea", 3],
    ["milk", 1],
  ]);
  const error = await errorOf(
    InvalidOptionError,
    attempt(() => manager.dict(wrong(5))),
  );
  expect(error.message).toMatch(/entries must be/);
  const list = await errorOf(
    InvalidOptionError,
    attempt(() => manager.list(wrong(5))),
  );
  expect(list.message).toMatch(/items must be/);
});
