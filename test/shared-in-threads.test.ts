/** Shared objects in the arguments, results and reports of calls to threads: they arrive as themselves. */
import { MessageChannel } from "node:worker_threads";
import { EventLoopExecutor, SerializationError, ThreadPoolExecutor } from "manyhands";
import { expect, test } from "vitest";
import { Tally } from "#tasks/tally.js";
import { addTo, addToAll, addToKept, areSame, giveBack, keepIt, reportIt, wrap } from "#tasks/tallying.js";
import { errorOf, within } from "./conformance/support.js";
import { keep } from "./keeping.js";

const threads = (): ThreadPoolExecutor => keep(new ThreadPoolExecutor({ maxWorkers: 2 }));

test("a shared object given to a thread is the same memory there", async () => {
  const tally = new Tally();
  const pool = threads();
  const sums = await within(Promise.all(Array.from({ length: 100 }, () => pool.submit(addTo, tally, 2))), "the calls");
  expect(Math.max(...sums)).toBe(200);
  expect(tally.addHere(0)).toBe(200);
});

test("shared objects arrive wherever they stand, and what stands around them is a copy", async () => {
  const [one, two] = [new Tally(), new Tally()];
  const given = { deep: new Map([["a", [one, two, one]]]) };
  expect(await within(threads().submit(addToAll, given, 5), "the call")).toBe("a");
  expect([one.addHere(0), two.addHere(0)]).toEqual([10, 5]);
  expect(given.deep.get("a")).toEqual([one, two, one]);
});

test("an object that is given twice in a call is one object there", async () => {
  const [one, other] = [new Tally(), new Tally()];
  const pool = threads();
  expect(await within(pool.submit(areSame, one, [one, one]), "the call")).toBe(true);
  expect(await within(pool.submit(areSame, one, [one, other]), "the call")).toBe(false);
});

test("what is given to a call is what it was at the submit, also when the call waits", async () => {
  const pool = keep(new ThreadPoolExecutor({ maxWorkers: 1 }));
  const tally = new Tally();
  const bytes = new Uint8Array([1]);
  const given = { tally, list: [1], bytes };
  const calls = [1, 2, 3].map(() => pool.submit(giveBack<typeof given>, given));
  given.list.push(2);
  bytes[0] = 2;
  for (const call of calls) expect((await within(call, "a call")).list).toEqual([1]);
  for (const call of calls) expect((await call).bytes).toEqual(new Uint8Array([1]));
});

test("a result that holds shared objects brings them home", async () => {
  const tally = new Tally();
  const { list, set } = await within(threads().submit(wrap, tally), "the call");
  expect(list[0]).toBe(list[1]);
  expect([...set]).toEqual([1, list[0], "two"]);
  await list[0]?.add(3);
  expect(tally.addHere(0)).toBe(3);
});

test("the items of a map may be shared objects", async () => {
  const tallies = Array.from({ length: 20 }, () => new Tally());
  const where = await within(threads().map(reportIt, tallies), "the map");
  expect(where).toEqual(tallies.map(() => "memory"));
});

test("reports of progress may hold shared objects, and keep their order", async () => {
  const tally = new Tally();
  const call = threads().submit(reportIt, tally);
  const reports: unknown[] = [];
  call.onProgress((report) => reports.push(report));
  await within(call, "the call");
  expect(reports).toHaveLength(2);
  expect((reports[0] as { tally: Tally }).tally.addHere(1)).toBe(1);
  expect(tally.addHere(0)).toBe(1);
  expect(reports[1]).toBe("plain");
});

test("an initializer may be given shared objects, and the worker may keep them", async () => {
  const tally = new Tally();
  const pool = keep(new ThreadPoolExecutor({ maxWorkers: 2, initializer: keepIt, initargs: [tally] }));
  await within(Promise.all(Array.from({ length: 10 }, () => pool.submit(addToKept, 1))), "the calls");
  expect(tally.addHere(0)).toBe(10);
});

test("on the event loop a shared object is itself", async () => {
  const tally = new Tally();
  expect(await within(keep(new EventLoopExecutor()).submit(giveBack, tally), "the call")).toBe(tally);
});

test("a shared object is never copied into an empty one", async () => {
  const { port1, port2 } = new MessageChannel();
  expect(() => port1.postMessage(new Tally())).toThrow(/shared/);
  expect(() => structuredClone({ inside: new Tally() })).toThrow(/shared/);
  port1.close();
  port2.close();
});

test("what cannot travel beside a shared object is named", async () => {
  const error = await errorOf(SerializationError, threads().submit(giveBack, [new Tally(), { on: () => 1 }]));
  expect(error.path).toBe("args[0][1].on");
});
