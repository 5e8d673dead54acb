/** How long one small call takes when nothing else is on its way. */
import type { Figures, Measure } from "../measure.js";
import { abandon, participantsOf, type Round } from "../participants.js";
import { type RawWorker, rawProcess, rawThread } from "../peers/raw.js";
import { pythonParticipants } from "../python.js";

const DURATION = { full: 400, quick: 150 } as const;
const WARM_UP = 500;

type Call = (n: number) => PromiseLike<unknown>;

async function percentiles(call: Call, ms: number): Promise<Figures> {
  for (let n = 0; n < WARM_UP; n++) await call(n);
  const times: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const begun = performance.now();
    const result = await call(3);
    times.push((performance.now() - begun) * 1000);
    if (result !== 9) throw new Error(`square(3) is not ${result}`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function run({ open, scale }: Round): Promise<Figures> {
  const subject = await open();
  const figures = await percentiles((n) => subject.call(n), DURATION[scale]);
  abandon(subject);
  return figures;
}

const limit = (kind: "threads" | "processes", start: () => RawWorker): Measure["participants"][number] => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const worker = start();
    const figures = await percentiles((n) => worker.exchange(n), DURATION[scale]);
    worker.end();
    return figures;
  },
});

export const latency: Measure = {
  name: "latency",
  title: "one square(n) awaited at a time",
  figures: [
    { name: "p50", unit: "µs", better: "lower" },
    { name: "p99", unit: "µs", better: "lower" },
  ],
  quickPeers: ["piscina", "poolifier"],
  participants: [
    ...participantsOf("square", run, { except: ["limit"] }),
    limit("threads", () => rawThread("square")),
    // JSON is the quicker of the two for a number.
    limit("processes", () => rawProcess("square", "json")),
    ...pythonParticipants("latency.py", (scale) => ({ ms: DURATION[scale] })),
  ],
};
