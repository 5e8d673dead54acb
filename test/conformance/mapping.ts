/** Laws of map: lazy in what it takes, exact in what it gives, and gone without a trace when it is left early. */
import assert from "node:assert/strict";
import {
  CancelledError,
  InvalidOptionError,
  type MapOptions,
  type MapResults,
  SerializationError,
  ShutdownError,
} from "manyhands";
import { add, identity, record, square } from "#tasks/basic.js";
import { exitWith } from "#tasks/exiting.js";
import { evenOnly, squareUnless, timeOutOnOne } from "#tasks/failing.js";
import { passGate, passGateAndFail } from "#tasks/gate.js";
import { type Law, law } from "./conformance.js";
import { errorOf, failureOf, linesOf, outcomeOf, until, within } from "./support.js";

/** Inputs that know how many of them were taken, and whether they were given up. */
class Source<T> {
  pulled = 0;
  closed = false;
  readonly #item: (n: number) => T;
  readonly #length: number;

  constructor(item: (n: number) => T, length: number = Number.POSITIVE_INFINITY) {
    this.#item = item;
    this.#length = length;
  }

  *[Symbol.iterator](): Generator<T> {
    try {
      while (this.pulled < this.#length) {
        this.pulled += 1;
        yield this.#item(this.pulled - 1);
      }
    } finally {
      this.closed = true;
    }
  }

  /** The same, one turn late each time. */
  async *later(): AsyncGenerator<T> {
    try {
      while (this.pulled < this.#length) {
        await new Promise((resolve) => setImmediate(resolve));
        this.pulled += 1;
        yield this.#item(this.pulled - 1);
      }
    } finally {
      this.closed = true;
    }
  }
}

const self = (n: number): number => n;

async function take<R>(results: MapResults<R>, count: number): Promise<R[]> {
  const taken: R[] = [];
  while (taken.length < count) {
    const { value, done } = await within(results.next(), `result ${taken.length}`);
    assert.ok(done !== true, `the results ended after ${taken.length}`);
    taken.push(value);
  }
  return taken;
}

const range = (length: number): number[] => Array.from({ length }, (_, n) => n);
const squares = (length: number): number[] => range(length).map(square);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

const CHUNKS: readonly (MapOptions["chunkSize"] | undefined)[] = [undefined, "auto", 1, 3, 7, 100, 5_000];

const RESULTS: readonly Law[] = [
  ...CHUNKS.map((chunkSize) =>
    law(
      `map of 1000, chunkSize ${chunkSize ?? "left out"}: all results, in input order, then the end for good (E06)`,
      async ({ make }) => {
        const options = chunkSize === undefined ? {} : { chunkSize };
        const results = make().map(square, range(1_000), options);
        assert.deepEqual(await take(results, 1_000), squares(1_000));
        for (const _ of [1, 2]) assert.deepEqual(await results.next(), { value: undefined, done: true });
      },
    ),
  ),
  ...CHUNKS.map((chunkSize) =>
    law(
      `unordered map of 1000, chunkSize ${chunkSize ?? "left out"}: the same results, in any order (E06)`,
      async ({ make }) => {
        const options = chunkSize === undefined ? {} : { chunkSize };
        const results = make().map(square, range(1_000), { ...options, ordered: false });
        assert.deepEqual(ascending(await take(results, 1_000)), squares(1_000));
        assert.deepEqual(await results.next(), { value: undefined, done: true });
      },
    ),
  ),
  law("`await map` collects", async ({ make }) => {
    const executor = make();
    assert.deepEqual(await executor.map(square, range(100)), squares(100));
    assert.deepEqual(await executor.map(square, new Set([3, 1, 2])), [9, 1, 4]);
    assert.deepEqual(ascending(await executor.map(square, range(100), { ordered: false })), squares(100));
    assert.equal(await executor.map(square, [1, 2, 3]).then((all) => all.length), 3);
  }),
  law("`for await` streams", async ({ make }) => {
    const taken: number[] = [];
    for await (const value of make().map(square, range(50))) taken.push(value);
    assert.deepEqual(taken, squares(50));
  }),
  law("the input may be an async iterable", async ({ make }) => {
    const source = new Source(self, 50);
    assert.deepEqual(await within(make().map(square, source.later()), "the map"), squares(50));
    assert.equal(source.closed, true);
  }),
  law("an empty input: no results, at once (E02)", async ({ make }) => {
    const executor = make();
    assert.deepEqual(await executor.map(square, []), []);
    assert.deepEqual(await executor.map(square, [], { ordered: false, chunkSize: 10 }), []);
    assert.deepEqual(await executor.map(square, new Source(self, 0).later()), []);
    assert.deepEqual(await executor.starmap(add, []), []);
    assert.deepEqual(await executor.map(square, []).next(), { value: undefined, done: true });
    for await (const _ of executor.map(square, []).settled()) assert.fail("nothing should have settled");
  }),
  law("starmap() spreads each item over the parameters", async ({ make }) => {
    const pairs = range(40).map((n): [number, number] => [n, 100]);
    assert.deepEqual(
      await make().starmap(add, pairs, { chunkSize: 7 }),
      range(40).map((n) => n + 100),
    );
  }),
  law("several next() at once are answered in order", async ({ make }) => {
    const results = make().map(square, range(6));
    const answers = await Promise.all(Array.from({ length: 8 }, () => results.next()));
    assert.deepEqual(
      answers.slice(0, 6).map(({ value }) => value),
      squares(6),
    );
    assert.deepEqual(
      answers.slice(6).map(({ done }) => done),
      [true, true],
    );
  }),
  law("two maps at once do not mix", async ({ make }) => {
    const executor = make();
    const [left, right] = await Promise.all([executor.map(square, range(200)), executor.map(identity, range(200))]);
    assert.deepEqual([left, right], [squares(200), range(200)]);
  }),
  law("unordered: who finishes first is given first", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const [slow, fast] = [await gate(), await gate()];
    fast.open();
    const items = range(6).map((n): [string, string] => [n === 0 ? slow.path : fast.path, String(n)]);
    const results = executor.starmap(passGate, items, { ordered: false, chunkSize: 1 });
    assert.deepEqual((await take(results, 5)).sort(), ["1", "2", "3", "4", "5"]);
    slow.open();
    assert.deepEqual(await take(results, 1), ["0"]);
  }),
  law("ordered: who finishes first waits for those before it", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const [slow, fast] = [await gate(), await gate()];
    fast.open();
    const items = range(6).map((n): [string, string] => [n === 0 ? slow.path : fast.path, String(n)]);
    const results = executor.starmap(passGate, items, { chunkSize: 1 });
    const first = results.next();
    await fast.arrived(5);
    slow.open();
    assert.deepEqual(await within(first, "the first result"), { value: "0", done: false });
    assert.deepEqual(await take(results, 5), ["1", "2", "3", "4", "5"]);
  }),
  law("a result is given as soon as it is there, with the next one still at work", async ({ make, gate }) => {
    const door = await gate();
    const results = make({ maxWorkers: 1 }).starmap(
      passGate,
      [
        [door.path, "a"],
        [door.path, "b"],
      ],
      { chunkSize: 1 },
    );
    const first = results.next();
    await door.arrived(1);
    door.release(1);
    assert.deepEqual(await within(first, "the first result, with the second still held"), { value: "a", done: false });
    door.open();
    assert.deepEqual(await take(results, 1), ["b"]);
  }),
];

const ERRORS: readonly Law[] = [
  law("a failing item in the middle of a chunk harms no other (B04)", async ({ make }) => {
    const items = range(7).map((n) => (n === 1 ? { n, bad: "one" } : { n }));
    const results = make().map(squareUnless, items, { chunkSize: 3 });
    assert.deepEqual(await take(results, 1), [0]);
    const reason = await failureOf(results.next());
    assert.equal(reason instanceof Error && reason.message, "one");
    assert.deepEqual(await take(results, 5), [4, 9, 16, 25, 36]);
    assert.deepEqual(await results.next(), { value: undefined, done: true });
  }),
  law("a task's own time-out error belongs to its item (B06)", async ({ make }) => {
    for (const options of [{}, { timeout: 60_000 }]) {
      const results = make().map(timeOutOnOne, [0, 1, 2], { chunkSize: 1, ...options });
      assert.deepEqual(await take(results, 1), [0]);
      const reason = await failureOf(results.next());
      assert.equal(reason instanceof Error && reason.message, "my own time ran out");
      assert.deepEqual(await take(results, 1), [2]);
    }
  }),
  law("every odd item fails: each at its place, chunk or not", async ({ make }) => {
    for (const chunkSize of [1, 4, "auto"] as const) {
      const results = make().map(evenOnly, range(12), { chunkSize });
      for (const n of range(12)) {
        const outcome = await outcomeOf(results.next());
        if (n % 2 === 0) assert.deepEqual(outcome, { status: "fulfilled", value: { value: n, done: false } });
        else
          assert.equal(
            outcome.status === "rejected" && outcome.reason instanceof RangeError && outcome.reason.message,
            `${n} is odd`,
          );
      }
    }
  }),
  law("`await map` fails with the first error by input order", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 2 });
    const [slow, fast] = [await gate(), await gate()];
    fast.open();
    const results = outcomeOf(
      executor.starmap(
        passGateAndFail,
        [
          [slow.path, "first"],
          [fast.path, "second"],
        ],
        { chunkSize: 1 },
      ),
    );
    await fast.arrived(1);
    slow.open();
    const outcome = await results;
    assert.equal(outcome.status === "rejected" && outcome.reason instanceof Error && outcome.reason.message, "first");
  }),
  law("`await map` that fails cancels what has not started, and closes its source", async ({ make }) => {
    const executor = make({ maxWorkers: 1 });
    const failing = new Source((n) => (n === 2 ? { n, bad: "two" } : { n }));
    const reason = await failureOf(executor.map(squareUnless, failing, { chunkSize: 1, bufferSize: 4 }));
    assert.equal(reason instanceof Error && reason.message, "two");
    await until(() => failing.closed, "the source should be closed");
    assert.ok(failing.pulled <= 3 + 4, `${failing.pulled} pulled`);
    await until(() => executor.stats().queued + executor.stats().running === 0, "nothing should be left");
  }),
  law("settled(): every outcome with its index, and no end at a failure", async ({ make }) => {
    const items = range(6).map((n) => (n % 2 === 1 ? { n, bad: `bad ${n}` } : { n }));
    for (const ordered of [true, false]) {
      const seen = new Map<number, unknown>();
      for await (const outcome of make().map(squareUnless, items, { ordered, chunkSize: 2 }).settled()) {
        const { index } = outcome;
        if (ordered) assert.equal(index, seen.size);
        if (outcome.status === "fulfilled") seen.set(index, outcome.value);
        else seen.set(index, outcome.reason instanceof Error && outcome.reason.message);
      }
      assert.deepEqual(
        [...seen].sort(([a], [b]) => a - b),
        [
          [0, 0],
          [1, "bad 1"],
          [2, 4],
          [3, "bad 3"],
          [4, 16],
          [5, "bad 5"],
        ],
      );
    }
  }),
  law(
    "an input that throws: that very error, after the results before it; the executor goes on (E04)",
    async ({ make }) => {
      const executor = make();
      for (const bad of [0, 3]) {
        const error = new RangeError("no more input");
        function* inputs(): Generator<number> {
          yield* range(bad);
          throw error;
        }
        const results = executor.map(square, inputs(), { chunkSize: 1 });
        assert.deepEqual(await take(results, bad), squares(bad));
        assert.equal(await failureOf(results.next()), error);
        assert.equal(error.cause, undefined);
        assert.deepEqual(await results.next(), { value: undefined, done: true });
        assert.equal(await failureOf(executor.map(square, inputs(), { chunkSize: 10 })), error);
      }
      assert.deepEqual(await executor.map(square, [5]), [25]);
    },
  ),
  law("an async input that rejects: the same (E04)", async ({ make }) => {
    const error = new RangeError("no more input");
    async function* inputs(): AsyncGenerator<number> {
      yield* range(3);
      throw error;
    }
    const results = make().map(square, inputs());
    assert.deepEqual(await take(results, 3), squares(3));
    assert.equal(await failureOf(results.next()), error);
    assert.deepEqual(await results.next(), { value: undefined, done: true });
  }),
  law("an item that cannot travel fails at its place, not its chunk (E12)", ["copies"], async ({ make }) => {
    const items: unknown[] = [1, { fn: () => 1 }, 3];
    const results = make().map(identity, items, { chunkSize: 3 });
    assert.deepEqual(await take(results, 1), [1]);
    const error = await errorOf(SerializationError, results.next());
    assert.match(error.path, /\.fn$/);
    assert.deepEqual(await take(results, 1), [3]);
  }),
  law("a worker that is lost under one item costs that item (chunk size 1)", ["workers"], async ({ make }) => {
    const executor = make({ maxWorkers: 2 });
    const outcomes: string[] = [];
    const tasks = executor.map(exitWith, [3], { chunkSize: 1 });
    await failureOf(tasks.next());
    for await (const outcome of executor.map(square, range(20), { chunkSize: 1 }).settled())
      outcomes.push(outcome.status);
    assert.deepEqual(
      outcomes,
      Array.from({ length: 20 }, () => "fulfilled"),
    );
  }),
  law("options outside what they may be throw at once", async ({ make }) => {
    const executor = make();
    for (const [option, value] of [
      ["chunkSize", 0],
      ["chunkSize", -1],
      ["chunkSize", 1.5],
      ["chunkSize", "many"],
      ["bufferSize", 0],
      ["bufferSize", -1],
      ["bufferSize", Number.NaN],
      ["timeout", -1],
      ["retries", -1],
    ] as const) {
      assert.throws(
        () => executor.map(square, [1], { [option]: value }),
        (error) => error instanceof InvalidOptionError && error.option === option,
        `${option}: ${value}`,
      );
    }
    assert.deepEqual(await executor.map(square, [1]), [1]);
  }),
];

const LAZY: readonly Law[] = [
  law("bufferSize 2, nothing taken: exactly 2 inputs are pulled (B10)", async ({ make }) => {
    for (const later of [false, true]) {
      const executor = make();
      const source = new Source(self);
      const results = executor.map(square, later ? source.later() : source, { bufferSize: 2, chunkSize: 1 });
      await until(() => executor.stats().completed === 2, "two calls should have been made");
      assert.equal(source.pulled, 2);
      assert.deepEqual(await take(results, 3), [0, 1, 4]);
      await until(() => executor.stats().completed === 5, "three more calls should have been made");
      assert.equal(source.pulled, 5);
      await results.return();
    }
  }),
  law("a map that nobody iterates has nevertheless run when shutdown() returns (B02)", async ({ make, file }) => {
    const executor = make();
    const results = executor.starmap(
      record,
      ["a", "b", "c", "d"].map((line): [string, string] => [file("log"), line]),
    );
    await within(executor.shutdown(), "shutdown()");
    assert.deepEqual([...linesOf(file("log"))].sort(), ["a", "b", "c", "d"]);
    assert.deepEqual(await within(results, "its results"), ["a", "b", "c", "d"]);
  }),
  law("never more than bufferSize inputs ahead of the consumer, whatever the chunk", async ({ make }) => {
    for (const chunkSize of [1, 4, 64, "auto"] as const) {
      const source = new Source(self, 3_000);
      let taken = 0;
      for await (const _ of make().map(square, source, { bufferSize: 20, chunkSize })) {
        taken += 1;
        assert.ok(source.pulled - taken <= 20, `${source.pulled} pulled, ${taken} taken, chunkSize ${chunkSize}`);
      }
      assert.equal(taken, 3_000);
    }
  }),
  law("a buffer smaller than a chunk does not hang", async ({ make }) => {
    assert.deepEqual(
      await within(make().map(square, range(10), { bufferSize: 2, chunkSize: 5 }), "the map"),
      squares(10),
    );
    assert.deepEqual(
      await within(make().map(square, range(10), { bufferSize: 1, chunkSize: 1 }), "the map"),
      squares(10),
    );
  }),
  law("an input without end, and a consumer that takes ten", async ({ make }) => {
    for (const later of [false, true]) {
      const source = new Source(self);
      const taken: number[] = [];
      for await (const value of make().map(square, later ? source.later() : source, { bufferSize: 16 })) {
        if (taken.push(value) === 10) break;
      }
      assert.deepEqual(taken, squares(10));
      await until(() => source.closed, "the source should have been closed");
      assert.ok(source.pulled <= 10 + 16, `${source.pulled} pulled`);
    }
  }),
  law("an input without end, every option left out", async ({ make }) => {
    const source = new Source(self);
    const results = make().map(square, source);
    assert.deepEqual(await take(results, 100), squares(100));
    await within(results.return(), "return()");
    assert.equal(source.closed, true);
  }),
  law("leaving early cancels what has not started (B08)", async ({ make, gate, file }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    const source = new Source((n): [string, string] => [door.path, String(n)]);
    const results = executor.starmap(passGate, source, { chunkSize: 1, bufferSize: 8 });
    await door.arrived(1);
    door.release(1);
    assert.deepEqual(await take(results, 1), ["0"]);
    await door.arrived(2);
    await within(results.return(), "return(), with a call still held");
    assert.equal(source.closed, true);
    assert.deepEqual(await results.next(), { value: undefined, done: true });
    door.open();
    assert.equal(await within(executor.submit(record, file("log"), "next"), "the next call"), "next");
    assert.deepEqual(door.arrivals, ["0", "1"]);
  }),
  law("return() before the first next() closes the source and ends the map", async ({ make }) => {
    const source = new Source(self);
    const executor = make();
    const results = executor.map(square, source, { bufferSize: 4 });
    await within(results.return(), "return()");
    assert.deepEqual(await results.next(), { value: undefined, done: true });
    // A source that was never begun has nothing to close.
    assert.ok(source.closed || source.pulled === 0);
    await until(() => executor.stats().queued + executor.stats().running === 0, "nothing should be left");
  }),
  law("signal: an aborted map fails with CancelledError, and closes its source", async ({ make, gate }) => {
    const executor = make({ maxWorkers: 1 });
    const door = await gate();
    const controller = new AbortController();
    const source = new Source((n): [string, string] => [door.path, String(n)]);
    const results = executor.starmap(passGate, source, {
      chunkSize: 1,
      bufferSize: 4,
      signal: controller.signal,
      grace: 20,
    });
    const next = results.next();
    await door.arrived(1);
    controller.abort("enough");
    assert.equal((await errorOf(CancelledError, next)).cause, "enough");
    await until(() => source.closed, "the source should have been closed");
    assert.ok(source.pulled <= 5, `${source.pulled} pulled`);
  }),
  law("signal: one that is already aborted: nothing is pulled, nothing runs", async ({ make }) => {
    const source = new Source(self);
    const executor = make();
    const results = executor.map(square, source, { signal: AbortSignal.abort("before") });
    assert.equal((await errorOf(CancelledError, results)).cause, "before");
    assert.equal(source.pulled, 0);
    assert.equal(executor.stats().completed, 0);
  }),
  law("a source that must be pulled further after shutdown() ends with ShutdownError", async ({ make }) => {
    const executor = make();
    const source = new Source(self);
    const results = executor.map(square, source, { chunkSize: 1, bufferSize: 4 });
    await take(results, 1);
    await within(executor.shutdown(), "shutdown()");
    let reason: unknown;
    for (let n = 0; n < 20 && reason === undefined; n += 1) {
      const outcome = await outcomeOf(results.next());
      if (outcome.status === "rejected") reason = outcome.reason;
    }
    assert.ok(reason instanceof ShutdownError, String(reason));
    await until(() => source.closed, "the source should have been closed");
  }),
  law("options of with() hold for its maps", async ({ make }) => {
    const executor = make().with({ signal: AbortSignal.abort("before") });
    await errorOf(CancelledError, executor.map(square, range(3)));
  }),
  law("retries belong to the item, not to the chunk", async ({ make, file }) => {
    const executor = make({ maxWorkers: 1 });
    const reason = await failureOf(
      executor.starmap(
        record,
        [
          [file("log"), "a"],
          [file("missing/log"), "b"],
          [file("log"), "c"],
        ],
        { chunkSize: 3, retries: 2 },
      ),
    );
    assert.ok(reason instanceof Error);
    assert.ok(linesOf(file("log")).filter((line) => line === "a").length === 1, `a ran: ${linesOf(file("log"))}`);
  }),
  law("a million items: no more than a bounded number of them is ahead at any time", async ({ make }) => {
    const source = new Source(self, 1_000_000);
    let [taken, sum, most] = [0, 0, 0];
    const results = make().map(square, source);
    for await (const value of results) {
      taken += 1;
      sum += value % 7;
      most = Math.max(most, source.pulled - taken);
    }
    assert.equal(taken, 1_000_000);
    assert.equal(sum, 1_999_998);
    assert.ok(most <= 65_536, `${most} ahead`);
  }),
];

export const MAPPING: readonly Law[] = [...RESULTS, ...ERRORS, ...LAZY];
