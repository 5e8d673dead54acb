/** How many small calls a second go there and back, each with a future of its own. */
import { runWindow, warmUp } from "../calls.js";
import type { Figures, Measure } from "../measure.js";
import { abandon, participantsOf, type Round, WORKERS } from "../participants.js";
import { pythonParticipants } from "../python.js";
import type { Subject } from "../subject.js";

/** `coldFor` and `warmFor` are in ms: at least one window, and no further one after that time, so that the slow do not
 *  take the time of all. The figures are rates. */
const SCALES = {
  full: { calls: 100_000, window: 20_000, coldFor: 700, warmFor: 700 },
  quick: { calls: 20_000, window: 20_000, coldFor: 300, warmFor: 150 },
} as const;

const PYTHON_WINDOW = 5000;

async function callsPerSecond(subject: Subject, calls: number, window: number, ms: number): Promise<number> {
  const begun = performance.now();
  let done = 0;
  while (done < calls && performance.now() - begun < ms) {
    await runWindow(subject, done, window);
    done += window;
  }
  return (done * 1000) / (performance.now() - begun);
}

async function run({ open, scale }: Round): Promise<Figures> {
  const { calls, window, coldFor, warmFor } = SCALES[scale];
  const subject = await open();
  await warmUp(subject, WORKERS);
  const cold = await callsPerSecond(subject, calls, window, coldFor);
  const warm = await callsPerSecond(subject, Number.POSITIVE_INFINITY, window, warmFor);
  abandon(subject);
  return { cold, warm };
}

export const submit: Measure = {
  name: "submit",
  title: "100 000 × square(n), each call with its own future, 20 000 pending at a time",
  figures: [
    { name: "cold", unit: "calls/s", better: "higher" },
    { name: "warm", unit: "calls/s", better: "higher" },
  ],
  quickPeers: ["multithreading", "poolifier", "p-limit"],
  participants: [
    ...participantsOf("square", run, { kinds: ["threads", "processes", "event-loop"] }),
    // Smaller windows: one of 20 000 takes the slowest two seconds.
    ...pythonParticipants("submit.py", (scale) => ({ ...SCALES[scale], window: PYTHON_WINDOW })),
  ],
};
