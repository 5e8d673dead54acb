/** How the cost of a call grows with what there is already: workers, calls, callbacks, signals, priorities.
 *
 *  Each curve gives µs for one item at several amounts; a toolkit that scales gives the same everywhere, but for what the
 *  machine itself asks for: so the same shape is measured of the raw limit, where it has one (`growth-floors`). Warmed up
 *  first, so that the smallest amount does not pay for the compiler. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Executor, Future } from "manyhands";
import type { Figures, Measure, Scale } from "../measure.js";
import { WORKERS } from "../participants.js";
import { openExecutor } from "../peers/manyhands.js";
import { LIMIT, OURS } from "../rows.js";
import type { Kind } from "../subject.js";
import { isPrime } from "../tasks/is-prime.js";
import { square } from "../tasks/square.js";
import { type Floor, floorOf } from "./growth-floors.js";

const WINDOW = 20_000;

/** Items of one repetition at least. */
const ITEMS = 10_000;

/** How long each point is measured at least, in ms, by as many repetitions as that takes. What is pending at once is garbage
 *  later: a few windows that fit the young generation are over before anything is collected, and would be measured
 *  without what they cost. One interrupted moment of the machine must not be the whole of a point either. */
const LONG_ENOUGH = 200;

/** Calls before the clock starts. */
const WARM_UP = 60_000;

interface Curve {
  /** What is on the axis. */
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly Kind[];
  readonly amounts: Readonly<Record<Scale, readonly number[]>>;
  /** Amounts of the first round only, which would take minutes in each. */
  readonly once?: Readonly<Partial<Record<Kind, readonly number[]>>>;
  /** Does the work for `amount` items, or for `items` calls where the amount counts something else.
   *  @returns how many items it did. */
  work(pool: Executor, amount: number, items: number): Promise<number>;
  /** The pool for this amount, where it decides. */
  workers?(amount: number): number;
  /** What of the raw limit has the same shape; none where nothing comparable is there to be had. */
  readonly floor?: Floor;
}

async function inWindows(pool: Executor, calls: number, window = WINDOW): Promise<number> {
  for (let done = 0; done < calls; done += window) {
    const size = Math.min(window, calls - done);
    await Promise.all(Array.from({ length: size }, (_, n) => pool.submit(square, n)));
  }
  return calls;
}

async function callbacks(pool: Executor, amount: number, items: number): Promise<number> {
  let called = 0;
  const count = (): void => void called++;
  const futures: Future<number>[] = [];
  for (let i = 0; i < items; i += amount) {
    const future = pool.submit(square, 3);
    for (let k = 0; k < amount; k++) future.addDoneCallback(count);
    futures.push(future);
  }
  await Promise.all(futures);
  const wanted = futures.length * amount;
  if (called !== wanted) throw new Error(`${called} callbacks were called instead of ${wanted}`);
  return called;
}

async function signals(pool: Executor, amount: number, items: number): Promise<number> {
  for (let i = 0; i < items; i += amount) {
    await inWindows(pool.with({ signal: new AbortController().signal }), amount);
  }
  return Math.max(items, amount);
}

async function aborts(pool: Executor, amount: number, items: number): Promise<number> {
  for (let i = 0; i < items; i += amount) {
    const controller = new AbortController();
    const cancellable = pool.with({ signal: controller.signal });
    const calls = Array.from({ length: amount }, (_, n) => cancellable.submit(square, n));
    controller.abort();
    const ends = await Promise.allSettled(calls);
    // Of more, stretches leave amid the turn, and may have run before the abort comes to them.
    if (amount < 256 && ends.some((end) => end.status === "fulfilled")) throw new Error("A call ran that was aborted");
  }
  return Math.max(items, amount);
}

async function priorities(pool: Executor, amount: number, items: number): Promise<number> {
  const pools = Array.from({ length: amount }, (_, priority) => pool.with({ priority }));
  const size = Math.max(items, amount);
  await Promise.all(Array.from({ length: size }, (_, n) => (pools[n % amount] ?? pool).submit(square, n)));
  return size;
}

const DECADES = [1, 10, 100, 1000, 10_000];
const EVERYWHERE: readonly Kind[] = ["threads", "processes", "event-loop"];

const CURVES: readonly Curve[] = [
  {
    name: "workers",
    title: "calls in windows of 20 000 with 1 to 16 workers",
    kinds: ["threads", "processes"],
    amounts: { full: [1, 2, 4, 8, 16], quick: [1, 2, 4] },
    workers: (amount) => amount,
    work: (pool, _amount, items) => inWindows(pool, Math.max(items, WINDOW)),
    floor: "workers",
  },
  {
    name: "tasks",
    title: "10³ to 10⁷ calls in windows of 1000",
    kinds: EVERYWHERE,
    amounts: { full: [1e3, 1e4, 1e5], quick: [1e3, 1e4] },
    once: { threads: [1e6, 1e7], processes: [1e6], "event-loop": [1e6] },
    // Windows that the smallest amount fills, too: only the number of calls grows, not what is pending.
    work: (pool, amount) => inWindows(pool, amount, 1000),
    floor: "tasks",
  },
  {
    name: "pending",
    title: "10³ to 10⁶ calls, all of them pending at once",
    kinds: EVERYWHERE,
    amounts: { full: [1e3, 1e4, 1e5], quick: [1e3, 1e4] },
    once: { threads: [1e6], processes: [1e6], "event-loop": [1e6] },
    work: (pool, amount) => inWindows(pool, amount, amount),
    floor: "pending",
  },
  {
    name: "callbacks",
    title: "1 to 10 000 callbacks waiting for one future",
    kinds: ["threads"],
    amounts: { full: DECADES, quick: [1, 100, 10_000] },
    work: callbacks,
    floor: "callbacks",
  },
  {
    name: "signals",
    title: "1 to 10 000 pending calls under one AbortSignal",
    kinds: ["threads"],
    amounts: { full: DECADES, quick: [10, 1000] },
    work: signals,
  },
  {
    name: "aborts",
    title: "1 to 10 000 pending calls aborted by one AbortSignal",
    kinds: ["threads"],
    amounts: { full: DECADES, quick: [10, 1000] },
    work: aborts,
  },
  {
    name: "priorities",
    title: "1, 10 and 1000 priorities among the pending calls",
    kinds: EVERYWHERE,
    amounts: { full: [1, 10, 100, 1000], quick: [1, 1000] },
    work: priorities,
  },
];

/** About 50 ms of work. */
const PRIME = 112_272_535_095_293;

/** All workers are up: while some work for long, the others are needed, and so they start. What boots in the background would
 *  be measured otherwise. */
async function allUp(pool: Executor, workers: number): Promise<void> {
  await Promise.all(Array.from({ length: 2 * workers }, () => pool.submit(isPrime, PRIME)));
  for (let tries = 0; pool.stats().workers < workers && tries < 1000; tries++) await sleep(10);
  if (pool.stats().workers < workers)
    throw new Error(`Only ${pool.stats().workers} of ${workers} workers have started`);
}

/** µs for one item of `work`, which says how many it did. */
async function timed(work: () => Promise<number>): Promise<number> {
  let done = 0;
  let took = 0;
  const begun = performance.now();
  while (done < ITEMS || took < LONG_ENOUGH) {
    done += await work();
    took = performance.now() - begun;
  }
  return (took * 1000) / done;
}

async function costAt(curve: Curve, kind: Kind, amount: number): Promise<number> {
  const workers = curve.workers?.(amount) ?? WORKERS;
  const pool = await openExecutor(kind, workers);
  if (kind !== "event-loop") await allUp(pool, workers);
  // All code is compiled before the clock starts, in every worker that takes part.
  await inWindows(pool, WARM_UP);
  await curve.work(pool, Math.min(amount, ITEMS), ITEMS / 4);
  const cost = await timed(() => curve.work(pool, amount, ITEMS));
  await pool.shutdown();
  return cost;
}

async function floorAt(floor: Floor, kind: Kind, amount: number): Promise<number> {
  const bare = await floorOf(floor, kind, amount, WINDOW);
  await bare.warmUp(WARM_UP);
  const cost = await timed(() => bare.work(ITEMS));
  await bare.close();
  return cost;
}

async function run(curve: Curve, scale: Scale, round: number, kind: Kind, cost: Cost): Promise<Figures> {
  const figures: Record<string, number> = {};
  const once = scale === "full" && round === 1 ? curve.once?.[kind] : undefined;
  for (const amount of [...curve.amounts[scale], ...(once ?? [])]) figures[amount] = await cost(kind, amount);
  return figures;
}

function amountsOf({ amounts: { full, quick }, once = {} }: Curve): number[] {
  return [...new Set([...quick, ...full, ...Object.values(once).flat()])].sort((a, b) => a - b);
}

type Cost = (kind: Kind, amount: number) => Promise<number>;

function participantsOf(curve: Curve): Measure["participants"] {
  const { floor } = curve;
  const ours: Cost = (kind, amount) => costAt(curve, kind, amount);
  const bare: Cost | undefined = floor && ((kind, amount) => floorAt(floor, kind, amount));
  const costs: readonly (readonly [string, Cost])[] = bare
    ? [
        [OURS, ours],
        [LIMIT, bare],
      ]
    : [[OURS, ours]];
  return curve.kinds.flatMap((kind) =>
    costs.map(([name, cost]) => ({ name, kind, run: (scale, round) => run(curve, scale, round, kind, cost) })),
  );
}

const growth = (curve: Curve): Measure => ({
  name: `growth ${curve.name}`,
  title: curve.title,
  figures: amountsOf(curve).map((amount) => ({ name: String(amount), unit: "µs", better: "lower" })),
  quickPeers: [],
  quickKinds: ["threads"],
  participants: participantsOf(curve),
});

export const growths: readonly Measure[] = CURVES.map(growth);
