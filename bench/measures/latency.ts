/** How long one small call takes when nothing else is on its way. */
import type { Figures, Measure, Scale } from "../measure.js";
import { abandon, participantsOf, type Round } from "../participants.js";
import { type RawWorker, rawProcess, rawThread } from "../peers/raw.js";
import { pythonParticipants } from "../python.js";

const DURATION = { full: 400, quick: 150 } as const;
/** In ms. What is measured is steady load: the first hundreds of calls of a process are slow while V8 compiles what they
 *  run through, and would be all that the 99th percentile shows. */
const WARM_UP = { full: 300, quick: 100 } as const;

type Call = (n: number) => PromiseLike<unknown>;

async function percentiles(call: Call, scale: Scale): Promise<Figures> {
  const ms = DURATION[scale];
  for (const end = performance.now() + WARM_UP[scale]; performance.now() < end; ) await call(3);
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
  const figures = await percentiles((n) => subject.call(n), scale);
  abandon(subject);
  return figures;
}

const limit = (kind: "threads" | "processes", start: () => RawWorker): Measure["participants"][number] => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const worker = start();
    const figures = await percentiles((n) => worker.exchange(n), scale);
    worker.end();
    return figures;
  },
});

export const latency: Measure = {
  name: "latency",
  title: "one square(n) awaited at a time, after 0.3 s of such calls",
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
    ...pythonParticipants("latency.py", (scale) => ({ ms: DURATION[scale], warmUp: WARM_UP[scale] })),
  ],
};
