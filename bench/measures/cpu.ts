/** How many times faster than one thread work gets that only computes. */
import { timed } from "../calls.js";
import type { Figures, Measure, Scale } from "../measure.js";
import { abandon, participantsOf, type Round, WORKERS } from "../participants.js";
import { channels } from "../peers/limit.js";
import { pythonParticipants } from "../python.js";
import { isPrime } from "../tasks/is-prime.js";

const PRIME = 112_272_535_095_293;
const CALLS = { full: 20, quick: 4 } as const;
/** As many as one thread makes before, and again after. */
const ALONE = { full: 3, quick: 2 } as const;
/** CPython, which is compared with itself, has a smaller one: a call takes it some 0.1 s. */
const PYTHON = { prime: 1_000_000_000_039, calls: 10 } as const;

/** How often the work is done in a round; the best time counts. Virtual machines may pack busy threads onto one core for a
 *  second before they spread them, whoever started them: then a round of anybody, the raw limit included, shows a speed-up
 *  of 1, and the order of the subjects is luck. Nothing makes a subject faster than it is. */
const TIMES = { full: 2, quick: 2 } as const;

/** One thread works before and after, so that a change of the machine's pace falls on both. */
async function speedUp(scale: Scale, together: () => Promise<readonly unknown[]>): Promise<Figures> {
  const calls = CALLS[scale];
  const alone = (): void => {
    for (let i = 0; i < ALONE[scale]; i++) if (!isPrime(PRIME)) throw new Error("A prime is not prime");
  };
  const before = await timed(async () => alone());
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < TIMES[scale]; time++) {
    let results: readonly unknown[] = [];
    const taken = await timed(async () => {
      results = await together();
    });
    if (results.length !== calls || results.some((result) => result !== true)) throw new Error("A prime is not prime");
    best = Math.min(best, taken);
  }
  const after = await timed(async () => alone());
  return { "": (((before + after) / (2 * ALONE[scale])) * calls) / best };
}

async function run({ open, scale }: Round): Promise<Figures> {
  const subject = await open();
  await Promise.all(Array.from({ length: 10 * WORKERS }, () => subject.call(1009)));
  const calls = CALLS[scale];
  const figures = await speedUp(scale, () => Promise.all(Array.from({ length: calls }, () => subject.call(PRIME))));
  abandon(subject);
  return figures;
}

/** The calls dealt out beforehand, one message to each worker. */
const limit = (kind: "threads" | "processes"): Measure["participants"][number] => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const workers = channels(kind, "isPrime", WORKERS);
    const batch = (values: number[]): Promise<unknown[]>[] =>
      workers.map((worker, index) => {
        const answer = new Promise<unknown[]>((resolve) => worker.listen(resolve));
        worker.post(values.filter((_, i) => i % WORKERS === index));
        return answer;
      });
    await Promise.all(batch(new Array(10 * WORKERS).fill(1009)));
    const primes = new Array<number>(CALLS[scale]).fill(PRIME);
    const figures = await speedUp(scale, async () => (await Promise.all(batch(primes))).flat());
    for (const worker of workers) void worker.end();
    return figures;
  },
});

export const cpu: Measure = {
  name: "cpu",
  title: `isPrime(${PRIME}) × 20, times faster than one thread of the same process; the best of two`,
  figures: [{ name: "", unit: "×", better: "higher" }],
  quickPeers: ["piscina tuned", "tinypool"],
  participants: [
    ...participantsOf("isPrime", run, { except: ["limit"] }),
    limit("threads"),
    limit("processes"),
    ...pythonParticipants("cpu.py", (scale) => ({ ...PYTHON, times: TIMES[scale] })),
  ],
};
