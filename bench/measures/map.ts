/** How fast a function goes over many items: streamed from a generator in constant memory, and over an array. */
import { check, runWindow, warmUp } from "../calls.js";
import type { Figures, Measure, Participant } from "../measure.js";
import { abandon, participantsOf, type Round, WORKERS } from "../participants.js";
import { channels } from "../peers/limit.js";
import { pythonParticipants } from "../python.js";
import type { Kind, Subject } from "../subject.js";
import { square } from "../tasks/square.js";

/** The stream ends after so many items, or after `ms`; maps of arrays go on for `arraysFor` ms. */
const SCALES = {
  full: { items: 10_000_000, ms: 1000, array: 100_000, arraysFor: 500 },
  quick: { items: 200_000, ms: 200, array: 20_000, arraysFor: 50 },
} as const;
const WINDOW = 20_000;
/** They have no map, are slower than others that have none, and their single calls are measured in submit. */
const CALLS_ONLY = ["piscina", "tinypool", "workerpool", "jest-worker"];
const CHUNK = 1000;
/** Messages ahead of each hand-written worker. */
const AHEAD = 2;

function* numbers(items: number, ms: number): Generator<number> {
  const end = performance.now() + ms;
  for (let n = 0; n < items; n++) {
    if (n % CHUNK === 0 && performance.now() > end) return;
    yield n;
  }
}

/** A subject without a stream of its own gets windows of single calls. */
async function* windows(subject: Subject, items: Iterable<unknown>): AsyncGenerator<unknown> {
  let calls: PromiseLike<unknown>[] = [];
  for (const item of items) {
    calls.push(subject.call(item));
    if (calls.length < WINDOW) continue;
    yield* await Promise.all(calls);
    calls = [];
  }
  yield* await Promise.all(calls);
}

async function consume(results: AsyncIterable<unknown>): Promise<Figures> {
  const before = process.memoryUsage.rss();
  const begun = performance.now();
  let peak = before;
  let count = 0;
  for await (const result of results) {
    if (result !== count * count) throw new Error(`square(${count}) is not ${result}`);
    count += 1;
    if (count % 50_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  peak = Math.max(peak, process.memoryUsage.rss());
  return { streamed: (count * 1000) / (performance.now() - begun), memory: (peak - before) / 2 ** 20 };
}

async function run({ open, scale, entry, round }: Round): Promise<Figures> {
  const { array, arraysFor, items, ms } = SCALES[scale];
  const subject = await open();
  await warmUp(subject, WORKERS);
  // Once the whole length, however long it takes: memory that grows with it would show.
  const whole = scale === "full" && entry.name === "manyhands" && entry.kind === "threads" && round === 1;
  const source = numbers(items, whole ? 45_000 : ms);
  const stream = await consume(subject.stream?.(source) ?? windows(subject, source));
  const rate = await overArrays(subject, array, arraysFor);
  abandon(subject);
  return { ...stream, array: rate };
}

/** A subject without a map of its own gets windows of single calls here, too. */
async function overArrays(subject: Subject, length: number, ms: number): Promise<number> {
  const size = subject.map === undefined ? WINDOW : length;
  const values = Array.from({ length: size }, (_, n) => n);
  const collect = async (): Promise<void> => {
    if (subject.map === undefined) await runWindow(subject, 0, size);
    else check(await subject.map(values), 0, size);
  };
  await collect();
  const begun = performance.now();
  let items = 0;
  do {
    await collect();
    items += size;
  } while (performance.now() - begun < ms);
  return (items * 1000) / (performance.now() - begun);
}

type Stream = (items: Iterable<number>) => AsyncIterable<unknown>;

/** Chunks dealt out in turn, and taken in turn, to workers that are up. */
async function openChunked(kind: "threads" | "processes"): Promise<Stream> {
  const queues = channels(kind, "square", WORKERS).map((worker) => {
    const waiting: ((results: unknown[]) => void)[] = [];
    worker.listen((results) => waiting.shift()?.(results));
    return (chunk: unknown[]): Promise<unknown[]> => {
      worker.post(chunk);
      return new Promise((resolve) => waiting.push(resolve));
    };
  });
  await Promise.all(queues.map((send) => send([1])));
  return async function* stream(items) {
    const answers: Promise<unknown[]>[] = [];
    let turn = 0;
    let chunk: unknown[] = [];
    const send = (): void => {
      const answer = queues[turn++ % queues.length]?.(chunk);
      if (answer !== undefined) answers.push(answer);
      chunk = [];
    };
    for (const item of items) {
      chunk.push(item);
      if (chunk.length < CHUNK) continue;
      send();
      if (answers.length > AHEAD * queues.length) yield* (await answers.shift()) ?? [];
    }
    send();
    for (const answer of answers) yield* await answer;
  };
}

async function* onTheLoop(items: Iterable<number>): AsyncGenerator<number> {
  for (const item of items) yield await square(item);
}

const limit = (kind: Kind): Participant => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const { arraysFor, items, ms } = SCALES[scale];
    const over = kind === "event-loop" ? onTheLoop : await openChunked(kind);
    const stream = await consume(over(numbers(items, ms)));
    // The same stream again: there is nothing faster by hand that still looks at one result after the other.
    const { streamed = 0 } = await consume(over(numbers(items, arraysFor)));
    return { ...stream, array: streamed };
  },
});

export const map: Measure = {
  name: "map",
  title: "square over up to 10 M items of a generator, one result at a time, and over an array of 100 000",
  figures: [
    { name: "streamed", unit: "items/s", better: "higher" },
    { name: "memory", unit: "MiB", better: "lower" },
    { name: "array", unit: "items/s", better: "higher" },
  ],
  quickPeers: ["multithreading", "poolifier", "p-limit"],
  participants: [
    ...participantsOf("square", run, {
      kinds: ["threads", "processes", "event-loop"],
      except: ["limit", ...CALLS_ONLY],
    }),
    limit("threads"),
    limit("processes"),
    limit("event-loop"),
    ...pythonParticipants("stream.py", (scale) => ({ items: SCALES[scale].items, ms: SCALES[scale].ms })),
  ],
};
