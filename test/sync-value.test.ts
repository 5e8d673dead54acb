/** Value of manyhands/threading: one number for tasks of all threads and processes that are given it. */
import { InvalidOptionError, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { Value } from "manyhands/threading";
import { expect, test } from "vitest";
import { addByExchange, addMany, setTrue } from "#tasks/counting-up.js";
import { errorOf } from "./conformance/support.js";
import { keep } from "./keeping.js";

test.each([
  ["threads", ThreadPoolExecutor, 20_000],
  ["processes", ProcessPoolExecutor, 200],
] as const)("%s: nothing that is added is lost", async (_kind, Pool, times) => {
  const pool = keep(new Pool({ maxWorkers: 2 }));
  const [whole, half] = [new Value("i32", 5), new Value("f64")];
  await Promise.all(
    [1, 2].flatMap(() => [pool.submit(addMany, whole, times), pool.submit(addByExchange, half, times)]),
  );
  expect([whole.value, half.value]).toEqual([5 + 2 * times, times]);
  const flag = new Value("bool");
  expect([await pool.submit(setTrue, flag), flag.value]).toEqual([false, true]);
});

test("whole numbers wrap around, big ones are exact, and codes of Python are taken", () => {
  const byte = new Value("u8", 255);
  expect([byte.add(2), byte.value]).toEqual([255, 1]);
  const big = new Value("q", 2n ** 60n);
  big.add(1n);
  expect([big.value, big.type, new Value("d", 0.1).value, new Value("i16").value]).toEqual([
    2n ** 60n + 1n,
    "i64",
    0.1,
    0,
  ]);
});

test("a wrong type or a value of another kind is refused, and changes nothing", async () => {
  await errorOf(InvalidOptionError, (async () => new Value("i3" as "i32"))());
  const value = new Value("i32", 7);
  expect(() => value.add("1" as unknown as number)).toThrow(TypeError);
  expect(() => {
    value.value = true as unknown as number;
  }).toThrow(TypeError);
  expect(() => new Value("bool", true).add(true)).toThrow(TypeError);
  expect(value.value).toBe(7);
});
