/** The laws of `Value` and `Array`: types, zeroed memory, single strokes, locks. */
import { InvalidOptionError, InvalidStateError } from "manyhands";
import { type ElementCode, RawArray, RawValue, Array as SharedArray, Value } from "manyhands/multiprocessing";
import { Lock, RLock } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { later } from "./keeping.js";

function keep<T extends Disposable>(made: T): T {
  later(() => made[Symbol.dispose]());
  return made;
}

type Sample = readonly [codes: readonly ElementCode[], name: string, value: number | bigint | boolean, after: unknown];

/** A value that fits, and what one more makes of the largest. */
const SAMPLES: readonly Sample[] = [
  [["i8", "b"], "i8", 127, -128],
  [["u8", "B", "c"], "u8", 255, 0],
  [["i16", "h"], "i16", 32_767, -32_768],
  [["u16", "H"], "u16", 65_535, 0],
  [["i32", "i"], "i32", 2 ** 31 - 1, -(2 ** 31)],
  [["u32", "I"], "u32", 2 ** 32 - 1, 0],
  [["i64", "q", "l"], "i64", 2n ** 63n - 1n, -(2n ** 63n)],
  [["u64", "Q", "L"], "u64", 2n ** 64n - 1n, 0n],
  [["f32", "f"], "f32", 1.5, 2.5],
  [["f64", "d"], "f64", 0.1, 1.1],
];

describe.each(SAMPLES)("%j", (codes, name, sample, after) => {
  test.each(codes.map((code) => [code]))(
    "%s is zero at first, keeps what it is given, and adds at one stroke",
    (code) => {
      const value = keep(new Value(code as "f64"));
      expect(value.type).toBe(name);
      expect(Number(value.value)).toBe(0);
      value.value = sample as number;
      expect(value.value).toBe(sample);
      const one = (typeof sample === "bigint" ? 1n : 1) as number;
      expect(value.add(one)).toBe(sample);
      expect(value.value).toBe(after);
      expect(value.compareExchange(sample as number, one)).toBe(after);
      expect(value.value).toBe(after);
      expect(value.compareExchange(after as number, one)).toBe(after);
      expect(value.value).toBe(one);
    },
  );

  test("an array keeps each element apart", () => {
    const array = keep(new SharedArray(name as "f64", 5));
    array.set(2, sample as number);
    expect([...array].map(Number)).toEqual([0, 0, Number(sample), 0, 0]);
    expect(array.add(2, (typeof sample === "bigint" ? 1n : 1) as number)).toBe(sample);
    expect([...array].map(Number)).toEqual([0, 0, Number(after), 0, 0]);
    expect(array.view[2]).toBe(after);
  });
});

test("a bool is true or false, and cannot be added to", () => {
  const value = keep(new Value("bool", true));
  expect(value.value).toBe(true);
  expect(value.compareExchange(true, false)).toBe(true);
  expect(value.value).toBe(false);
  expect(() => value.add(true)).toThrow(TypeError);
  expect([...keep(new SharedArray("?", [true, false]))]).toEqual([true, false]);
});

test("a value of another kind is refused, and changes nothing", () => {
  const value = keep(new Value("i32", 7));
  for (const wrong of ["8", 8n, true, null]) expect(() => Object.assign(value, { value: wrong })).toThrow(TypeError);
  expect(value.value).toBe(7);
  const big = keep(new Value("i64", 7n));
  // A number is taken as long as it is exact.
  Object.assign(big, { value: 2 ** 53 - 1 });
  expect(big.value).toBe(2n ** 53n - 1n);
  for (const wrong of [2 ** 53, 0.5, "1"]) expect(() => Object.assign(big, { value: wrong })).toThrow(TypeError);
});

test("an array of a size is all zeros, also where used memory was", () => {
  for (let round = 0; round < 5; round += 1) {
    using array = new SharedArray("f64", 100_000);
    expect(array.view.every((each) => each === 0)).toBe(true);
    array.view.fill(1.5);
  }
});

test("an array of values holds them; its places are from 0 to its length", () => {
  const array = keep(new SharedArray("d", new Set([1.5, 2.5])));
  expect([array.length, [...array], array.type]).toEqual([2, [1.5, 2.5], "f64"]);
  for (const index of [-1, 2, 0.5]) {
    expect(() => array.get(index)).toThrow(InvalidOptionError);
    expect(() => array.set(index, 1)).toThrow(RangeError);
  }
  expect([...keep(new SharedArray("i32", 0))]).toEqual([]);
});

test("unknown types, wrong sizes and locks that are none are refused", () => {
  const wrong = [
    () => new Value("i33" as "i32"),
    () => new Value("toString" as "i32"),
    () => new SharedArray("i32", -1),
    () => new SharedArray("i32", 1.5),
    () => new Value("i32", 0, { lock: {} as Lock }),
    () => new Value("i32", 0, { look: false } as object),
  ];
  for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: "ERR_INVALID_OPTION" }));
});

test("the lock is an RLock of its own, the one that is given, or none", () => {
  const lock = new Lock();
  expect(keep(new Value("i32")).getLock()).toBeInstanceOf(RLock);
  expect(keep(new SharedArray("i32", 1)).getLock()).toBeInstanceOf(RLock);
  expect(keep(new Value("i32", 0, { lock })).getLock()).toBe(lock);
  for (const bare of [new Value("i32", 0, { lock: false }), new RawValue("i32", 1), new RawArray("i32", 1)]) {
    keep(bare);
    expect(() => bare.getLock()).toThrow(InvalidStateError);
  }
});

test("holding the lock makes one of a read and a write", async () => {
  const value = keep(new Value("i32"));
  const increase = (): Promise<void> =>
    value.getLock().with(async () => {
      const before = value.value;
      await new Promise((resolve) => setImmediate(resolve));
      value.value = before + 1;
    });
  await Promise.all(Array.from({ length: 20 }, increase));
  expect(value.value).toBe(20);
});

test("what was disposed of is not to be had", () => {
  const [value, array] = [new Value("i32", 1), new SharedArray("i32", 1)];
  for (const made of [value, array]) {
    made[Symbol.dispose]();
    made[Symbol.dispose]();
  }
  expect(() => value.value).toThrow(InvalidStateError);
  expect(() => array.view).toThrow(InvalidStateError);
  expect(() => array.get(0)).toThrow(InvalidStateError);
});
