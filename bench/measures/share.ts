/** How many locks, queue items and messages of a pipe a second two workers share. */
import type { Executor } from "manyhands";
import type { Figures, Measure, Participant, Scale } from "../measure.js";
import { openExecutor } from "../peers/manyhands.js";
import { pythonProgram } from "../python.js";

const COUNTS = {
  full: { alone: 300_000, contended: 100_000, items: 100_000, messages: 20_000 },
  quick: { alone: 50_000, contended: 10_000, items: 10_000, messages: 2000 },
} as const;
type Counts = (typeof COUNTS)[Scale];

/** In bytes. */
const MESSAGE = 64;
const BOUND = 1000;

/** @returns how many a second. */
async function rate(count: number, work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return (count * 1000) / (performance.now() - begun);
}

function same(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${got} came out instead of ${wanted}`);
}

async function locks(pool: Executor, { alone, contended }: Counts): Promise<Figures> {
  const [{ Lock }, { addUnderLock }] = await Promise.all([
    import("manyhands/threading"),
    import("../tasks/sharing.js"),
  ]);
  const lock = new Lock();
  const once = (): void => lock.tryAcquire()?.release();
  for (let warm = 0; warm < 20_000; warm += 1) once();
  const byItself = await rate(alone, () => {
    for (let time = 0; time < alone; time += 1) once();
  });
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const both = (times: number): Promise<unknown> =>
    Promise.all([1, 2].map(() => pool.submit(addUnderLock, lock, cell, times)));
  await both(5000);
  const together = await rate(2 * contended, () => both(contended));
  same(cell[0] ?? 0, 2 * (contended + 5000));
  return { "lock, alone": byItself, "lock, two threads": together };
}

/** From one worker to another. */
async function items(pool: Executor, count: number, size: number, way: "parked" | "awaited"): Promise<number> {
  const [{ Queue }, tasks] = await Promise.all([import("manyhands/queue"), import("../tasks/sharing.js")]);
  const queue = new Queue<number>(size);
  const [put, take] = way === "parked" ? [tasks.putParked, tasks.takeParked] : [tasks.putAwaited, tasks.takeAwaited];
  const through = async (many: number): Promise<void> => {
    const [, sum] = await Promise.all([pool.submit(put, queue, many), pool.submit(take, queue, many)]);
    same(sum, (many * (many - 1)) / 2);
  };
  await through(count / 10);
  return rate(count, () => through(count));
}

async function messages(pool: Executor, count: number): Promise<number> {
  const [{ Pipe }, tasks] = await Promise.all([import("manyhands/multiprocessing"), import("../tasks/sharing.js")]);
  const through = async (many: number): Promise<void> => {
    const [here, there] = Pipe();
    const [, bytes] = await Promise.all([
      pool.submit(tasks.sendAwaited, here, many, MESSAGE),
      pool.submit(tasks.receiveAwaited, there, many),
    ]);
    same(bytes, many * MESSAGE);
    for (const end of [here, there]) end.close();
  };
  await through(count / 10);
  return rate(count, () => through(count));
}

const ours: readonly Participant[] = [
  {
    name: "manyhands",
    kind: "threads",
    run: async (scale) => {
      const counts = COUNTS[scale];
      const pool = await openExecutor("threads", 2);
      return {
        ...(await locks(pool, counts)),
        queue: await items(pool, counts.items, 0, "awaited"),
        "queue, parked": await items(pool, counts.items, 0, "parked"),
        "queue of 1000": await items(pool, counts.items, BOUND, "awaited"),
        pipe: await messages(pool, counts.messages),
      };
    },
  },
  {
    name: "manyhands",
    kind: "processes",
    run: async (scale) => {
      const { items: most, messages: many } = COUNTS[scale];
      const pool = await openExecutor("processes", 2);
      // Each item is asked of the owner: a tenth says as much.
      return { queue: await items(pool, most / 10, 0, "awaited"), pipe: await messages(pool, many / 10) };
    },
  },
  {
    name: "manyhands",
    kind: "event-loop",
    run: async (scale) => {
      const { Lock } = await import("manyhands/threading");
      const lock = new Lock();
      return { "lock, alone": await awaited(COUNTS[scale].alone, async () => (await lock.acquire()).release()) };
    },
  },
];

async function awaited(count: number, once: () => Promise<void>): Promise<number> {
  for (let warm = 0; warm < 20_000; warm += 1) await once();
  return rate(count, async () => {
    for (let time = 0; time < count; time += 1) await once();
  });
}

const mutex: Participant = {
  name: "async-mutex",
  kind: "event-loop",
  package: "async-mutex",
  run: async (scale) => {
    const { Mutex } = await import("async-mutex");
    const lock = new Mutex();
    return { "lock, alone": await awaited(COUNTS[scale].alone, async () => (await lock.acquire())()) };
  },
};

const python = (["threads", "processes"] as const).map(
  (kind): Participant => ({
    name: kind === "threads" ? "CPython threading" : "CPython multiprocessing",
    kind,
    needs: "python3",
    run: (scale) => pythonProgram("share.py", { kind, bound: BOUND, size: MESSAGE, ...COUNTS[scale] }),
  }),
);

export const share: Measure = {
  name: "share",
  title: "locks, items of a queue and messages of 64 bytes that two workers share",
  figures: ["lock, alone", "lock, two threads", "queue", "queue, parked", "queue of 1000", "pipe"].map((name) => ({
    name,
    unit: "a second",
    better: "higher",
  })),
  quickPeers: ["CPython threading", "async-mutex"],
  quickKinds: ["threads", "event-loop"],
  participants: [...ours, mutex, ...python],
};
