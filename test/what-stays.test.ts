/** What belongs to the thread that made it (a pool, a thread, a process, a future) is refused as an argument and in a result:
 *  copied, it would be an empty object of no use, noticed only when its first method is called. */
import { EventLoopExecutor, Future, ProcessPoolExecutor, SerializationError, ThreadPoolExecutor } from "manyhands";
import { Listener, Manager, Pool, Process, ThreadPool } from "manyhands/multiprocessing";
import { Queue } from "manyhands/queue";
import { Popen } from "manyhands/subprocess";
import { Lock, Thread, Timer } from "manyhands/threading";
import { afterAll, describe, expect, test } from "vitest";
import { identity } from "#tasks/basic.js";
import { makeOwn } from "#tasks/staying.js";
import { errorOf } from "./conformance/support.js";

const threads = new ThreadPoolExecutor({ maxWorkers: 1 });
const processes = new ProcessPoolExecutor({ maxWorkers: 1 });
const pool = new Pool(1);
const threadPool = new ThreadPool(1);
const listener = await Listener.open();
const lock = new Lock();

afterAll(async () => {
  listener.close();
  await Promise.all([threads.shutdown(), processes.shutdown(), pool.terminate(), threadPool.terminate()]);
});

/** With a word of the way out that the error names. */
const STAYING: readonly (readonly [string, object, RegExp])[] = [
  ["ThreadPoolExecutor", threads, /make one there/],
  ["ProcessPoolExecutor", processes, /make one there/],
  ["EventLoopExecutor", new EventLoopExecutor(), /make one there/],
  ["view of an executor", threads.with({ timeout: 1000 }), /make one there/],
  ["Pool", pool, /make one there/],
  ["ThreadPool", threadPool, /make one there/],
  ["Thread", new Thread(identity, [1]), /send its ident/],
  ["Timer", new Timer(1000, identity, [1]), /send its ident/],
  ["Process", new Process(identity, [1]), /send its pid/],
  ["Popen", new Popen(["true"]), /send its pid/],
  ["Manager", new Manager(), /send the objects that it has made/],
  ["Listener", listener, /send its address/],
  ["Future", Future.withResolvers<number>().future, /await it/],
  ["MapResults", threads.map(identity, []), /await them/],
  ["AsyncResult", threadPool.applyAsync(identity, [1]), /await it/],
  ["stream of results", threadPool.imap(identity, []), /collect/],
  ["Permit", lock.tryAcquire() as object, /acquire it there/],
];

describe.each(STAYING)("a %s", (_name, object, wayOut) => {
  test.each([
    ["thread", threads],
    ["process", processes],
  ] as const)("is refused as an argument of a call to a %s", async (_where, executor) => {
    const error = await errorOf(SerializationError, executor.submit(identity, { deep: [object] }));
    expect([error.path, error.message]).toEqual(["args[0].deep[0]", expect.stringMatching(wayOut)]);
  });

  test.each([
    ["Thread", Thread],
    ["Process", Process],
  ] as const)("is refused as an argument of a %s, which then has not been started", (_where, Kind) => {
    const kept = new Kind(identity, [{ object }]);
    expect(() => kept.start()).toThrow(SerializationError);
    expect(() => kept.start()).toThrow(wayOut);
    expect(kept.isAlive()).toBe(false);
  });

  test("is refused as an item of a queue", async () => {
    const error = await errorOf(SerializationError, new Queue<object>().put({ object }));
    expect(error.message).toMatch(wayOut);
  });

  test("goes to the event loop as itself", async () => {
    await using here = new EventLoopExecutor();
    expect(await here.submit(identity, { object })).toHaveProperty("object", object);
  });
});

test.each([
  ["thread", threads],
  ["process", processes],
] as const)("what a task of a %s has made for itself is refused in its result", async (_where, executor) => {
  for (const what of ["executor", "pool", "thread", "process", "manager"] as const) {
    const error = await errorOf(SerializationError, executor.submit(makeOwn, what));
    expect([what, error.path]).toEqual([what, "result.made"]);
    expect(error.message).toMatch(/make one there|send/);
  }
});
