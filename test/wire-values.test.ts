/** Values: what may travel, who is to blame when it may not, and that calls of one batch stay apart. */

import v8 from "node:v8";
import vm from "node:vm";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { SerializationError } from "../packages/manyhands/dist/base/errors.js";
import {
  Batch,
  culprit,
  inspectValue,
  isPrimitive,
  transfer,
  transferListOf,
} from "../packages/manyhands/dist/wire/mod.js";

class Point {
  readonly x: number;
  readonly y: unknown;
  constructor(x: number, y: unknown = 0) {
    this.x = x;
    this.y = y;
  }
}
const SPARSE: unknown[] = [1];
SPARSE[2] = 3;
const cyclic: Record<string, unknown> = { name: "cycle" };
cyclic["self"] = cyclic;

const TRAVELS: Record<string, unknown> = {
  "a plain object": { a: 1, b: "two", c: [true, null, undefined, 3n] },
  "an object without prototype": Object.assign(Object.create(null), { a: 1 }),
  "a cycle": cyclic,
  "a Map with objects as keys": new Map([[{ k: 1 }, new Set([1, { v: 2 }])]]),
  "a date, a pattern": [new Date(0), /x/gi],
  "boxed primitives": [Object(1), Object("s"), Object(true), Object(1n)],
  "typed arrays": [new Float64Array(4), new DataView(new ArrayBuffer(8)), Buffer.from("abc")],
  "an error with a function among its properties, which V8 leaves behind": Object.assign(new TypeError("x"), {
    f() {},
  }),
  "a class instance": new Point(1, { deep: [1] }),
  "a sparse array": SPARSE,
  "an own property named __proto__": JSON.parse('{"__proto__": {"a": 1}}'),
  "a match of a pattern": /(?<a>.)/.exec("x"),
  "an object of another realm": vm.runInNewContext("({ a: [1, { b: new Map([[1, 2]]) }] })"),
  "a frozen object": Object.freeze({ a: Object.freeze([1]) }),
  "an empty buffer": new ArrayBuffer(0),
};

describe.each(["thread", "process"] as const)("to a %s", (route) => {
  test.each(Object.entries(TRAVELS))("%s travels", (_name, value) => {
    expect(() => (route === "thread" ? structuredClone(value) : v8.deserialize(v8.serialize(value)))).not.toThrow();
    expect(inspectValue(value, "x", route).objects).toBeGreaterThan(0);
    expect(culprit(value, "x", route)).toBe("x");
  });

  const REFUSED: readonly (readonly [path: string, value: unknown, reason: RegExp])[] = [
    ["args", () => 1, /function/],
    ["args[0].onClick", [{ onClick() {} }], /function/],
    ["args[1].a.b[2]", [1, { a: { b: [1, 2, Symbol("s")] } }], /symbol/],
    ['args["a b"].c', { "a b": { c: Promise.resolve() } }, /await/],
    ['args.get("k")', new Map([["k", new WeakMap()]]), /WeakMap/],
    ["args.values()[0]", new Map([[1, new WeakSet()]]), /WeakSet/],
    [
      "args.keys()[1]",
      new Map<unknown, number>([
        [1, 1],
        [() => 1, 2],
      ]),
      /function/,
    ],
    ["args.values()[1]", new Set([1, new WeakRef({})]), /WeakRef/],
    ["args.cause.f", new Error("x", { cause: { f() {} } }), /function/],
    ["args.p", { p: new Proxy({}, {}) }, /Proxy/],
    ["args.p", { p: new Proxy([], {}) }, /Proxy/],
    ["args", Object(Symbol("s")), /symbol/],
    ["args[0]", [(function* () {})()], /generator/],
    ["args.it", { it: new Map().keys() }, /iterator/],
    [
      "args",
      (function (..._: unknown[]) {
        // biome-ignore lint/complexity/noArguments: the thing that must be refused
        return arguments;
      })(1),
      /arguments/,
    ],
    ["args.y", new Point(1, () => 1), /function/],
    ["args.signal", { signal: new AbortController().signal }, /context\(\)\.signal/],
    ["args[0]", [new URL("http://a/")], /href/],
    ["args.f", { f: new Intl.NumberFormat() }, /copied/],
    ["args.w", { w: process }, /./],
    [
      "args.b",
      {
        get b(): number {
          throw new RangeError("no");
        },
      },
      /throws/,
    ],
    ["args.port", { port: new MessageChannel().port1 }, route === "thread" ? /transfer/ : /process/],
  ];
  test.each(REFUSED)("%s is named as the culprit (case %#)", (path, value, reason) => {
    let error: unknown;
    try {
      inspectValue(value, "args", route);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SerializationError);
    const { path: found, message } = error as SerializationError;
    if (path === "args.w") expect(found.startsWith("args.w")).toBe(true);
    else expect(found).toBe(path);
    expect(message).toMatch(reason);
    expect(message).toContain(found);
  });

  test("a getter's own error is the cause", () => {
    const cause = new RangeError("no");
    const value = {
      a: [
        {
          get b(): number {
            throw cause;
          },
        },
      ],
    };
    expect(() => inspectValue(value, "x", route)).toThrow(expect.objectContaining({ path: "x.a[0].b", cause }));
  });

  test("a million levels do not overflow the stack", () => {
    let deep: unknown = { end: () => 1 };
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(() => inspectValue(deep, "x", route)).toThrow(SerializationError);
  });

  test("a detached buffer is refused", () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(() => inspectValue([bytes], "x", route)).toThrow(/transferred away/);
    expect(() => inspectValue([bytes.buffer], "x", route)).toThrow(/transferred away/);
  });

  test("the calls of a batch share nothing that is copied", () => {
    const shared = { list: [1, { deep: true }], when: new Date(0), text: "t" };
    const batch = new Batch(route);
    const calls = [shared, { other: shared }, [shared.list], shared.list[1], { own: 1 }].map((value) =>
      batch.add(value, "x"),
    );
    expect(calls[0]).toBe(shared);
    const objects = calls.map(objectsOf);
    for (const [i, mine] of objects.entries()) {
      for (const theirs of objects.slice(i + 1)) for (const object of theirs) expect(mine.has(object)).toBe(false);
    }
    expect(calls[1]).toEqual({ other: shared });
    expect(calls[2]).toEqual([shared.list]);
    expect(calls[3]).toEqual({ deep: true });
  });

  test("within one call, identity and cycles are kept by the copy", () => {
    const twin = { a: 1 };
    const value: Record<string, unknown> = { one: twin, two: twin };
    value["self"] = value;
    const batch = new Batch(route);
    batch.add(value, "x");
    const copy = batch.add(value, "x") as Record<string, unknown>;
    expect(copy).not.toBe(value);
    expect(copy["one"]).toBe(copy["two"]);
    expect(copy["self"]).toBe(copy);
  });

  test("a refused call leaves the batch as good as before", () => {
    const batch = new Batch(route);
    const shared = { a: 1 };
    expect(() => batch.add([shared, () => 1], "args")).toThrow(expect.objectContaining({ path: "args[1]" }));
    expect(batch.add({ b: 1 }, "args")).toEqual({ b: 1 });
    expect(batch.add(7, "args")).toBe(7);
  });

  test("holes, own __proto__ and deep nesting survive the copy", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 300; i += 1) deep = { deep };
    for (const value of [SPARSE, JSON.parse('{"__proto__": {"polluted": 1}}'), deep]) {
      const batch = new Batch(route);
      batch.add(value, "x");
      const copy = batch.add(value, "x");
      expect(copy).not.toBe(value);
      expect(copy).toEqual(value);
      expect(Object.keys(copy as object)).toEqual(Object.keys(value as object));
    }
    expect(Reflect.get({}, "polluted")).toBe(undefined);
  });
});

function objectsOf(root: unknown): Set<object> {
  const found = new Set<object>();
  const open = [root];
  for (const value of open) {
    if (typeof value !== "object" || value === null || found.has(value)) continue;
    found.add(value);
    open.push(...Object.values(value));
  }
  return found;
}

test("primitives need no look", () => {
  for (const value of [1, "s", true, null, undefined, 3n, Number.NaN]) expect(isPrimitive(value)).toBe(true);
  for (const value of [{}, [], () => 1, Symbol("s"), new Date()]) expect(isPrimitive(value)).toBe(false);
});

test("bytes: buffers exactly and once, strings by length, moved and shared memory not at all", () => {
  const buffer = new ArrayBuffer(1000);
  const value = ["12345", new Uint8Array(buffer), new Uint8Array(buffer, 10), new SharedArrayBuffer(99)];
  expect(inspectValue(value, "x", "thread").bytes).toBe(1005);
  expect(inspectValue(value, "x", "thread", new Set([buffer])).bytes).toBe(5);
});

test("shared memory stays shared in every call of a batch for threads, and is refused for processes", () => {
  const memory = new SharedArrayBuffer(8);
  const batch = new Batch("thread");
  expect(batch.add(memory, "x")).toBe(memory);
  expect(batch.add(memory, "x")).toBe(memory);
  const view = new Int32Array(memory);
  expect(() => new Batch("process").add([view], "args")).toThrow(expect.objectContaining({ path: "args[0]" }));
});

test("two Buffers from Node's pool do not share it in a batch", () => {
  const [a, b] = [Buffer.from("aaa"), Buffer.from("bbb")];
  expect(a.buffer).toBe(b.buffer);
  const batch = new Batch("thread");
  const [x, y] = [batch.add(a, "x"), batch.add(b, "x")] as [Uint8Array, Uint8Array];
  expect(x.buffer).not.toBe(y.buffer);
  expect(Buffer.from(y).toString()).toBe("bbb");
});

test("a copy for a process keeps Buffers", () => {
  const value = { data: Buffer.from("abc") };
  const batch = new Batch("process");
  batch.add(value, "x");
  expect(Buffer.isBuffer((batch.add(value, "x") as typeof value).data)).toBe(true);
});

test("the report of the last value", () => {
  const batch = new Batch("thread");
  batch.add({ text: "abc", data: new ArrayBuffer(10) }, "x");
  expect(batch.last).toEqual({ bytes: 13, objects: 2, shareables: 0 });
  batch.add(5, "x");
  expect(batch.last).toEqual({ bytes: 0, objects: 0, shareables: 0 });
});

describe("transfer", () => {
  test("marks what can move, and leaves the value as it is", () => {
    const bytes = new Float64Array(8);
    const { port1, port2 } = new MessageChannel();
    const stream = new ReadableStream();
    const value = {
      bytes,
      again: [bytes, new Map([["port", port1]])],
      stream,
      text: "x",
      shared: new SharedArrayBuffer(8),
    };
    expect(transfer(value)).toBe(value);
    expect(new Set(transferListOf(value))).toEqual(new Set([bytes.buffer, port1, stream]));
    expect(bytes.byteLength).toBe(64);
    port1.close();
    port2.close();
  });

  test("takes a list as it is given, without doubles", () => {
    const [a, b] = [new ArrayBuffer(1), new ArrayBuffer(2)];
    expect(transferListOf(transfer([a, b], [a, a]))).toEqual([a]);
  });

  test("never moves Node's pool of small Buffers", () => {
    expect(transferListOf(transfer(Buffer.from("small")))).toEqual([]);
  });

  test("primitives and unmarked values have an empty list", () => {
    expect(transfer(5)).toBe(5);
    for (const value of [5, "s", null, undefined, {}, []]) expect(transferListOf(value)).toEqual([]);
  });

  test("what is marked can be posted", () => {
    const value = transfer({ bytes: new Uint8Array([1, 2, 3]) });
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(value, transferListOf(value) as ArrayBuffer[]);
    expect(value.bytes.byteLength).toBe(0);
    port1.close();
    port2.close();
  });
});

test("a mark keeps nothing alive", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("gc");
  if (typeof collect !== "function") throw new TypeError("no gc");
  const ref = new WeakRef(transfer(new Uint8Array(8)));
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(ref.deref()).toBe(undefined);
});
