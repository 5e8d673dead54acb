/** Laws of crossing: how functions and values reach a worker, what may not, and what is said about it. */
import assert from "node:assert/strict";
import { MessageChannel } from "node:worker_threads";
import {
  ClosureError,
  type Executor,
  FunctionRefError,
  Future,
  ManyhandsError,
  moduleRef,
  SerializationError,
  type Task,
} from "manyhands";
import * as basic from "#tasks/basic.js";
import * as failing from "#tasks/failing.js";
import { passGate } from "#tasks/gate.js";
import { sumOfSquares } from "#tasks/nesting.js";
import { clusterOfPrograms } from "./cluster.js";
import { type Law, law } from "./conformance.js";
import { errorOf, node, outcomeOf, outputOf, program, within } from "./support.js";

const FUNCTIONS: readonly Law[] = [
  law("submit() gives a Future, and works with sync and async functions alike", async ({ make }) => {
    const executor = make();
    const future = executor.submit(basic.square, 7);
    assert.ok(future instanceof Future);
    assert.equal(await future, 49);
    assert.equal(await executor.submit(basic.squareLater, 7), 49);
    assert.equal(await executor.submit(basic.countArguments), 0);
    assert.equal(await executor.submit(basic.countArguments, undefined, null, undefined), 3);
  }),
  law("moduleRef() names a function by its module and export", async ({ make }) => {
    const tasks = moduleRef<typeof basic>(new URL("basic.js", basic.tasksUrl));
    assert.equal(await make().submit(tasks.add, 2, 3), 5);
    assert.deepEqual(
      await make().map(moduleRef<typeof basic>(`${basic.tasksUrl}basic.js`).square, [1, 2, 3]),
      [1, 4, 9],
    );
  }),
  law("a function that nobody exports travels when it needs nothing of its surroundings", async ({ make }) => {
    const executor = make();
    assert.equal(await executor.submit(basic.makeSelfContained(), 7), 70);
    assert.equal(await executor.submit(basic.makeSelfContainedAsync(), 7), "number 7");
    assert.deepEqual(await executor.map(basic.makeSelfContained(), [1, 2, 3]), [10, 20, 30]);
  }),
  law("a closure is refused, and the variables are named", ["copies"], async ({ make }) => {
    const executor = make();
    const one = await errorOf(ClosureError, executor.submit(basic.makeAdder(3), 1));
    assert.deepEqual(one.variables, ["increment"]);
    assert.match(one.message, /increment/);
    const two = await errorOf(ClosureError, executor.submit(basic.makeScaler(3, 4), 1));
    assert.deepEqual(two.variables, ["factor", "offset"]);
    await errorOf(ClosureError, executor.map(basic.makeAdder(3), [1, 2]), "a map of a closure");
    assert.equal(await executor.submit(basic.add, 1, 2), 3);
  }),
  law(
    "closures, methods, bound and native functions are welcome where nothing is copied",
    ["inPlace"],
    async ({ make }) => {
      const executor = make();
      const counter = new basic.Counter();
      assert.equal(await executor.submit(basic.makeAdder(3), 1), 4);
      assert.equal(await executor.submit(() => counter.increment()), 1);
      assert.equal(await executor.submit(counter.increment.bind(counter)), 2);
      assert.equal(await executor.submit(Math.max, 1, 5, 3), 5);
    },
  ),
  law("methods, bound and native functions are refused, clearly (C18)", ["copies"], async ({ make }) => {
    const executor = make();
    const counter = new basic.Counter();
    const refused: readonly Task<never[], unknown>[] = [
      counter.increment,
      counter.increment.bind(counter),
      Math.max,
      basic.Counter as never,
    ];
    for (const fn of refused) {
      const error = await errorOf(ManyhandsError, executor.submit(fn), String(fn));
      assert.ok(error instanceof FunctionRefError || error instanceof ClosureError, `${error}`);
    }
    assert.equal(await executor.submit(basic.add, 1, 2), 3);
  }),
  law("what is no function is refused through the future, too", async ({ make }) => {
    const executor = make();
    for (const nothing of [undefined, null, 42, "square", {}, { url: 7, name: 8 }]) {
      await errorOf(FunctionRefError, executor.submit(nothing as never), String(nothing));
    }
    assert.equal(await executor.submit(basic.add, 1, 2), 3);
  }),
  law("a task can have an executor of its own", async ({ make }) => {
    assert.equal(await within(make().submit(sumOfSquares, [1, 2, 3]), "the call", 15_000), 14);
  }),
  law("a program's own exported function travels, guarded by isMain()", async ({ traits }) => {
    assert.equal(await outputOf(program("own", traits.kind)), "[1,4,9]\nmain\n");
  }),
  law("a program given on the command line or on standard input works", async ({ traits }) => {
    const made = {
      "event-loop": 'EventLoopExecutor } from "manyhands"; const e = new EventLoopExecutor()',
      thread: 'ThreadPoolExecutor } from "manyhands"; const e = new ThreadPoolExecutor()',
      process: 'ProcessPoolExecutor } from "manyhands"; const e = new ProcessPoolExecutor()',
      cluster: `ClusterExecutor } from "@manyhands/cluster"; const e = new ClusterExecutor(${JSON.stringify(clusterOfPrograms())})`,
    };
    const source = `import { ${made[traits.kind]}; console.log(await e.submit((n) => n * 2, 21));`;
    assert.equal(await outputOf(node(["--input-type=module", "--eval", source])), "42\n");
    assert.equal(await outputOf(node(["--input-type=module", "-"], { input: source })), "42\n");
  }),
  law("a module in TypeScript is loaded as it is", ["workers"], async ({ make }) => {
    const url = new URL("../../tasks/typed.ts", basic.tasksUrl);
    const { distance } = moduleRef<typeof import("#tasks/typed.js")>(url);
    assert.equal(await within(make().submit(distance, { x: 0, y: 0 }, { x: 3, y: 4 }), "the call", 15_000), 5);
  }),
  law("a program in TypeScript submits its functions like any other", async ({ traits }) => {
    const main = new URL("../../programs/own.ts", basic.tasksUrl).pathname;
    assert.equal(await outputOf(node(["--import", "tsx", main, traits.kind])), "[1,4,9]\nmain\n");
  }),
];

/** What must arrive as it left. */
const VALUES: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  "negative zero": -0,
  NaN: Number.NaN,
  "a large integer": 2n ** 200n,
  "a text with anything in it": "tab\tnul\0 \u{1f600} \ud800",
  "an empty text": "",
  "a long text": "x".repeat(300_000),
  "a date": new Date(86_400_000),
  "a pattern": /a(b)+/giu,
  "a map": new Map<unknown, unknown>([
    [1, { deep: [1, 2, 3] }],
    [{ key: true }, new Set(["x"])],
  ]),
  "a set": new Set([1, "two", [3]]),
  doubles: new Float64Array([0.5, -1, Number.POSITIVE_INFINITY]),
  "a view": new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3),
  "a sparse array": Object.assign(new Array<number>(3), { 0: 1, 2: 3 }),
  "nested objects": { a: { b: { c: [{ d: undefined }] } } },
  "an error": Object.assign(new RangeError("as a value", { cause: "why" }), { extra: 1 }),
  "a million bytes": new Uint8Array(1_000_000).fill(9),
};

const ROUND_TRIPS: readonly Law[] = [
  law("values arrive as they left, there and back", async ({ make }) => {
    const executor = make();
    for (const [name, value] of Object.entries(VALUES)) {
      const back = await within(executor.submit(basic.identity, value), name);
      if (value instanceof Error) {
        assert.ok(back instanceof RangeError, name);
        assert.deepEqual([back.message, back.cause], [value.message, value.cause], name);
      } else assert.deepEqual(back, value, name);
    }
  }),
  law("a value that holds itself arrives holding itself", async ({ make }) => {
    const ring: { name: string; self?: unknown } = { name: "ring" };
    ring.self = ring;
    const back = await make().submit(basic.identity, ring);
    assert.ok(back !== null && typeof back === "object" && "self" in back);
    assert.equal(back.self, back);
  }),
  law("one object given twice in a call is one object there", async ({ make }) => {
    const shared = { n: 1 };
    const back = await make().submit(basic.identity, [shared, shared]);
    assert.ok(Array.isArray(back));
    assert.equal(back[0], back[1]);
  }),
  law("two calls of one tick that are given the same object get a copy each", ["copies"], async ({ make }) => {
    const executor = make({ maxWorkers: 1 });
    const box = { value: 0 };
    const results = await Promise.all([1, 2, 3].map(() => executor.submit(basic.bump, box)));
    assert.deepEqual(results, [1, 1, 1]);
    assert.equal(box.value, 0);
  }),
  law("arguments are copied by submit(): what is done to them later does not show", ["copies"], async ({ make }) => {
    const executor = make();
    const box: { value: number; fn?: () => number } = { value: 5 };
    const future = executor.submit(basic.bump, box);
    box.value = 100;
    const second = executor.submit(basic.bump, box);
    // By now it could not travel any more.
    box.fn = () => 1;
    assert.deepEqual(await within(Promise.all([future, second]), "the calls"), [6, 101]);
  }),
  law("items of a map that are the same object get a copy each", ["copies"], async ({ make }) => {
    const box = { value: 0 };
    assert.deepEqual(await make({ maxWorkers: 1 }).map(basic.bump, [box, box, box], { chunkSize: 3 }), [1, 1, 1]);
  }),
  law("where nothing is copied, an object arrives as itself", ["inPlace"], async ({ make }) => {
    const executor = make({ maxWorkers: 1 });
    const box = { value: 0, fn: () => 1 };
    assert.deepEqual(await Promise.all([1, 2].map(() => executor.submit(basic.bump, box))), [1, 2]);
    assert.equal(await executor.submit(basic.identity, box), box);
  }),
  law("an argument that cannot travel fails its call, and is named by its path", ["copies"], async ({ make }) => {
    const executor = make();
    for (const [path, args] of [
      ["args[0].onClick", [{ label: "ok", onClick() {} }]],
      ["args[1]", [1, Symbol("x")]],
      ["args[0][2].deep.fn", [[0, 1, { deep: { fn: () => 1 } }]]],
      ["args[2]", [1, 2, () => 1]],
      ["args[0].secret", [{ secret: new WeakMap() }]],
    ] as const) {
      const error = await errorOf(SerializationError, executor.submit(basic.countArguments, ...args), path);
      assert.equal(error.path, path);
      assert.ok(error.message.includes(path), error.message);
    }
    assert.equal(await executor.submit(basic.add, 1, 2), 3);
  }),
  law(
    "one argument that cannot travel, among a hundred calls of a tick, fails one call",
    ["copies"],
    async ({ make }) => {
      const executor = make();
      const calls = Array.from({ length: 100 }, (_, n) =>
        executor.submit(basic.identity, n === 41 ? { fn: () => n } : n),
      );
      const outcomes = await Promise.all(calls.map((call) => outcomeOf(call)));
      for (const [n, outcome] of outcomes.entries()) {
        if (n !== 41) assert.deepEqual(outcome, { status: "fulfilled", value: n });
        else assert.ok(outcome.status === "rejected" && outcome.reason instanceof SerializationError);
      }
    },
  ),
  law(
    "one result that cannot travel, among a hundred calls of a tick, fails one call (C06)",
    ["copies"],
    async ({ make }) => {
      const executor = make({ maxWorkers: 1 });
      const calls = Array.from(
        { length: 100 },
        (_, n): Future<unknown> =>
          n === 41 ? executor.submit(failing.returnHolder) : executor.submit(basic.square, n),
      );
      const outcomes = await Promise.all(calls.map((call) => outcomeOf(call)));
      for (const [n, outcome] of outcomes.entries()) {
        if (n !== 41) assert.deepEqual(outcome, { status: "fulfilled", value: n * n });
        else assert.ok(outcome.status === "rejected" && outcome.reason instanceof SerializationError);
      }
      assert.equal(executor.stats().lost, 0);
    },
  ),
  law("an argument with a getter that throws fails its call", ["copies"], async ({ make }) => {
    const executor = make();
    const trap = {
      get value(): number {
        throw new Error("sprung");
      },
    };
    await errorOf(SerializationError, executor.submit(basic.identity, trap));
    assert.equal(await executor.submit(basic.add, 1, 2), 3);
  }),
  law("large arguments and results travel while others do", async ({ make, gate }) => {
    const executor = make();
    const door = await gate();
    const held = executor.submit(passGate, door.path, "held");
    await door.arrived(1);
    const large = new Float64Array(2_000_000).fill(1.5);
    const back = await within(executor.submit(basic.identity, large), "16 MB there and back", 15_000);
    assert.ok(back instanceof Float64Array);
    assert.deepEqual([back.length, back[1_999_999]], [2_000_000, 1.5]);
    assert.equal(held.state, "running");
    door.open();
    await held;
  }),
];

const MOVING: readonly Law[] = [
  law("transfer: a buffer moves, and is empty here afterwards", ["copies", "sharesMemory"], async ({ make }) => {
    const buffer = new Uint8Array([5, 6, 7]).buffer;
    assert.deepEqual(
      await make()
        .with({ transfer: [buffer] })
        .submit(basic.weigh, buffer),
      [3, 5],
    );
    assert.equal(buffer.byteLength, 0);
  }),
  law("transfer: what cannot move arrives all the same", async ({ make }) => {
    const buffer = new Uint8Array([5, 6, 7]).buffer;
    assert.deepEqual(
      await make()
        .with({ transfer: [buffer] })
        .submit(basic.weigh, buffer),
      [3, 5],
    );
  }),
  law("transfer(): a result that was marked arrives whole", async ({ make }) => {
    const buffer = await make().submit(basic.giveBuffer, 4_096);
    assert.deepEqual([buffer.byteLength, new Uint8Array(buffer)[4_095]], [4_096, 7]);
  }),
  law("transfer: a message port moves", ["copies", "sharesMemory"], async ({ make, defer }) => {
    const { port1, port2 } = new MessageChannel();
    defer(() => port1.close());
    assert.equal(
      await make()
        .with({ transfer: [port2] })
        .submit(basic.countArguments, port2),
      1,
    );
  }),
  law("shared memory is shared, not copied", ["copies", "sharesMemory"], async ({ make }) => {
    const shared = new SharedArrayBuffer(4);
    await make().submit(basic.mark, shared);
    assert.equal(new Int32Array(shared)[0], 42);
  }),
  law("stats(): large copies are counted, moves are not", ["copies"], async ({ make, traits }) => {
    const executor: Executor = make();
    await executor.submit(basic.countArguments, new Uint8Array(2_000_000));
    const { count, bytes } = executor.stats().largeCopies;
    assert.equal(count, 1);
    assert.ok(bytes >= 2_000_000, `${bytes}`);
    if (!traits.sharesMemory) return;
    const { buffer } = new Uint8Array(2_000_000);
    await executor.with({ transfer: [buffer] }).submit(basic.countArguments, buffer);
    assert.equal(executor.stats().largeCopies.count, 1);
  }),
];

export const CROSSING: readonly Law[] = [...FUNCTIONS, ...ROUND_TRIPS, ...MOVING];
