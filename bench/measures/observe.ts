/** What it costs to be listened to: submits as in `submit`, with nobody, a listener, sums for a dashboard, a trace. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWindow, warmUp } from "../calls.js";
import type { Figures, Measure } from "../measure.js";
import { abandon, participantsOf, type Round, WORKERS } from "../participants.js";
import type { Subject } from "../subject.js";

const WINDOW = 20_000;
/** ms for each figure. */
const FOR = { full: 700, quick: 150 } as const;

async function callsPerSecond(subject: Subject, ms: number): Promise<number> {
  const begun = performance.now();
  let done = 0;
  for (; done === 0 || performance.now() - begun < ms; done += WINDOW) await runWindow(subject, done, WINDOW);
  return (done * 1000) / (performance.now() - begun);
}

async function run({ open, scale }: Round): Promise<Figures> {
  const { aggregate, subscribe, traceTo } = await import("manyhands/observe");
  const subject = await open();
  await warmUp(subject, WORKERS);
  const rate = (): Promise<number> => callsPerSecond(subject, FOR[scale]);
  await rate();
  const nobody = await rate();
  let heard = 0;
  const listening = subscribe({
    task: () => {
      heard += 1;
    },
  });
  const listener = await rate();
  listening[Symbol.dispose]();
  if (heard === 0) throw new Error("nothing was told");
  const sums = aggregate();
  const summed = await rate();
  sums[Symbol.dispose]();
  const folder = mkdtempSync(join(tmpdir(), "manyhands-bench-"));
  const trace = traceTo(join(folder, "trace.json"));
  const traced = await rate();
  await trace.end();
  rmSync(folder, { recursive: true });
  abandon(subject);
  return { nobody, listener, aggregate: summed, trace: traced };
}

export const observe: Measure = {
  name: "observe",
  title: "square(n), warm, each call with its own future, 20 000 pending at a time; who listens",
  figures: ["nobody", "listener", "aggregate", "trace"].map((name) => ({ name, unit: "calls/s", better: "higher" })),
  quickPeers: [],
  participants: participantsOf("square", run, {
    kinds: ["threads", "processes", "event-loop"],
    only: ["manyhands"],
  }),
};
