/** Arguments copied at submit: the copy is what structured clone makes, or there is none. */

import { describe, expect, test } from "vitest";
import { copyArgs } from "../packages/manyhands/dist/wire/mod.js";

const RECORD = { id: 1, tags: ["a", "b"], values: [1, 2.5, -0], nested: { when: null, big: 3n, no: undefined } };
const cycle: Record<string, unknown> = { name: "cycle" };
cycle["self"] = cycle;
const HOLE: unknown[] = [1];
HOLE[2] = 3;
class Point {
  readonly x = 1;
}
class Row extends Array<number> {
  override slice(): never {
    throw new Error("called");
  }
}

describe("copied are", () => {
  test.each([
    ["records", [RECORD]],
    ["what an object without prototype holds", [Object.assign(Object.create(null), { a: [1] })]],
    ["a cycle", [cycle]],
    ["an own property named __proto__", [JSON.parse('{"__proto__": {"a": 1}}')]],
    ["primitives beside objects", [1, "two", undefined, null, true, {}]],
    ["frozen objects", [Object.freeze({ a: Object.freeze([1]) })]],
    ["no arguments at all", []],
  ])("%s", (_name, args) => {
    const copy = copyArgs(args);
    expect(copy).toEqual(structuredClone(args));
    expect(copy).not.toBe(args);
  });

  test("so that nothing of the caller's is in the copy", () => {
    const copy = copyArgs([RECORD]) as [typeof RECORD];
    expect(copy[0]).not.toBe(RECORD);
    expect(copy[0].tags).not.toBe(RECORD.tags);
    expect(copy[0].nested).not.toBe(RECORD.nested);
  });

  test("one object in two places once", () => {
    const shared = { a: 1 };
    const [list, same] = copyArgs([[shared, { shared }], shared]) as [[object, { shared: object }], object];
    expect(list[0]).toBe(same);
    expect(list[1].shared).toBe(same);
    expect(same).not.toBe(shared);
  });

  test("with what a getter gives when it is read once", () => {
    let reads = 0;
    const counting = {
      get reads() {
        return { reads: ++reads };
      },
    };
    expect(copyArgs([counting])).toEqual([{ reads: { reads: 1 } }]);
    expect(reads).toBe(1);
  });
});

describe("left to a closer look are", () => {
  const throwing = {
    get it(): never {
      throw new Error("not here");
    },
  };
  let deep: unknown = 1;
  for (let level = 0; level < 50; level += 1) deep = [deep];
  test.each<[string, unknown]>([
    ["functions", { f() {} }],
    ["symbols", [Symbol("s")]],
    ["class instances", new Point()],
    ["kinds of arrays", Row.from([1])],
    ["maps, sets, dates", [new Map(), new Set(), new Date(0)]],
    ["buffers and views", new Uint8Array(4)],
    ["errors", new Error("x")],
    ["addresses, which would arrive empty", new URL("http://localhost/")],
    ["arrays with holes", HOLE],
    ["arrays with properties", /(?<a>.)/.exec("x")],
    ["an array whose named property makes up for a hole", Object.assign(HOLE.slice(), { 1.5: 2 })],
    ["getters that throw", throwing],
    ["many parts", new Array(10_000).fill(1)],
    ["many objects", Array.from({ length: 1000 }, () => ({}))],
    ["long strings", ["x".repeat(100_000)]],
    ["deep nesting", deep],
  ])("%s", (_name, value) => {
    expect(copyArgs([{ a: 1 }, value])).toBe(undefined);
  });

  test("proxies, whose traps do not run", () => {
    const traps = new Proxy(
      {},
      {
        get: (_target, trap) => {
          throw new Error(`trap ${String(trap)} ran`);
        },
      },
    );
    const proxy = new Proxy({ a: 1 }, traps);
    expect(copyArgs([proxy])).toBe(undefined);
  });
});
