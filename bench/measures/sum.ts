/** How fast all threads together add up one large array that they share. */
import type { Figures, Measure, Scale } from "../measure.js";
import { abandon, participantsOf, type Round, WORKERS } from "../participants.js";
import { rawThread } from "../peers/raw.js";
import type { Part } from "../tasks/sum-part.js";

const LENGTH = { full: 100_000_000, quick: 20_000_000 } as const;
const PASSES = 3;

/** @returns GB/s. */
async function measure(scale: Scale, call: (part: Part, worker: number) => PromiseLike<unknown>): Promise<Figures> {
  const length = LENGTH[scale];
  const array = new Float64Array(new SharedArrayBuffer(8 * length)).fill(0.5);
  const pass = async (): Promise<void> => {
    const parts = Array.from({ length: WORKERS }, (_, i) => ({
      array,
      from: Math.floor((i * length) / WORKERS),
      to: Math.floor(((i + 1) * length) / WORKERS),
    }));
    const sums = (await Promise.all(parts.map(call))) as number[];
    const sum = sums.reduce((a, b) => a + b);
    if (sum !== length / 2) throw new Error(`The sum is not ${sum}`);
  };
  // Two to compile the loop and to start what starts late.
  await pass();
  await pass();
  const begun = performance.now();
  for (let i = 0; i < PASSES; i++) await pass();
  return { "": (PASSES * 8 * length) / (performance.now() - begun) / 1e6 };
}

async function run({ open, scale }: Round): Promise<Figures> {
  const subject = await open();
  const figures = await measure(scale, (part) => subject.call(part));
  abandon(subject);
  return figures;
}

export const sum: Measure = {
  name: "sum",
  title: "10⁸ doubles in shared memory added up by all threads, plain loop",
  figures: [{ name: "", unit: "GB/s", better: "higher" }],
  quickPeers: ["piscina"],
  participants: [
    // What is sent is tiny: one message differs little from another, so two peers stand for all.
    ...participantsOf("sumPart", run, { kinds: ["threads"], only: ["manyhands", "piscina", "poolifier"] }),
    {
      name: "limit",
      kind: "threads",
      run: (scale) => {
        const workers = Array.from({ length: WORKERS }, () => rawThread("sumPart"));
        return measure(scale, async (part, index) => workers[index]?.exchange(part));
      },
    },
  ],
};
