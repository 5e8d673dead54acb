/** How many small calls a second go there and back, each with a future of its own. */
import { availableParallelism } from "node:os";
import type { Figures, Measure, Scale } from "../measure.js";
import { SUBJECTS } from "../peers/all.js";
import type { Subject, SubjectEntry } from "../subject.js";

/** One window: all its calls are pending before the first is awaited. */
async function runWindow(subject: Subject, first: number, size: number): Promise<void> {
  const calls = new Array<PromiseLike<number>>(size);
  for (let i = 0; i < size; i++) calls[i] = subject.call(first + i);
  const results = await Promise.all(calls);
  // A subject that answers wrongly, or in another order, has no speed worth knowing.
  for (let i = 0; i < size; i++) {
    if (results[i] !== (first + i) ** 2) throw new Error(`square(${first + i}) is not ${results[i]}`);
  }
}

async function callsPerSecond(subject: Subject, { calls, window }: Scale): Promise<number> {
  const begun = performance.now();
  for (let done = 0; done < calls; done += window) await runWindow(subject, done, Math.min(window, calls - done));
  return (calls * 1000) / (performance.now() - begun);
}

async function run(entry: SubjectEntry, scale: Scale): Promise<Figures> {
  const workers = availableParallelism();
  const subject = await entry.open(workers);
  // Starting is another measure: all workers are there, and have answered, when the clock starts.
  await runWindow(subject, 0, 10 * workers);
  const cold = await callsPerSecond(subject, scale);
  const rates: number[] = [];
  for (const begun = performance.now(); rates.length === 0 || performance.now() - begun < scale.warmFor; ) {
    rates.push(await callsPerSecond(subject, scale));
  }
  // The mean of equal portions of work: their number over the sum of their times.
  const warm = rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0);
  // A pool whose end never comes is not waited for: the figures are there, and the process exits.
  void Promise.resolve(subject.close()).catch(() => undefined);
  return { cold, warm };
}

export const submit: Measure = {
  name: "submit",
  title: "100 000 × square(n), each call with its own future, 20 000 pending at a time",
  unit: "calls/s",
  better: "higher",
  full: { calls: 100_000, window: 20_000, warmFor: 2000 },
  quick: { calls: 20_000, window: 20_000, warmFor: 300 },
  figures: ["cold", "warm"],
  subjects: SUBJECTS,
  run,
};
