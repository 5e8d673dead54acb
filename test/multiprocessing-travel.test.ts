/** Shared memory, values, arrays and lists as arguments and results of calls: shared, not copied, by threads and processes. */
import { type Executor, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { RawValue, ShareableList, Array as SharedArray, SharedMemory, Value } from "manyhands/multiprocessing";
import { Lock } from "manyhands/threading";
import { describe, expect, test } from "vitest";
import { addMany, fillPlaces, increaseUnderLock, same, setByte, setItem } from "#tasks/values.js";
import { keep, later } from "./keeping.js";

function own<T extends Disposable>(made: T): T {
  later(() => made[Symbol.dispose]());
  return made;
}

describe.each<[string, () => Executor]>([
  ["threads", () => new ThreadPoolExecutor({ maxWorkers: 2 })],
  ["processes", () => new ProcessPoolExecutor({ maxWorkers: 2 })],
])("two %s", (_name, make) => {
  const twice = async (pool: Executor, run: (pool: Executor) => PromiseLike<unknown>): Promise<void> => {
    await Promise.all([run(pool), run(pool), run(pool)]);
  };

  test("add to one whole number and to one floating one, and lose nothing", async () => {
    const pool = keep(make());
    const [whole, floating] = [own(new Value("i32", 5)), own(new RawValue("f64", 0.5))];
    await twice(pool, (each) => each.submit(addMany, whole, 20_000));
    await twice(pool, (each) => each.submit(addMany, floating, 20_000));
    expect([whole.value, floating.value]).toEqual([60_005, 60_000.5]);
  });

  test.each([
    ["the RLock that it came with", () => new Value("i32")],
    ["the Lock that it was given", () => new Value("i32", 0, { lock: new Lock() })],
  ])("read and write a value as one under %s", async (_lock, value) => {
    const pool = keep(make());
    const shared = own(value());
    await twice(pool, (each) => each.submit(increaseUnderLock, shared, 30));
    await increaseUnderLock(shared, 10);
    expect(shared.value).toBe(100);
  });

  test("fill one array", async () => {
    const pool = keep(make());
    const array = own(new SharedArray("i32", 1000));
    expect(
      await Promise.all([pool.submit(fillPlaces, array, 0, 500), pool.submit(fillPlaces, array, 500, 1000)]),
    ).toEqual(["i32", "i32"]);
    expect([...array]).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  test("write to one list and to one piece of memory", async () => {
    const pool = keep(make());
    const list = own(new ShareableList(["waiting", 1]));
    expect(await pool.submit(setItem, list, 0, "done")).toBe(2);
    expect([...list]).toEqual(["done", 1]);
    const memory = own(new SharedMemory({ create: true, size: 8 }));
    expect(await pool.submit(setByte, memory, 3, 7)).toBe(memory.name);
    expect([...memory.buf]).toEqual([0, 0, 0, 7, 0, 0, 0, 0]);
  });

  test("give back a value that is still the same memory", async () => {
    const pool = keep(make());
    const value = own(new Value("i32", 1));
    const back = await pool.submit(same, value);
    back.value += 1;
    expect(value.value).toBe(3);
  });
});
