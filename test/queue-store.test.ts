/** The items of a queue in shared memory, against a model: whatever is done to them in whatever order, and wherever the
 *  thread that does it dies. */
import { describe, expect, test } from "vitest";
import { UnorderableError } from "../packages/manyhands/dist/base/queue-errors.js";
import { Item } from "../packages/manyhands/dist/memory/item.js";
import { openStore } from "../packages/manyhands/dist/memory/open-store.js";
import type { QueueStore } from "../packages/manyhands/dist/memory/queue-store.js";
import { copyOfMemory, Death, newStoreMemory, openDying, type QueueOrder, type StoreMemory } from "./dying-slab.js";

/** Numbers that look random and are the same in each run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** A value with its place among those that were put. */
interface Entry {
  readonly value: unknown;
  readonly arrival: number;
}

/** The order of lists of numbers and strings, as Python has it. */
function compareLists(left: readonly (number | string)[], right: readonly (number | string)[]): number {
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [a, b] = [left[at]!, right[at]!];
    if (a !== b) return a < b ? -1 : 1;
  }
  return left.length - right.length;
}

/** What a queue ought to do: the first entry is next. */
class Model {
  readonly #order: QueueOrder;
  readonly entries: readonly Entry[];
  readonly unfinished: number;
  readonly puts: number;

  constructor(order: QueueOrder, entries: readonly Entry[] = [], unfinished = 0, puts = 0) {
    this.#order = order;
    this.entries = entries;
    this.unfinished = unfinished;
    this.puts = puts;
  }

  push(value: unknown): Model {
    const entry = { value, arrival: this.puts };
    const entries =
      this.#order === "fifo"
        ? [...this.entries, entry]
        : this.#order === "lifo"
          ? [entry, ...this.entries]
          : this.#sorted(entry);
    return new Model(this.#order, entries, this.unfinished + 1, this.puts + 1);
  }

  #sorted(entry: Entry): readonly Entry[] {
    type List = readonly (number | string)[];
    return [...this.entries, entry].sort(
      (a, b) => compareLists(a.value as List, b.value as List) || a.arrival - b.arrival,
    );
  }

  take(): Model {
    return new Model(this.#order, this.entries.slice(1), this.unfinished, this.puts);
  }

  restore(entry: Entry): Model {
    const entries = this.#order === "priority" ? this.#sorted(entry) : [entry, ...this.entries];
    return new Model(this.#order, entries, this.unfinished, this.puts);
  }

  taskDone(): Model {
    return new Model(this.#order, this.entries, this.unfinished - 1, this.puts);
  }

  clear(): Model {
    return new Model(this.#order, [], this.unfinished - this.entries.length, this.puts);
  }

  /** What can be seen of it. */
  get seen(): Seen {
    return { unfinished: this.unfinished, size: this.entries.length, values: this.entries.map(({ value }) => value) };
  }
}

interface Seen {
  readonly unfinished: number;
  readonly size: number;
  readonly values: readonly unknown[];
}

function opened(memory: StoreMemory): QueueStore {
  const store = openStore(memory);
  store.enter();
  return store;
}

function drain(store: QueueStore): unknown[] {
  const values: unknown[] = [];
  for (let item = store.take(); item !== undefined; item = store.take()) values.push(item.value());
  return values;
}

/** Empties the store. */
function seenIn(store: QueueStore): Seen {
  const { unfinished, size } = store;
  return { unfinished, size, values: drain(store) };
}

type Dice = ReturnType<typeof dice>;

/** Values of every kind; those of a priority queue all have an order, and many are equal. */
function valueFor(order: QueueOrder, roll: Dice, length: number): unknown {
  if (order === "priority") return roll(2) === 0 ? [roll(5), "x".repeat(roll(length)), roll(3)] : [roll(5)];
  const kinds = [
    () => roll(1000) / 7,
    () => "latin é".repeat(roll(length / 8)),
    () => "two bytes ☃".repeat(roll(length / 16)),
    () => ({ list: [roll(10), null], text: "y".repeat(roll(length)) }),
    () => [undefined, null, true, false, -0, 12345678901234567890n][roll(6)],
  ];
  return kinds[roll(kinds.length)]!();
}

const ORDERS: readonly QueueOrder[] = ["fifo", "lifo", "priority"];

describe.each(ORDERS)("a store (%s)", (order) => {
  test("gives what the model gives, through growth, wrapping and moving", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const roll = dice(seed);
      const store = opened(newStoreMemory(order));
      let model = new Model(order);
      for (let step = 0; step < 1500; step += 1) {
        // Now it fills, now it empties.
        const filling = Math.floor(step / 250) % 2 === 0 ? 7 : 3;
        if (roll(10) < filling) {
          const value = valueFor(order, roll, 600);
          store.push(order === "priority" ? Item.ordered(value) : Item.of(value));
          model = model.push(value);
        } else {
          const [item, entry] = [store.take(), model.entries[0]];
          expect(item?.value()).toEqual(entry?.value);
          model = model.take();
          if (roll(8) === 0 && item !== undefined && entry !== undefined) {
            store.restore(item);
            model = model.restore(entry);
          }
        }
        expect(store.size).toBe(model.entries.length);
      }
      expect(seenIn(store)).toEqual(model.seen);
      expect(store.units).toBe(0);
    }
  });

  test("gives all of equal items, wherever the first of them stands when memory runs out", () => {
    for (let taken = 1; taken < 5; taken += 1) {
      const store = opened(newStoreMemory(order));
      for (let count = 0; count < 600; count += 1) store.push(Item.ordered(count));
      for (let count = 0; count < taken; count += 1) store.take();
      for (let count = 600; count < 1500; count += 1) store.push(Item.ordered(count));
      expect(new Set(drain(store)).size).toBe(1500 - taken);
    }
  });

  test("uses its memory again", () => {
    const memory = newStoreMemory(order);
    const store = opened(memory);
    const fillAndEmpty = (): void => {
      for (let count = 0; count < 500; count += 1) store.push(Item.ordered([count % 7, "text"]));
      for (let count = 0; count < 500; count += 1) store.take();
    };
    for (let round = 0; round < 10; round += 1) fillAndEmpty();
    const bytes = memory.slab.byteLength;
    for (let round = 0; round < 100; round += 1) fillAndEmpty();
    expect(memory.slab.byteLength).toBe(bytes);
  });

  test("takes back any number of items into no more memory than they need", () => {
    const memory = newStoreMemory(order);
    const store = opened(memory);
    const take = (count: number): Item[] => Array.from({ length: count }, () => store.take()!);
    for (let each = 0; each < 1000; each += 1)
      store.push(order === "priority" ? Item.ordered([each]) : Item.of([each]));
    const expected = drain(opened(copyOfMemory(memory)));
    for (let round = 0; round < 20; round += 1) for (const item of take(100).reverse()) store.restore(item);
    for (const item of take(1000).reverse()) store.restore(item);
    expect(memory.slab.byteLength).toBeLessThan(2 ** 20);
    expect(drain(store)).toEqual(expected);
  });

  test("is seen alike by another thread's view of it, however it grew", () => {
    const memory = newStoreMemory(order);
    const [here, there] = [opened(memory), opened(memory)];
    for (let count = 0; count < 5000; count += 1) {
      here.push(Item.ordered(count));
      here.push(Item.ordered(count));
      there.enter();
      expect(there.peek("size")).toBe(count + 2);
      there.take();
      here.enter();
    }
    expect(drain(here)).toHaveLength(5000);
  });

  test("is left by one that closes it as it was, or empty with nothing left to do but what was taken", () => {
    const store = opened(newStoreMemory(order));
    for (const value of [1, 2, 3]) store.push(Item.ordered(value));
    store.take();
    store.close("draining");
    expect([store.closing, store.size, store.unfinished]).toEqual(["draining", 2, 3]);
    store.close("closed");
    expect([store.closing, store.size, store.unfinished]).toEqual(["closed", 0, 1]);
    store.close("draining");
    expect(store.peekClosing()).toBe("closed");
  });
});

/** Something done to a store, and to its model. */
interface Step {
  readonly store: (store: QueueStore) => void;
  readonly model: (model: Model) => Model;
  /** What it is halfway through, if it makes two changes. */
  readonly halfway?: (model: Model) => Model;
}

function stepFor(order: QueueOrder, roll: Dice, model: Model): Step {
  const value = valueFor(order, roll, 2500);
  const item = order === "priority" ? Item.ordered(value) : Item.of(value);
  const push: Step = { store: (store) => store.push(item), model: (from) => from.push(value) };
  const take: Step = { store: (store) => void store.take(), model: (from) => from.take() };
  const done: Step = { store: (store) => store.taskDone(), model: (from) => from.taskDone() };
  const clear: Step = { store: (store) => store.close("closed"), model: (from) => from.clear() };
  const back: Step = {
    store: (store) => {
      const taken = store.take();
      if (taken !== undefined) store.restore(taken);
    },
    model: (from) => from,
    // What was taken and was to go back is lost with its thread.
    halfway: (from) => from.take(),
  };
  if (model.puts > 50) return clear;
  return [push, push, push, take, take, model.unfinished > 0 ? done : push, back][roll(7)]!;
}

/** Runs the step in a thread that dies before its store number `stores`. */
function dies(memory: StoreMemory, step: Step, stores: number): boolean {
  const dying = openDying(memory, { left: stores });
  dying.enter();
  try {
    step.store(dying);
    return false;
  } catch (error) {
    if (error instanceof Death) return true;
    throw error;
  }
}

describe.each(ORDERS)("a thread that dies at any store (%s)", (order) => {
  test("has done the whole of what it did, or nothing", () => {
    const counts = { deaths: 0, nothing: 0, whole: 0 };
    for (let seed = 1; seed <= 12; seed += 1) {
      const roll = dice(seed * 7919);
      const memory = newStoreMemory(order);
      const live = opened(memory);
      let model = new Model(order);
      for (let count = 0; count < 60; count += 1) {
        const step = stepFor(order, roll, model);
        const [before, after] = [model.seen, step.model(model).seen];
        const possible = [before, after, step.halfway?.(model).seen ?? after];
        for (let stores = 0, died = true; died; stores += 1) {
          const copy = copyOfMemory(memory);
          died = dies(copy, step, stores);
          const survivor = opened(copy);
          const found = seenIn(survivor);
          if (died) expect(possible).toContainEqual(found);
          else expect(found).toEqual(after);
          expect(survivor.units).toBe(0);
          survivor.push(Item.ordered([3]));
          expect(drain(survivor)).toEqual([[3]]);
          if (died) counts.deaths += 1;
          if (found.size === before.size) counts.nothing += 1;
          else counts.whole += 1;
        }
        step.store(live);
        model = step.model(model);
        expect(live.size).toBe(model.entries.length);
      }
    }
    // Each happens, and often.
    expect(counts.deaths).toBeGreaterThan(5000);
    expect(counts.nothing).toBeGreaterThan(5000);
    expect(counts.whole).toBeGreaterThan(300);
  });
});

describe("the order of priorities", () => {
  function order(values: readonly unknown[]): unknown[] {
    const store = opened(newStoreMemory("priority"));
    for (const value of values) store.push(Item.ordered(value));
    return drain(store);
  }

  test.each([
    [
      "numbers and bigints by value",
      [3, 2n ** 70n, -1.5, 2n, Number.NEGATIVE_INFINITY, -(2n ** 70n)],
      [Number.NEGATIVE_INFINITY, -(2n ** 70n), -1.5, 2n, 3, 2n ** 70n],
    ],
    ["strings by code point", ["b", "a", "", "ａ", "😀", "ab"], ["", "a", "ab", "b", "ａ", "😀"]],
    [
      "arrays element by element",
      [[1, "b"], [1, "a"], [0, "z"], [1], [1, "a", 0]],
      [[0, "z"], [1], [1, "a"], [1, "a", 0], [1, "b"]],
    ],
    ["booleans as numbers", [2, true, false, 0.5], [false, 0.5, true, 2]],
    [
      "nulls in arrays as equal",
      [
        [null, 2],
        [null, 1],
      ],
      [
        [null, 1],
        [null, 2],
      ],
    ],
    ["dates by time", [new Date(2), new Date(1)], [new Date(1), new Date(2)]],
    [
      "what has no order, behind what has",
      [
        [2, { b: 1 }],
        [1, { a: 1 }],
      ],
      [
        [1, { a: 1 }],
        [2, { b: 1 }],
      ],
    ],
  ])("puts %s", (_what, values, sorted) => {
    expect(order(values)).toEqual(sorted);
  });

  test("keeps that of arrival among equals", () => {
    expect(order([1, 1n, true])).toEqual([1, 1n, true]);
  });

  test.each([
    ["a number and a string", 1, "a"],
    ["an array and a number", [1], 1],
    ["objects behind equal priorities", [1, {}], [1, {}]],
    ["two nulls", null, null],
    ["objects", {}, {}],
  ])("refuses %s, and is left as it was", (_what, first, second) => {
    const store = opened(newStoreMemory("priority"));
    store.push(Item.ordered(first));
    expect(() => store.push(Item.ordered(second))).toThrow(UnorderableError);
    expect([store.size, store.unfinished]).toEqual([1, 1]);
    expect(drain(store)).toEqual([first]);
  });

  /** An array of 2 ** depth ends, in `depth` arrays. */
  function doubled(depth: number): unknown[] {
    let value: unknown[] = [];
    for (let level = 0; level < depth; level += 1) value = [value, value];
    return value;
  }

  test("looks at no more of an array that stands in itself many times than of any other", () => {
    expect(Item.ordered(doubled(22)).key?.length).toBeLessThan(2 ** 21);
    const first: unknown[] = [1, doubled(60)];
    const second: unknown[] = [2];
    second.push(second, second);
    expect(order([second, first]).map((item) => (item as unknown[])[0])).toEqual([1, 2]);
    const store = opened(newStoreMemory("priority"));
    store.push(Item.ordered(first));
    expect(() => store.push(Item.ordered([1, doubled(60)]))).toThrow(UnorderableError);
    // Those that are shorter are gone through to the end, as ever.
    expect(
      order([
        [doubled(4), 2],
        [doubled(4), 1],
      ]).map((item) => (item as unknown[])[1]),
    ).toEqual([1, 2]);
  });

  test("refuses NaN wherever it stands", () => {
    expect(() => Item.ordered(Number.NaN)).toThrow(UnorderableError);
    expect(() => Item.ordered([1, [Number.NaN]])).toThrow(UnorderableError);
  });
});
