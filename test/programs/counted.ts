/** `counted.js WHAT KIND`: does work, and prints as JSON what it took: messages, promises or bytes. */
import type { Executor } from "manyhands";
import { bump, square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { stopClock } from "#tasks/still.js";
import { candidate } from "../conformance/executors.js";
import { Gate } from "../conformance/support.js";
import { bytesOf, crossingsOf, promisesOf } from "../counting.js";

const [, , what = "", kind, path = ""] = process.argv;
const { make } = candidate(kind);

const ROUNDS = [1, 2, 3];

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function submitAll(pool: Executor, count: number): Promise<number[]> {
  const futures: PromiseLike<number>[] = [];
  for (let n = 0; n < count; n += 1) futures.push(pool.submit(square, n));
  return Promise.all(futures);
}

/** What `Promise.all` itself takes, when what it is given are no promises. */
function allOfThenables(count: number): Promise<number[]> {
  const thenables: PromiseLike<number>[] = [];
  for (let n = 0; n < count; n += 1) {
    // biome-ignore lint/suspicious/noThenProperty: it stands for a future
    thenables.push({ then: (fulfilled: never) => setImmediate(fulfilled, n) as never });
  }
  return Promise.all(thenables);
}

/** Nobody waits but through callbacks, and one promise of ours. */
function callBackAll(pool: Executor, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const ended = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (let n = 0; n < count; n += 1) pool.submit(square, n).addDoneCallback(ended);
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function inRounds<T>(run: () => Promise<T>): Promise<readonly T[]> {
  const counts: T[] = [];
  for (const _round of ROUNDS) counts.push(await run());
  return counts;
}

const COUNTS: Readonly<Record<string, () => Promise<unknown>>> = {
  /** With clocks that go, as for everybody. */
  async messages() {
    const pool = make({ maxWorkers: 2 });
    await submitAll(pool, 2000);
    const submit = await inRounds(() => crossingsOf(() => submitAll(pool, 20_000)));
    const map = await inRounds(() => crossingsOf(() => pool.map(square, numbers(20_000))));
    await pool.shutdown();
    return { submit, map };
  },
  /** With clocks that stand still, here and there. */
  async batches() {
    stopClock();
    const pool = make({ maxWorkers: 1, initializer: stopClock });
    await submitAll(pool, 10);
    const idle = await crossingsOf(() => submitAll(pool, 1000));
    const gate = await Gate.at(path);
    const task = pool.submit(passGate, path, "here");
    await gate.arrived(1);
    let calls: Promise<number[]> | undefined;
    const busy = await crossingsOf(async () => {
      calls = submitAll(pool, 1000);
      await turn();
    });
    const after = await crossingsOf(async () => {
      gate.open();
      await Promise.all([task, calls]);
    });
    const map = await crossingsOf(() => pool.map(square, numbers(20_000)));
    const objects = await crossingsOf(() => Promise.all(numbers(1000).map((n) => pool.submit(bump, { value: n }))));
    await gate.close();
    await pool.shutdown();
    return { idle, busy, after, map, objects };
  },
  async promises() {
    const pool = make({ maxWorkers: 2 });
    await submitAll(pool, 1000);
    await pool.map(square, numbers(1000));
    const one = await promisesOf(turn);
    const thenables = await promisesOf(() => allOfThenables(1000));
    const awaited = await promisesOf(() => submitAll(pool, 1000));
    const calledBack = await promisesOf(() => callBackAll(pool, 1000));
    const mapped = await promisesOf(() => pool.map(square, numbers(1000)));
    await pool.shutdown();
    return { awaited: awaited - thenables, calledBack: calledBack - one, mapped: mapped - one };
  },
  /** Per call. */
  async bytes() {
    stopClock();
    const pool = make({ maxWorkers: 2, initializer: stopClock });
    const items = numbers(100_000);
    const perItem = (run: () => unknown): Promise<number> => bytesOf(run).then((bytes) => bytes / items.length);
    const runs = {
      awaited: () => submitAll(pool, items.length),
      calledBack: () => callBackAll(pool, items.length),
      mapped: () => pool.map(square, items),
    };
    const counts: Record<string, readonly number[]> = {};
    for (const [name, run] of Object.entries(runs)) {
      await run();
      counts[name] = await inRounds(() => perItem(run));
    }
    await pool.shutdown();
    return counts;
  },
};

const count = COUNTS[what];
if (count === undefined) throw new RangeError(`nothing is counted that is called ${what}`);
console.log(JSON.stringify(await count()));
